/** The widening table: which type holds every value of two. Pure. */
import { type ColumnType, elementType } from '@headrace/sdk';
import { digitsOf, holds } from './casts.ts';

const MAX_DIGITS = 38;

/**
 * The type that a column of type `table` must become to hold values of type `rows` as well; `table` itself when it does already. Undefined
 * when there is none: then `toText` makes it text.
 *
 * int2 → int4 → int8 → decimal → numeric, float4 → float8, small integers → floats, date → timestamp, and lists of those.
 */
export function widened(table: ColumnType, rows: ColumnType, toText = false): ColumnType | undefined {
  const elements = [elementType(table), elementType(rows)] as const;
  if (elements[0] && elements[1]) {
    const element = widened(elements[0], elements[1], toText);
    return element && (`${element}[]` as ColumnType);
  }
  if (inFamily(table, rows)) {
    if (holds(table, rows)) return table;
    if (holds(rows, table)) return rows;
    const sum = decimalOf(table, rows);
    if (sum) return sum;
  }
  return toText && isPlain(table) && isPlain(rows) ? 'text' : undefined;
}

/** Types whose values mean the same: a truth is no number, and a number is no text, although one can be written as the other. */
function inFamily(a: ColumnType, b: ColumnType): boolean {
  const kind = kindOf(a);
  return kind !== undefined && kind === kindOf(b);
}

function kindOf(type: ColumnType): string | undefined {
  if (type === 'date' || type === 'timestamp') return 'day';
  if (type === 'float4' || type === 'float8' || type === 'numeric' || digitsOf(type)) return 'number';
  return type;
}

/** A decimal with the digits of both; `numeric` where 38 are not enough. Undefined for floats, which have no such digits. */
function decimalOf(a: ColumnType, b: ColumnType): ColumnType | undefined {
  const [first, second] = [digitsOf(a), digitsOf(b)];
  if (!first || !second) return a === 'numeric' || b === 'numeric' ? bothExact(a, b) : undefined;
  const whole = Math.max(first.whole, second.whole);
  const scale = Math.max(first.scale, second.scale);
  return whole + scale <= MAX_DIGITS ? `decimal(${whole + scale},${scale})` : 'numeric';
}

function bothExact(a: ColumnType, b: ColumnType): ColumnType | undefined {
  return [a, b].every((type) => type === 'numeric' || digitsOf(type)) ? 'numeric' : undefined;
}

/** Lists and bytes have no one text. */
function isPlain(type: ColumnType): boolean {
  return type !== 'bytes' && elementType(type) === undefined;
}
