/** Instants and durations as the API writes them. */
import type { TimeDelta } from '@headrace/api-contract';
import type { Instant, Milliseconds } from '@headrace/core';

const DAY_MS = 86_400_000;

export function dateTime(instant: Instant): string {
  return new Date(instant).toISOString();
}

export function dateTimeOrNull(instant: Instant | undefined): string | null {
  return instant === undefined ? null : dateTime(instant);
}

/** Seconds between two instants; null while one of them is missing. */
export function seconds(from: Instant | undefined, to: Instant | undefined): number | null {
  return from === undefined || to === undefined ? null : (to - from) / 1000;
}

/** A length of time in the form in which Airflow writes Python's. */
export function timeDelta(length: Milliseconds): TimeDelta {
  const rest = length % DAY_MS;
  return { __type: 'TimeDelta', days: Math.floor(length / DAY_MS), seconds: Math.floor(rest / 1000), microseconds: (rest % 1000) * 1000 };
}

/** The instant that an already validated date-time means. */
export function toInstant(text: string | null | undefined): Instant | undefined {
  return text === null || text === undefined ? undefined : Date.parse(text);
}
