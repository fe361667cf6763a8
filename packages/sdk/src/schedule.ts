/** When a DAG runs: schedules, and the dates between which they hold. */
import type { CatchupPolicy, Instant, ScheduleSpec } from '@headrace/core';
import { DagDefinitionError, shown } from './definition-error.ts';
import { type Duration, durationMs } from './duration.ts';

/** A schedule, made by `cron` or `manual`. */
export type Schedule = ScheduleSpec;

export interface CronOptions {
  /** IANA zone in which the expression is read. Default `UTC`. */
  readonly timezone?: string;
  /**
   * What part of time a run stands for. A duration: that long, ending at the fire time. `'cron'` (the default): from the previous fire time
   * to this one. `'trigger'`: nothing, the interval is empty and lies at the fire time (what Airflow 3 does with a cron string).
   */
  readonly interval?: Duration | 'cron' | 'trigger';
}

/** Macros that the schedule understands; anything else has five fields. */
const MACROS = new Set(['@hourly', '@daily', '@midnight', '@weekly', '@monthly', '@yearly', '@annually']);

/** Runs at the times of a cron expression of five fields, or a macro such as `@daily`. Throws HR_BAD_SCHEDULE, HR_BAD_DURATION. */
export function cron(expression: string, options: CronOptions = {}): Schedule {
  const text = typeof expression === 'string' ? expression.trim().replace(/\s+/g, ' ') : '';
  if (!MACROS.has(text) && text.split(' ').length !== 5) {
    throw new DagDefinitionError(
      'HR_BAD_SCHEDULE',
      `cron(${shown(expression)}): expected five fields (minute hour day-of-month month day-of-week) or one of ${[...MACROS].join(', ')}`,
    );
  }
  const timezone = options.timezone ?? 'UTC';
  if (!isTimezone(timezone)) {
    throw new DagDefinitionError(
      'HR_BAD_SCHEDULE',
      `cron(${shown(expression)}): ${shown(timezone)} is not a time zone; use an IANA name such as 'Europe/Berlin'`,
    );
  }
  return { kind: 'cron', expression: text, timezone, interval: intervalOf(options.interval ?? 'cron') };
}

/** Runs only when somebody triggers it. */
export function manual(): Schedule {
  return { kind: 'manual' };
}

function intervalOf(interval: Duration | 'cron' | 'trigger'): 'cron' | 'trigger' | { lengthMs: number } {
  if (interval === 'cron' || interval === 'trigger') return interval;
  const lengthMs = durationMs('cron interval', interval);
  if (lengthMs === 0)
    throw new DagDefinitionError('HR_BAD_DURATION', "cron interval: must be longer than nothing; for an empty interval write 'trigger'");
  return { lengthMs };
}

/** `'off'`: only the newest missed interval. `'all'`: every one since `start`. `window`: those that ended less than that ago. */
export type Catchup = 'off' | 'all' | { readonly window: Duration };

export function catchupPolicy(catchup: Catchup): CatchupPolicy {
  if (catchup === 'off' || catchup === 'all') return { kind: catchup };
  if (typeof catchup === 'object' && catchup !== null && 'window' in catchup)
    return { kind: 'window', windowMs: durationMs('catchup.window', catchup.window) };
  throw new DagDefinitionError('HR_BAD_OPTION', `catchup: ${shown(catchup)} is none of 'off', 'all', { window: '7 days' }`);
}

const DATE = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?)?(Z|[+-]\d{2}:\d{2})?$/;

/**
 * An ISO date or date and time as an instant. Without an offset it is local to `timezone`: a bare date is the day's first moment there.
 * Throws HR_BAD_DATE.
 */
export function dateInstant(what: string, date: unknown, timezone: string): Instant {
  if (date instanceof Date) {
    if (Number.isNaN(date.getTime())) throw new DagDefinitionError('HR_BAD_DATE', `${what}: an invalid Date`);
    return date.getTime();
  }
  const match = typeof date === 'string' ? DATE.exec(date) : null;
  if (match === null) throw badDate(what, date);
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '0', offset] = match;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.padEnd(3, '0')}`;
  const asUtc = Date.parse(`${iso}Z`);
  // A day that does not exist (February 30th) is moved to another by the parser.
  if (Number.isNaN(asUtc) || new Date(asUtc).toISOString() !== `${iso}Z`) throw badDate(what, date);
  return offset === undefined ? localInstant(asUtc, timezone) : Date.parse(`${iso}${offset}`);
}

function badDate(what: string, date: unknown): DagDefinitionError {
  return new DagDefinitionError(
    'HR_BAD_DATE',
    `${what}: ${shown(date)} is not a date; write for example '2017-01-01' or '2017-01-01T06:00Z'`,
  );
}

/** The instant at which a zone's clocks show `local` (given as if it were UTC). In a gap: the first moment after it; in an overlap: the first time. */
function localInstant(local: number, timezone: string): Instant {
  const dayBefore = local - offsetAt(local - 86_400_000, timezone);
  const dayAfter = local - offsetAt(local + 86_400_000, timezone);
  const candidates = [dayBefore, dayAfter].filter((instant) => instant + offsetAt(instant, timezone) === local);
  if (candidates.length > 0) return Math.min(...candidates);
  return firstAfterGap(Math.min(dayBefore, dayAfter), Math.max(dayBefore, dayAfter), timezone);
}

/** The moment between two instants at which the zone's offset changes. */
function firstAfterGap(from: number, to: number, timezone: string): Instant {
  const before = offsetAt(from, timezone);
  let [low, high] = [from, to];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle, timezone) === before) low = middle;
    else high = middle;
  }
  return high;
}

function offsetAt(instant: number, timezone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(instant);
  const part = (type: string): number => Number(parts.find((each) => each.type === type)?.value);
  const shownLocally = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return shownLocally - Math.floor(instant / 1000) * 1000;
}

function isTimezone(timezone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: timezone });
    return true;
  } catch {
    return false;
  }
}
