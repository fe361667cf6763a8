/** Instants and durations as the API writes them. */
import type { TimeDelta } from '@headrace/api-contract';
import type { Instant, Milliseconds } from '@headrace/core';

const DAY_MS = 86_400_000;

/** What a list writes is of a few days: the date of the last one is kept. */
let lastDay = Number.NaN;
let lastDate = '';
const DIGITS = Array.from({ length: 1000 }, (_, number) => String(number).padStart(3, '0'));
const PAIRS = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'));

/** As `toISOString` writes it, in a quarter of the time: an answer may have hundreds. Throws RangeError for what is no time. */
export function dateTime(instant: Instant): string {
  const day = Math.floor(instant / DAY_MS);
  if (day !== lastDay) {
    lastDate = new Date(instant).toISOString().split('T', 1)[0] as string;
    lastDay = day;
  }
  const ms = Math.trunc(instant) - day * DAY_MS;
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  return `${lastDate}T${PAIRS[Math.floor(minutes / 60)]}:${PAIRS[minutes % 60]}:${PAIRS[seconds % 60]}.${DIGITS[ms % 1000]}Z`;
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
