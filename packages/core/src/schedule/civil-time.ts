/**
 * Calendar arithmetic of the proleptic Gregorian calendar, on whole numbers. "Local minutes" count minutes of a wall clock
 * since 1970-01-01 00:00 on that clock: a time without a zone.
 */

export const SECOND = 1_000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const DAY = 86_400_000;
export const MINUTES_PER_DAY = 1_440;

export interface CivilDay {
  readonly year: number;
  /** 1..12 */
  readonly month: number;
  /** 1..31 */
  readonly day: number;
}

const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334] as const;
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

export function daysInMonth(year: number, month: number): number {
  return month === 2 && isLeapYear(year) ? 29 : (DAYS_IN_MONTH[month - 1] ?? 0);
}

/** Days since 1970-01-01. */
export function dayNumber(year: number, month: number, day: number): number {
  const past = year - 1;
  const leapDays = Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400);
  const beforeMonth = (DAYS_BEFORE_MONTH[month - 1] ?? 0) + (month > 2 && isLeapYear(year) ? 1 : 0);
  // 719_162 days lie between 0001-01-01 and 1970-01-01.
  return past * 365 + leapDays + beforeMonth + day - 1 - 719_162;
}

/** The calendar day of a day number; the inverse of `dayNumber`. */
export function civilDay(number: number): CivilDay {
  let year = 1970 + Math.floor(number / 365.2425);
  while (dayNumber(year, 1, 1) > number) year -= 1;
  while (dayNumber(year + 1, 1, 1) <= number) year += 1;
  let month = 12;
  while (dayNumber(year, month, 1) > number) month -= 1;
  return { year, month, day: number - dayNumber(year, month, 1) + 1 };
}

/** 0 is Sunday. */
export function weekday(number: number): number {
  return (((number + 4) % 7) + 7) % 7;
}
