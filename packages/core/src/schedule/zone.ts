/**
 * Time zones: offsets from UTC, from the runtime's own zone database through `Intl`, without `Date`.
 *
 * Z1. Asking `Intl` is slow, so what it says is kept as periods of equal offset, found by looking every four days and then
 *     halving. Since 1970 no zone has changed its offset twice within less than seven days (Brazil in 2000).
 * Z2. What is kept is only a cache: it never changes an answer.
 */

import type { Instant, Milliseconds } from '../model/dag.ts';
import { civilDay, DAY, dayNumber, HOUR, MINUTE } from './civil-time.ts';

/** A time in which a zone's offset does not change. `from` and `until` need not be transitions: a period may be given in parts. */
export interface OffsetPeriod {
  readonly from: Instant;
  /** Exclusive. */
  readonly until: Instant;
  /** Local time − UTC. */
  readonly offset: Milliseconds;
}

export class InvalidZoneError extends Error {
  readonly code = 'HR_INVALID_ZONE';
  readonly zone: string;
  constructor(zone: string) {
    super(`"${zone}" is not a time zone: use an IANA name such as "Europe/Berlin" or "UTC"`);
    this.name = 'InvalidZoneError';
    this.zone = zone;
  }
}

export interface Zone {
  readonly name: string;
  offsetAt(instant: Instant): Milliseconds;
  /** The period that holds `instant`. */
  periodAt(instant: Instant): OffsetPeriod;
}

const CHUNK = 128 * DAY;
const STRIDE = 4 * DAY;
/** Chunks kept per zone: 350 years. */
const MAX_CHUNKS = 1_000;

const zones = new Map<string, Zone>();

/** @throws InvalidZoneError when the runtime knows no such zone. */
export function getZone(name: string): Zone {
  const known = zones.get(name);
  if (known !== undefined) return known;
  const zone = openZone(name);
  zones.set(name, zone);
  return zone;
}

export function isZone(name: string): boolean {
  try {
    getZone(name);
    return true;
  } catch {
    return false;
  }
}

/** The local date of an instant, `YYYY-MM-DD`. @throws InvalidZoneError */
export function localDay(instant: Instant, zone: string): string {
  return localHour(instant, zone).slice(0, -3);
}

/** The local date and hour of an instant, `YYYY-MM-DDTHH`. @throws InvalidZoneError */
export function localHour(instant: Instant, zone: string): string {
  const local = instant + getZone(zone).offsetAt(instant);
  const { year, month, day } = civilDay(Math.floor(local / DAY));
  const hour = Math.floor((local - Math.floor(local / DAY) * DAY) / HOUR);
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}T${pad(hour, 2)}`;
}

/**
 * When a zone's clock first shows a local time (milliseconds as `civil-time.ts` counts them), or would have: where clocks go forward
 * over it, the first instant after the gap. Undefined when its whole day is left out. It never falls as the local time rises.
 */
export function firstInstantOf(zone: Zone, local: Milliseconds): Instant | undefined {
  const earlier = zone.offsetAt(local - DAY);
  const later = zone.offsetAt(local + DAY);
  if (earlier === later) return local - earlier;
  const shown = [local - earlier, local - later].filter((instant) => instant + zone.offsetAt(instant) === local);
  if (shown.length > 0) return Math.min(...shown);
  if (later - earlier >= DAY) return undefined;
  return transitionBefore(zone, local - earlier);
}

function transitionBefore(zone: Zone, instant: Instant): Instant {
  let period = zone.periodAt(instant);
  for (let before = zone.periodAt(period.from - 1); before.offset === period.offset; before = zone.periodAt(period.from - 1))
    period = before;
  return period.from;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

function openZone(name: string): Zone {
  const format = openFormat(name);
  const chunks = new Map<number, readonly OffsetPeriod[]>();
  const periodAt = (instant: Instant): OffsetPeriod => {
    const index = Math.floor(instant / CHUNK);
    let chunk = chunks.get(index);
    if (chunk === undefined) {
      chunk = findPeriods(format, index * CHUNK);
      if (chunks.size >= MAX_CHUNKS) chunks.clear();
      chunks.set(index, chunk);
    }
    for (const period of chunk) if (instant < period.until) return period;
    throw new RangeError(`${instant} is not an instant`);
  };
  return { name, periodAt, offsetAt: (instant) => periodAt(instant).offset };
}

function openFormat(name: string): Intl.DateTimeFormat {
  // The runtime also takes offsets such as "+01:00"; those are not zones: they do not follow a place's clock.
  if (!/^[A-Za-z]/.test(name)) throw new InvalidZoneError(name);
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    throw new InvalidZoneError(name);
  }
}

/** All periods from `start` to one chunk later, without a hole. */
function findPeriods(format: Intl.DateTimeFormat, start: Instant): readonly OffsetPeriod[] {
  const periods: OffsetPeriod[] = [];
  let from = start;
  let offset = askOffset(format, start);
  for (let low = start; low < start + CHUNK; low += STRIDE) {
    const after = askOffset(format, low + STRIDE);
    if (after === offset) continue;
    const change = findChange(format, low, low + STRIDE, offset);
    periods.push({ from, until: change, offset });
    from = change;
    offset = after;
  }
  if (from < start + CHUNK) periods.push({ from, until: start + CHUNK, offset });
  return periods;
}

/** The first instant in (low, high] whose offset is not `before`. Transitions lie on whole seconds. */
function findChange(format: Intl.DateTimeFormat, low: Instant, high: Instant, before: Milliseconds): Instant {
  let known = low;
  let changed = high;
  while (changed - known > 1_000) {
    const middle = known + Math.floor((changed - known) / 2_000) * 1_000;
    if (askOffset(format, middle) === before) known = middle;
    else changed = middle;
  }
  return changed;
}

function askOffset(format: Intl.DateTimeFormat, instant: Instant): Milliseconds {
  // As text, because taking the parts costs three times as much: "10/31/2027 AD, 02:00:00".
  const text = format.format(instant);
  const [month = 0, day = 0, shownYear = 0, hour = 0, minute = 0, second = 0] = (text.match(/\d+/g) ?? []).map(Number);
  const year = text.includes('B') ? 1 - shownYear : shownYear;
  const local = dayNumber(year, month, day) * DAY + hour * HOUR + minute * MINUTE + second * 1_000;
  return local - Math.floor(instant / 1_000) * 1_000;
}
