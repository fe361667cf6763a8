/** Instants on their way into Postgres and out of it. */
import type { Instant } from '@headrace/core';
import pg from 'pg';

/** Beyond these Postgres and ISO 8601 write years differently, and no date means anything. */
const EARLIEST = Date.UTC(1, 0, 1);
const LATEST = Date.UTC(9999, 11, 31);

export function timestamp(instant: Instant): string {
  return new Date(Math.min(Math.max(instant, EARLIEST), LATEST)).toISOString();
}

export function timestampOrNull(instant: Instant | undefined): string | null {
  return instant === undefined ? null : timestamp(instant);
}

const parseAny: (text: string) => Date = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ, 'text');

/** As sessions are set to write it: `2026-11-21 17:45:00.123456+00`. */
const SHAPE = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?\+00$/;
const MILLISECONDS = [100, 10, 1];

/** Milliseconds; smaller parts are cut off. Almost every row has several: what comes in the usual shape is read without pg's own parser. */
export function instantOf(text: string): Instant {
  const digits = (from: number, to: number): number => {
    let number = 0;
    for (let at = from; at < to; at++) number = number * 10 + text.charCodeAt(at) - 48;
    return number;
  };
  const year = SHAPE.test(text) ? digits(0, 4) : 0;
  // Of the first century JavaScript would make the twentieth.
  if (year < 100) return parseAny(text).getTime();
  const fraction = Math.min(text.length - 3, 23);
  const ms = text.charCodeAt(19) === 46 ? digits(20, fraction) * (MILLISECONDS[fraction - 21] as number) : 0;
  return Date.UTC(year, digits(5, 7) - 1, digits(8, 10), digits(11, 13), digits(14, 16), digits(17, 19), ms);
}
