/**
 * Cron expressions: what they may say and what they mean, without zones.
 *
 * - Five fields: minute, hour, day of month, month, day of week (0 and 7 are Sunday). Lists, ranges, steps, English names.
 * - Six fields: seconds first. With five, a time is its minute's first second.
 * - `L` as day of month is the month's last day; `5L` or `friL` as day of week its last Friday, `5#2` its second.
 * - A field that allows every value restricts nothing. If both day fields restrict, a day need match only one of them.
 *   (As crontab(5) and Airflow's croniter.)
 */
import { type Cron, type DayFields, nextDay } from './cron-calendar.ts';

export class InvalidCronError extends Error {
  readonly code = 'HR_INVALID_CRON';
  readonly expression: string;
  /** Where in the expression, counted from 0. */
  readonly position: number;
  constructor(expression: string, position: number, what: string) {
    super(`Cron expression "${expression}", at character ${position + 1}: ${what}`);
    this.name = 'InvalidCronError';
    this.expression = expression;
    this.position = position;
  }
}

export const CRON_MACROS: ReadonlyMap<string, string> = new Map([
  ['@hourly', '0 * * * *'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@weekly', '0 0 * * 0'],
  ['@monthly', '0 0 1 * *'],
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
]);

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names of the values from `min` on. */
  readonly names: readonly string[];
}

const SECOND: Field = { name: 'second', min: 0, max: 59, names: [] };
const MINUTE: Field = { name: 'minute', min: 0, max: 59, names: [] };
const HOUR: Field = { name: 'hour', min: 0, max: 23, names: [] };
const DAY_OF_MONTH: Field = { name: 'day of month', min: 1, max: 31, names: [] };
const MONTH: Field = {
  name: 'month',
  min: 1,
  max: 12,
  names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
};
const DAY_OF_WEEK: Field = { name: 'day of week', min: 0, max: 7, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] };
/** Without the seconds, which may be left out. */
const FIELDS = 5;

/** A piece of the expression, and where it stands. */
interface Piece {
  readonly text: string;
  readonly at: number;
}

/** @throws InvalidCronError that says what is wrong and at which character. */
export function parseCron(expression: string): Cron {
  const fail = (at: number, what: string): never => {
    throw new InvalidCronError(expression, at, what);
  };
  const pieces = splitFields(expression, fail);
  const second = pieces.length === FIELDS + 1 ? pieces[0] : undefined;
  const [minute, hour, dayOfMonth, month, dayOfWeek, tooMuch] = second === undefined ? pieces : pieces.slice(1);
  if (!minute || !hour || !dayOfMonth || !month || !dayOfWeek || tooMuch !== undefined) {
    const wanted = 'minute, hour, day of month, month and day of week';
    const place = pieces[FIELDS + 1]?.at ?? expression.length;
    return fail(place, `expected 5 fields (${wanted}), or 6 with seconds first, found ${pieces.length}`);
  }
  const seconds = second === undefined ? [0] : ascending(plainField(SECOND, second, fail));
  const minutes = plainField(MINUTE, minute, fail);
  const hours = plainField(HOUR, hour, fail);
  const months = plainField(MONTH, month, fail);
  const cron: Cron = {
    expression,
    seconds,
    times: ascending(hours).flatMap((h) => ascending(minutes).map((m) => h * 60 + m)),
    months,
    days: dayFields(dayOfMonth, dayOfWeek, fail),
    elapsed: /[*/]/.test(hour.text),
  };
  if (nextDay(cron, 0) === undefined) fail(dayOfMonth.at, 'it never fires: no such day in these months');
  return cron;
}

type Fail = (at: number, what: string) => never;

function splitFields(expression: string, fail: Fail): readonly Piece[] {
  const text = expression.trim();
  if (!text.startsWith('@')) return Array.from(expression.matchAll(/\S+/g), (match) => ({ text: match[0], at: match.index }));
  const meaning = CRON_MACROS.get(text.toLowerCase());
  if (meaning === undefined) return fail(expression.indexOf('@'), `there is no "${text}"; there are ${[...CRON_MACROS.keys()].join(', ')}`);
  return meaning.split(' ').map((field) => ({ text: field, at: 0 }));
}

function plainField(field: Field, piece: Piece, fail: Fail): ReadonlySet<number> {
  const values = new Set<number>();
  for (const item of splitList(piece)) for (const value of range(field, item, fail)) values.add(value);
  return values;
}

function dayFields(dayOfMonth: Piece, dayOfWeek: Piece, fail: Fail): DayFields {
  const ofMonth = new Set<number>();
  let lastOfMonth = false;
  for (const item of splitList(dayOfMonth)) {
    if (/^L$/i.test(item.text)) lastOfMonth = true;
    else for (const value of range(DAY_OF_MONTH, orAny(item), fail)) ofMonth.add(value);
  }
  const ofWeek = new Set<number>();
  const lastOfWeek = new Set<number>();
  const nth: { weekday: number; n: number }[] = [];
  for (const item of splitList(dayOfWeek)) {
    const [, lastName] = /^(\w+)L$/i.exec(item.text) ?? [];
    const [, nthName, count] = /^(\w+)#(\w*)$/.exec(item.text) ?? [];
    if (lastName !== undefined) {
      lastOfWeek.add(value(DAY_OF_WEEK, { text: lastName, at: item.at }, fail) % 7);
    } else if (nthName !== undefined) {
      if (!/^[1-5]$/.test(count ?? '')) fail(item.at + nthName.length + 1, 'after # comes a number from 1 to 5');
      nth.push({ weekday: value(DAY_OF_WEEK, { text: nthName, at: item.at }, fail) % 7, n: Number(count) });
    } else {
      for (const day of range(DAY_OF_WEEK, orAny(item), fail)) ofWeek.add(day % 7);
    }
  }
  return { ofMonth, lastOfMonth, ofWeek, nth, lastOfWeek, monthRestricts: ofMonth.size < 31, weekRestricts: ofWeek.size < 7 };
}

function splitList({ text, at }: Piece): readonly Piece[] {
  let position = at;
  return text.split(',').map((part) => {
    const item = { text: part, at: position };
    position += part.length + 1;
    return item;
  });
}

/** `?` is Quartz's "no matter which" in the day fields. */
function orAny({ text, at }: Piece): Piece {
  return { text: text === '?' ? '*' : text, at };
}

/** `*`, `3`, `1-5`, each also with a step; `3/10` goes from 3 to the field's end. */
function range(field: Field, item: Piece, fail: Fail): readonly number[] {
  const [span = '', stepText, tooMuch] = item.text.split('/');
  const stepAt = item.at + span.length + 1;
  if (tooMuch !== undefined) fail(stepAt + (stepText ?? '').length, 'a second "/"');
  if (stepText !== undefined && !/^0*[1-9]\d{0,3}$/.test(stepText))
    fail(stepAt, `the step of the ${field.name} must be a whole number from 1`);
  const step = stepText === undefined ? 1 : Number(stepText);
  const [low, high] = bounds(field, { text: span, at: item.at }, stepText !== undefined, fail);
  if (low > high) fail(item.at, `the ${field.name} range ${span} runs backwards: write it as two ranges`);
  const values: number[] = [];
  for (let next = low; next <= high; next += step) values.push(next);
  return values;
}

function bounds(field: Field, span: Piece, hasStep: boolean, fail: Fail): readonly [number, number] {
  const end = field === DAY_OF_WEEK ? 6 : field.max;
  if (span.text === '*') return [field.min, end];
  const dash = span.text.indexOf('-');
  if (dash < 0) {
    const only = value(field, span, fail);
    return [only, hasStep ? Math.max(end, only) : only];
  }
  const low = value(field, { text: span.text.slice(0, dash), at: span.at }, fail);
  const high = value(field, { text: span.text.slice(dash + 1), at: span.at + dash + 1 }, fail);
  // As the end of a range, Sunday may also be written by its name: fri-sun.
  return [low, field === DAY_OF_WEEK && high === 0 && low > 0 ? 7 : high];
}

function value(field: Field, { text, at }: Piece, fail: Fail): number {
  const named = field.names.indexOf(text.toLowerCase());
  if (named >= 0) return field.min + named;
  if (!/^\d{1,4}$/.test(text)) return fail(at, text === '' ? `a ${field.name} is missing` : `"${text}" is not a ${field.name}`);
  const number = Number(text);
  if (number < field.min || number > field.max) fail(at, `${field.name} ${number} is not within ${field.min}-${field.max}`);
  return number;
}

function ascending(values: ReadonlySet<number>): readonly number[] {
  return [...values].sort((a, b) => a - b);
}
