/**
 * The days and local seconds that a cron expression matches, in both directions, on a calendar without zones.
 */
import { civilDay, dayNumber, daysInMonth, MINUTES_PER_DAY, weekday } from './civil-time.ts';

export interface Cron {
  readonly expression: string;
  /** Of a minute, 0..59, ascending. */
  readonly seconds: readonly number[];
  /** Minutes of the day, 0..1439, ascending. */
  readonly times: readonly number[];
  /** 1..12 */
  readonly months: ReadonlySet<number>;
  readonly days: DayFields;
  /** The hours were given with `*` or a step: fires follow elapsed time, not the local day. See `cron-fire.ts`. */
  readonly elapsed: boolean;
}

export interface DayFields {
  readonly ofMonth: ReadonlySet<number>;
  readonly lastOfMonth: boolean;
  readonly ofWeek: ReadonlySet<number>;
  /** `weekday#n`. */
  readonly nth: readonly { readonly weekday: number; readonly n: number }[];
  readonly lastOfWeek: ReadonlySet<number>;
  readonly monthRestricts: boolean;
  readonly weekRestricts: boolean;
}

/** The Gregorian calendar repeats itself after so many days: what does not match in them never does. */
const CALENDAR_CYCLE = 146_097;

/** The first matching day, as a day number, from `day` on. Undefined: there is none, ever. */
export function nextDay(cron: Cron, day: number): number | undefined {
  let { year, month, day: dayOfMonth } = civilDay(day);
  for (let number = day; number <= day + CALENDAR_CYCLE; ) {
    const length = daysInMonth(year, month);
    if (cron.months.has(month)) {
      for (; dayOfMonth <= length; dayOfMonth += 1, number += 1) if (matchesDay(cron.days, number, dayOfMonth, length)) return number;
    }
    if (month === 12) year += 1;
    month = (month % 12) + 1;
    dayOfMonth = 1;
    number = dayNumber(year, month, 1);
  }
  return undefined;
}

/** The last matching day up to and with `day`. */
function previousDay(cron: Cron, day: number): number | undefined {
  let { year, month, day: dayOfMonth } = civilDay(day);
  for (let number = day; number >= day - CALENDAR_CYCLE; ) {
    const length = daysInMonth(year, month);
    if (cron.months.has(month)) {
      for (; dayOfMonth >= 1; dayOfMonth -= 1, number -= 1) if (matchesDay(cron.days, number, dayOfMonth, length)) return number;
    }
    number = dayNumber(year, month, 1) - 1;
    if (month === 1) year -= 1;
    month = month === 1 ? 12 : month - 1;
    dayOfMonth = daysInMonth(year, month);
  }
  return undefined;
}

function matchesDay(days: DayFields, number: number, dayOfMonth: number, length: number): boolean {
  const byMonth = !days.monthRestricts || days.ofMonth.has(dayOfMonth) || (days.lastOfMonth && dayOfMonth === length);
  if (!days.weekRestricts) return byMonth;
  if (days.monthRestricts && byMonth) return true;
  const ofWeek = weekday(number);
  if (days.ofWeek.has(ofWeek)) return true;
  if (days.lastOfWeek.has(ofWeek) && dayOfMonth > length - 7) return true;
  return days.nth.some((one) => one.weekday === ofWeek && one.n === Math.ceil(dayOfMonth / 7));
}

const SECONDS_PER_MINUTE = 60;

/** The first matching local second from `second` on, counted as `civil-time.ts` counts minutes. */
export function nextLocalSecond(cron: Cron, second: number): number {
  const asked = Math.floor(second / SECONDS_PER_MINUTE);
  const minute = nextLocalMinute(cron, asked);
  if (minute === asked) {
    const within = cron.seconds[lowerBound(cron.seconds, second - asked * SECONDS_PER_MINUTE)];
    if (within !== undefined) return asked * SECONDS_PER_MINUTE + within;
    return nextLocalMinute(cron, asked + 1) * SECONDS_PER_MINUTE + (cron.seconds[0] ?? 0);
  }
  return minute * SECONDS_PER_MINUTE + (cron.seconds[0] ?? 0);
}

/** The last matching local second up to and with `second`. */
export function previousLocalSecond(cron: Cron, second: number): number {
  const asked = Math.floor(second / SECONDS_PER_MINUTE);
  const minute = previousLocalMinute(cron, asked);
  if (minute === asked) {
    const within = cron.seconds[lowerBound(cron.seconds, second - asked * SECONDS_PER_MINUTE + 1) - 1];
    if (within !== undefined) return asked * SECONDS_PER_MINUTE + within;
    return previousLocalMinute(cron, asked - 1) * SECONDS_PER_MINUTE + (cron.seconds.at(-1) ?? 0);
  }
  return minute * SECONDS_PER_MINUTE + (cron.seconds.at(-1) ?? 0);
}

/** The first matching local minute from `minute` on. */
function nextLocalMinute(cron: Cron, minute: number): number {
  const today = Math.floor(minute / MINUTES_PER_DAY);
  const first = cron.times[0] ?? 0;
  const day = nextDay(cron, today) ?? Infinity;
  if (day > today) return day * MINUTES_PER_DAY + first;
  const time = cron.times[lowerBound(cron.times, minute - today * MINUTES_PER_DAY)];
  if (time !== undefined) return today * MINUTES_PER_DAY + time;
  return (nextDay(cron, today + 1) ?? Infinity) * MINUTES_PER_DAY + first;
}

/** The last matching local minute up to and with `minute`. */
function previousLocalMinute(cron: Cron, minute: number): number {
  const today = Math.floor(minute / MINUTES_PER_DAY);
  const last = cron.times.at(-1) ?? 0;
  const day = previousDay(cron, today) ?? -Infinity;
  if (day < today) return day * MINUTES_PER_DAY + last;
  const time = cron.times[lowerBound(cron.times, minute - today * MINUTES_PER_DAY + 1) - 1];
  if (time !== undefined) return today * MINUTES_PER_DAY + time;
  return (previousDay(cron, today - 1) ?? -Infinity) * MINUTES_PER_DAY + last;
}

/** Index of the first value that is not less than `least`. */
function lowerBound(values: readonly number[], least: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] ?? 0) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
