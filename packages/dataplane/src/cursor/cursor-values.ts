/**
 * Values of a cursor's column: text in the type's own form, made and compared by DuckDB, so that none passes through a JavaScript
 * number or date.
 */
import { type ColumnType, type CursorOptions, decimalSize } from '@headrace/sdk';
import { storageType, validExpression } from '../column-types.ts';
import { type DuckSession, literal } from '../duckdb.ts';
import { DataError } from '../errors.ts';

type Family = 'time' | 'day' | 'number' | 'text';

const FAMILIES: Readonly<Record<string, Family>> = {
  timestamp: 'time',
  timestamptz: 'time',
  date: 'day',
  int2: 'number',
  int4: 'number',
  int8: 'number',
  text: 'text',
  uuid: 'text',
};

export interface CursorColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly family: Family;
}

/** Throws DataError for a type whose values have no exact order here. */
export function cursorColumn(name: string, type: ColumnType, where: string): CursorColumn {
  const family = decimalSize(type) ? 'number' : FAMILIES[type];
  if (family !== undefined) return { name, type, family };
  throw new DataError(
    'HR_CURSOR_TYPE',
    `${where}: column "${name}" is ${type}, which no cursor can follow exactly. Use a column of an integer type, decimal(p,s), date, timestamp, timestamptz, text or uuid${
      type === 'numeric' ? ', or declare it as decimal(p,s)' : ''
    }`,
  );
}

/** An SQL value of the column's type. */
export function typed(text: string, column: CursorColumn): string {
  return `cast(${literal(text)} as ${storageType(column.type)})`;
}

/** The value as DuckDB writes it. Throws DataError for text that is no value of the type; `what` names where it is from. */
export async function canonicalValue(duck: DuckSession, text: string, column: CursorColumn, what: string): Promise<string> {
  // A cast alone would round.
  const exact = `case when ${validExpression('$text', column)} then cast($text as ${storageType(column.type)}) end`;
  const [row] = await duck.rows(`select cast(${exact} as varchar) as value`, { text });
  if (typeof row?.value === 'string') return row.value;
  throw new DataError(
    'HR_CURSOR_VALUE',
    `${what} is "${text}", which is no value of column "${column.name}" (${column.type}). Give another, or set or reset the cursor: headrace cursors`,
  );
}

/** What lies `lag` before a value. Throws DataError for a lag that the type does not have. */
export async function before(
  duck: DuckSession,
  value: string,
  lag: CursorOptions['lag'],
  column: CursorColumn,
  where: string,
): Promise<string> {
  if (lag === undefined || lag === 0) return value;
  const difference = differenceOf(lag, value, column);
  if (difference === undefined) {
    throw new DataError(
      'HR_CURSOR_TYPE',
      `${where}: a lag of ${typeof lag === 'number' ? lag : 'a length of time'} cannot be taken from column "${column.name}" (${column.type}). Times and dates need a duration such as '2 hours', numbers a whole number; text has none`,
    );
  }
  const [row] = await duck.rows(`select cast(${difference} as varchar) as value`);
  return row?.value ?? value;
}

function differenceOf(lag: NonNullable<CursorOptions['lag']>, value: string, column: CursorColumn): string | undefined {
  if (typeof lag === 'number') {
    if (column.family !== 'number') return undefined;
    // Beyond the type's own smallest value there is nothing to read.
    const size = decimalSize(column.type);
    const wide = size ? `decimal(38,${size.scale})` : 'hugeint';
    return `coalesce(try_cast(cast(${literal(value)} as ${wide}) - ${lag} as ${storageType(column.type)}), ${smallest(column)})`;
  }
  // The SDK has made milliseconds of every duration.
  const ms = (lag as { readonly ms: number }).ms;
  if (column.family === 'time') return `${typed(value, column)} - to_milliseconds(${ms})`;
  if (column.family === 'day') return `${typed(value, column)} - ${Math.ceil(ms / 86_400_000)}`;
  return undefined;
}

const SMALLEST: Readonly<Record<string, string>> = { int2: '-32768', int4: '-2147483648', int8: '-9223372036854775808' };

function smallest(column: CursorColumn): string {
  const size = decimalSize(column.type);
  const text = size
    ? `-${'9'.repeat(size.precision - size.scale) || '0'}${size.scale > 0 ? `.${'9'.repeat(size.scale)}` : ''}`
    : SMALLEST[column.type];
  return typed(text ?? '0', column);
}

/** Text for an option that is a run value. */
export function textOfValue(value: unknown): string {
  return value instanceof Date ? value.toISOString() : String(value);
}
