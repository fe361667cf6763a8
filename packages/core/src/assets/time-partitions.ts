/**
 * Partitions of time: hours, days, weeks … of a zone's own clock, each with a key.
 *
 * TP1. They tile time: each instant is in exactly one partition, which ends where the next begins. A day may have 23 or 25 hours.
 * TP2. A key names one partition. An hour that a clock shows twice is two partitions: the first has the plain key, the second has its
 *      offset added, `2026-10-25T02+01:00`, and sorts between its neighbours.
 * TP3. What a zone never had (the day that Samoa left out, the hour that spring leaves out) is no partition.
 * TP4. From days on, a partition begins when its zone's clock first reaches its first minute.
 */
import type { PartitionSpec, TimeUnit } from '../model/asset-spec.ts';
import type { Instant } from '../model/dag.ts';
import { civilDay, DAY, dayNumber, HOUR, MINUTE, weekday } from '../schedule/civil-time.ts';
import { getZone, type Zone } from '../schedule/zone.ts';

export type TimePartitions = Extract<PartitionSpec, { readonly kind: 'time' }>;

export interface TimePartition {
  readonly key: string;
  readonly start: Instant;
  /** Exclusive. */
  readonly end: Instant;
}

/** What a local clock shows, in milliseconds since it showed 1970-01-01 00:00: a time without a zone. */
type Wall = number;

/** No zone is farther from UTC. */
const FARTHEST_OFFSET = 16 * HOUR;
const FIRST_YEAR = 1;
const LAST_YEAR = 9_999;
const EARLIEST = dayNumber(FIRST_YEAR, 1, 2) * DAY;
const LATEST = dayNumber(LAST_YEAR, 12, 30) * DAY;

/** The partition that holds the instant. Undefined: it would begin before the first one. @throws InvalidZoneError */
export function partitionAt(spec: TimePartitions, instant: Instant): TimePartition | undefined {
  if (!(instant >= EARLIEST && instant <= LATEST)) return undefined;
  const zone = getZone(spec.timezone);
  const found = spec.every === 'hour' ? hourAt(zone, instant) : unitAt(zone, spec.every, instant);
  return spec.startAt !== undefined && found.start < spec.startAt ? undefined : found;
}

/** The partition of this key. Undefined: the key is no key, or there is no such partition. @throws InvalidZoneError */
export function partitionOfKey(spec: TimePartitions, key: string): TimePartition | undefined {
  for (const instant of instantsOfKey(spec, key)) {
    const found = partitionAt(spec, instant);
    if (found?.key === key) return found;
  }
  return undefined;
}

/** The partitions that begin in [from, until), oldest first, at most `limit`. @throws InvalidZoneError */
export function partitionsBetween(
  spec: TimePartitions,
  from: Instant,
  until: Instant,
  limit = Number.POSITIVE_INFINITY,
): readonly TimePartition[] {
  const found: TimePartition[] = [];
  let next = partitionFrom(spec, Math.max(from, spec.startAt ?? EARLIEST, EARLIEST));
  while (next !== undefined && next.start < until && found.length < limit) {
    found.push(next);
    next = partitionAt(spec, next.end);
  }
  return found;
}

/** The partition so many after this one, or before it when `by` is negative. Undefined: there is none. */
export function shiftPartition(spec: TimePartitions, from: TimePartition, by: number): TimePartition | undefined {
  let at: TimePartition | undefined = from;
  for (let left = Math.abs(by); left > 0 && at !== undefined; left--) at = partitionAt(spec, by > 0 ? at.end : at.start - 1);
  return at;
}

/** The first partition that begins at the instant or after it. */
function partitionFrom(spec: TimePartitions, instant: Instant): TimePartition | undefined {
  const { startAt: _, ...unbounded } = spec;
  const holder = partitionAt(unbounded, instant);
  return holder === undefined || holder.start === instant ? holder : partitionAt(unbounded, holder.end);
}

// Hours --------------------------------------------------------------------------------------------------------------

/** An hour of the clock, as far as the offset stays what it is. */
function hourAt(zone: Zone, instant: Instant): TimePartition {
  const offset = zone.offsetAt(instant);
  const hour = floorTo(instant + offset, HOUR);
  const start = Math.max(hour - offset, changeBefore(zone, instant, offset, hour - offset));
  const end = Math.min(hour + HOUR - offset, changeAfter(zone, instant, offset, hour + HOUR - offset));
  const isFirst = firstInstantOf(zone, hour) === start;
  return {
    key: `${dayKey(hour)}T${pad(Math.floor((hour - floorTo(hour, DAY)) / HOUR), 2)}${isFirst ? '' : offsetText(offset)}`,
    start,
    end,
  };
}

/** Since when the offset has been what it is at the instant; whatever lies before `bound` is not looked at. */
function changeBefore(zone: Zone, instant: Instant, offset: number, bound: Instant): Instant {
  let period = zone.periodAt(instant);
  // A period may be given in parts.
  while (period.from > bound && zone.offsetAt(period.from - 1) === offset) period = zone.periodAt(period.from - 1);
  return period.from;
}

function changeAfter(zone: Zone, instant: Instant, offset: number, bound: Instant): Instant {
  let period = zone.periodAt(instant);
  while (period.until < bound && zone.offsetAt(period.until) === offset) period = zone.periodAt(period.until);
  return period.until;
}

function offsetText(offset: number): string {
  const size = Math.abs(offset);
  const [hours, minutes, seconds] = [Math.floor(size / HOUR), Math.floor((size % HOUR) / MINUTE), Math.floor((size % MINUTE) / 1_000)];
  return `${offset < 0 ? '-' : '+'}${pad(hours, 2)}:${pad(minutes, 2)}${seconds === 0 ? '' : `:${pad(seconds, 2)}`}`;
}

// Days and longer ----------------------------------------------------------------------------------------------------

type LongUnit = Exclude<TimeUnit, 'hour'>;

function unitAt(zone: Zone, unit: LongUnit, instant: Instant): TimePartition {
  let first = firstDayOf(unit, Math.floor((instant + zone.offsetAt(instant)) / DAY));
  let start = firstInstantOf(zone, first * DAY);
  for (;;) {
    const next = firstDayAfter(unit, first);
    const end = firstInstantOf(zone, next * DAY);
    if (end > instant) return { key: KEY_OF[unit](first), start, end };
    // The clock went back over midnight: the instant is in the next day although the clock shows this one again. Or there was no such day.
    first = next;
    start = end;
  }
}

/** The first instant at which the zone's clock shows this time or a later one. */
function firstInstantOf(zone: Zone, wall: Wall): Instant {
  let from = wall - FARTHEST_OFFSET;
  for (;;) {
    const period = zone.periodAt(from);
    const candidate = Math.max(from, wall - period.offset);
    if (candidate < period.until) return candidate;
    from = period.until;
  }
}

/** Of the unit that holds the day. Days are day numbers. */
function firstDayOf(unit: LongUnit, day: number): number {
  const { year, month } = civilDay(day);
  switch (unit) {
    case 'day':
      return day;
    case 'week':
      return day - ((weekday(day) + 6) % 7);
    case 'month':
      return dayNumber(year, month, 1);
    case 'quarter':
      return dayNumber(year, month - ((month - 1) % 3), 1);
    case 'year':
      return dayNumber(year, 1, 1);
  }
}

/** The most days that one has: so many after its first day lies in the next one. */
const MOST_DAYS: Readonly<Record<LongUnit, number>> = {
  day: 1,
  week: 7,
  month: 31,
  quarter: 92,
  year: 366,
};

function firstDayAfter(unit: LongUnit, first: number): number {
  return firstDayOf(unit, first + MOST_DAYS[unit]);
}

const KEY_OF: Readonly<Record<LongUnit, (first: number) => string>> = {
  day: (first) => dayKey(first * DAY),
  week: (first) => {
    // A week is of the year that holds its Thursday (ISO 8601).
    const { year } = civilDay(first + 3);
    return `${pad(year, 4)}-W${pad(Math.floor((first + 3 - dayNumber(year, 1, 1)) / 7) + 1, 2)}`;
  },
  month: (first) => dayKey(first * DAY).slice(0, 7),
  quarter: (first) => {
    const { year, month } = civilDay(first);
    return `${pad(year, 4)}-Q${(month + 2) / 3}`;
  },
  year: (first) => dayKey(first * DAY).slice(0, 4),
};

// Keys ---------------------------------------------------------------------------------------------------------------

const FORM: Readonly<Record<TimeUnit, RegExp>> = {
  hour: /^(\d{4})-(\d\d)-(\d\d)T(\d\d)(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/,
  day: /^(\d{4})-(\d\d)-(\d\d)$/,
  week: /^(\d{4})-W(\d\d)$/,
  month: /^(\d{4})-(\d\d)$/,
  quarter: /^(\d{4})-Q([1-4])$/,
  year: /^(\d{4})$/,
};

/** What keys of the unit look like, for messages. */
export const KEY_EXAMPLE: Readonly<Record<TimeUnit, string>> = {
  hour: '2026-11-21T06',
  day: '2026-11-21',
  week: '2026-W47',
  month: '2026-11',
  quarter: '2026-Q4',
  year: '2026',
};

/** Instants of which one is in the partition of this key, if there is such a partition. */
function instantsOfKey({ every, timezone }: TimePartitions, key: string): readonly Instant[] {
  const match = FORM[every].exec(key);
  if (match === null) return [];
  const [year = 0, second = 1, day = 1, hour = 0] = match.slice(1, 5).map((part) => (part === undefined ? undefined : Number(part)));
  if (year < FIRST_YEAR) return [];
  const zone = getZone(timezone);
  switch (every) {
    case 'hour': {
      const wall = dayNumber(year, second, day) * DAY + hour * HOUR;
      if (match[5] === undefined) return [firstInstantOf(zone, wall)];
      const [hours = 0, minutes = 0, seconds = 0] = match.slice(6, 9).map((part) => Number(part ?? 0));
      const offset = (match[5] === '-' ? -1 : 1) * (hours * HOUR + minutes * MINUTE + seconds * 1_000);
      // The partition may have lost its beginning or its end to the change of the offset.
      return [wall - offset, wall + HOUR - 1 - offset];
    }
    case 'week': {
      const inFirstWeek = dayNumber(year, 1, 4);
      return [firstInstantOf(zone, (firstDayOf('week', inFirstWeek) + (second - 1) * 7) * DAY)];
    }
    case 'quarter':
      return [firstInstantOf(zone, dayNumber(year, second * 3 - 2, 1) * DAY)];
    case 'day':
    case 'month':
    case 'year':
      return second < 1 || second > 12 ? [] : [firstInstantOf(zone, dayNumber(year, second, day) * DAY)];
  }
}

function dayKey(wall: Wall): string {
  const { year, month, day } = civilDay(Math.floor(wall / DAY));
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
}

function floorTo(value: number, step: number): number {
  return Math.floor(value / step) * step;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
