/**
 * Where in an ordered list a page ended, and the conditions for what comes after it.
 *
 * K1. A cursor holds the values that the last row is ordered by, as Postgres writes them: no precision is lost on the way.
 * K2. A cursor is of one order. With another one it is refused; it holds nothing that its reader could not see in the list.
 */
import { hash } from 'node:crypto';
import { InvalidCursorError } from '@headrace/ports';
import type { Conditions } from './conditions.ts';
import type { OrderTerm } from './order.ts';

export type CursorValues = readonly (string | null)[];

/** In the columns of a row: the values it is ordered by. */
export function cursorColumns(terms: readonly OrderTerm[]): string {
  return terms.map(({ sql }, index) => `(${sql})::text as cursor_${index}`).join(', ');
}

export function cursorOf(row: object, terms: readonly OrderTerm[]): string {
  const values = terms.map((_, index) => Reflect.get(row, `cursor_${index}`) as string | null);
  return Buffer.from(JSON.stringify([fingerprint(terms), ...values])).toString('base64url');
}

/** Throws InvalidCursorError. */
export function readCursor(cursor: string, terms: readonly OrderTerm[]): CursorValues {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    throw new InvalidCursorError();
  }
  if (!Array.isArray(parsed) || parsed.length !== terms.length + 1) throw new InvalidCursorError();
  const [order, ...values] = parsed as unknown[];
  const fits = values.every((value, index) => typeof value === 'string' || (value === null && terms[index]?.nullable === true));
  if (order !== fingerprint(terms) || !fits) throw new InvalidCursorError();
  return values as CursorValues;
}

const fingerprints = new WeakMap<readonly OrderTerm[], string>();

function fingerprint(terms: readonly OrderTerm[]): string {
  const known = fingerprints.get(terms) ?? fingerprintOf(terms);
  fingerprints.set(terms, known);
  return known;
}

function fingerprintOf(terms: readonly OrderTerm[]): string {
  const order = terms.map(({ sql, descending }) => `${descending ? '-' : ''}${sql}`).join();
  return hash('sha256', order, 'base64url').slice(0, 8);
}

/**
 * What comes after the row, as one or two sets of conditions to be read one after the other: where a column without value comes last,
 * "later values" and "no value" are two ranges of an index, and one condition for both would be none.
 */
export function after(terms: readonly OrderTerm[], values: CursorValues): readonly ((conditions: Conditions) => Conditions)[] {
  const [first, second] = terms as readonly [OrderTerm, OrderTerm | undefined];
  const [value] = values;
  if (terms.every(({ nullable, descending }) => !nullable && descending === first.descending)) return [(c) => rowAfter(c, terms, values)];
  if (terms.length === 2 && second !== undefined && first.nullable && !second.nullable && first.descending === second.descending) {
    const rest = (c: Conditions): Conditions => c.require(`${first.sql} is null`);
    if (value === null) return [(c) => rowAfter(rest(c), [second], values.slice(1))];
    return [(c) => rowAfter(c, terms, values), rest];
  }
  return [(c) => stepwise(c, terms, values)];
}

/** One comparison of rows, which an index over these columns answers. What is null is never after anything. */
function rowAfter(conditions: Conditions, terms: readonly OrderTerm[], values: CursorValues): Conditions {
  const places = values.map((value) => conditions.place(value));
  const operator = terms[0]?.descending === true ? '<' : '>';
  return conditions.require(`(${terms.map(({ sql }) => sql).join(', ')}) ${operator} (${places.join(', ')})`);
}

/** Any order: after in one column, and the same in those before it. */
function stepwise(conditions: Conditions, terms: readonly OrderTerm[], values: CursorValues): Conditions {
  const places = values.map((value) => (value === null ? 'null' : conditions.place(value)));
  const steps = terms.flatMap(({ sql, descending, nullable }, index) => {
    if (values[index] === null) return [];
    const later = `${sql} ${descending ? '<' : '>'} ${places[index]}`;
    const same = terms
      .slice(0, index)
      .map((term, before) => (values[before] === null ? `${term.sql} is null` : `${term.sql} = ${places[before]}`));
    return [[...same, nullable ? `(${later} or ${sql} is null)` : later].join(' and ')];
  });
  return conditions.require(`(${steps.join(' or ')})`);
}
