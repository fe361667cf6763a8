/** Dates and zones, as people write them. */
import type { Instant } from '@headrace/core';
import { DagDefinitionError, shown } from '../definition-error.ts';

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

/** Throws HR_BAD_SCHEDULE unless `timezone` is an IANA zone that this machine knows. */
export function checkTimezone(where: string, timezone: unknown): asserts timezone is string {
  if (typeof timezone === 'string' && isTimezone(timezone)) return;
  throw new DagDefinitionError(
    'HR_BAD_SCHEDULE',
    `${where}: ${shown(timezone)} is not a time zone; use an IANA name such as 'Europe/Berlin'`,
  );
}

function isTimezone(timezone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: timezone });
    return true;
  } catch {
    return false;
  }
}
