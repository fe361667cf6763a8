/**
 * How values of one column type become values of another without changing. Pure.
 *
 * T1. A cast that is `always` good keeps every value of the type.
 * T2. Of any other cast `fits` says value by value whether it would be kept: never rounded, cut, shifted or made infinite.
 */
import { type ColumnType, decimalSize, elementType } from '@headrace/sdk';
import { storageType, textExpression, validExpression } from '../column-types.ts';

export interface Cast {
  /** Of a value that fits. */
  readonly expression: string;
  readonly always: boolean;
  /** Whether a value that is not null fits. */
  readonly fits: string;
}

/** Decimal digits that hold every value of an integer type. */
const DIGITS: Readonly<Record<string, number>> = { int2: 5, int4: 10, int8: 19 };
const INTEGER_RANK: Readonly<Record<string, number>> = { int2: 1, int4: 2, int8: 3 };

/** A cast of `value`, an expression of the storage type of `from`. Undefined for types between which no cast keeps the meaning. */
export function castOf(value: string, from: ColumnType, to: ColumnType): Cast | undefined {
  if (from === to) return always(value);
  const elements = [elementType(from), elementType(to)] as const;
  if (elements[0] && elements[1]) return castList(value, elements[0], elements[1]);
  if (to === 'json' && elements[0]) return always(`to_json(${value})`);
  if (to === 'text') return always(textExpression(value, from));
  if (from === 'text') return checked(`cast(${value} as ${storageType(to)})`, validExpression(value, { name: '', type: to }), value, to);
  return isNumber(from) && isNumber(to) ? castNumber(value, from, to) : castOther(value, from, to);
}

/** Whether every value of `from` is one of `to`. */
export function holds(to: ColumnType, from: ColumnType): boolean {
  return castOf('x', from, to)?.always ?? false;
}

function always(expression: string): Cast {
  return { expression, always: true, fits: 'true' };
}

function checked(cast: string, fits: string, value: string, to: ColumnType): Cast {
  const expression = to === 'bytes' ? `unhex(substr(${value}, 3))` : to === 'numeric' ? value : cast;
  return { expression, always: false, fits };
}

function castList(value: string, from: ColumnType, to: ColumnType): Cast | undefined {
  const element = castOf('e', from, to);
  if (!element) return undefined;
  const fits = element.always ? 'true' : `len(list_filter(${value}, lambda e: e is not null and not coalesce(${element.fits}, false))) = 0`;
  return { expression: `list_transform(${value}, lambda e: ${element.expression})`, always: element.always, fits };
}

/** What stands before and after the point; undefined for floats and `numeric`. */
export function digitsOf(type: ColumnType): { readonly whole: number; readonly scale: number } | undefined {
  const size = decimalSize(type);
  if (size) return { whole: size.precision - size.scale, scale: size.scale };
  const whole = DIGITS[type];
  return whole === undefined ? undefined : { whole, scale: 0 };
}

function isFloat(type: ColumnType): boolean {
  return type === 'float4' || type === 'float8';
}

function isNumber(type: ColumnType): boolean {
  return isFloat(type) || type === 'numeric' || digitsOf(type) !== undefined;
}

function castNumber(value: string, from: ColumnType, to: ColumnType): Cast | undefined {
  const storage = storageType(to);
  if (to === 'numeric') return isFloat(from) ? undefined : always(`cast(${value} as varchar)`);
  if (isFloat(from) || isFloat(to)) {
    if (from === 'numeric') return undefined;
    if (holdsInFloat(from, to)) return always(`cast(${value} as ${storage})`);
    const back = `try_cast(try_cast(${value} as ${storage}) as ${storageType(from)})`;
    return { expression: `cast(${value} as ${storage})`, always: false, fits: `coalesce(${back} = ${value}, false)` };
  }
  const [given, held] = [digitsOf(from), digitsOf(to)];
  if (given && held && holdsDigits(from, to, given, held)) return always(`cast(${value} as ${storage})`);
  // As text, because a comparison of two decimals can overflow. Zeros after the point are no digits.
  const text = `regexp_replace(cast(${value} as varchar), '(\\.[0-9]*?)0+$', '\\1')`;
  const plain = `regexp_replace(${text}, '\\.$', '')`;
  return { expression: `cast(${plain} as ${storage})`, always: false, fits: validExpression(plain, { name: '', type: to }) };
}

function holdsDigits(
  from: ColumnType,
  to: ColumnType,
  given: { readonly whole: number; readonly scale: number },
  held: { readonly whole: number; readonly scale: number },
): boolean {
  const [small, large] = [INTEGER_RANK[from], INTEGER_RANK[to]];
  if (small !== undefined && large !== undefined) return small <= large;
  // Nine digits are always an int4; ten are not.
  if (large !== undefined) return given.scale === 0 && given.whole < (DIGITS[to] ?? 0);
  return held.whole >= given.whole && held.scale >= given.scale;
}

/** Integers up to 24 bits are exact in a float4, up to 53 bits in a float8. */
function holdsInFloat(from: ColumnType, to: ColumnType): boolean {
  if (to === 'float4') return from === 'int2';
  return to === 'float8' && (from === 'float4' || from === 'int2' || from === 'int4');
}

function castOther(value: string, from: ColumnType, to: ColumnType): Cast | undefined {
  const cast = `cast(${value} as ${storageType(to)})`;
  if (from === 'date' && to === 'timestamp') return { expression: cast, always: true, fits: `try_${cast} is not null` };
  if (from === 'timestamp' && to === 'date')
    return { expression: cast, always: false, fits: `try_cast(try_${cast} as timestamp) = ${value}` };
  if (from === 'boolean' && INTEGER_RANK[to]) return always(cast);
  if (INTEGER_RANK[from] && to === 'boolean') return { expression: cast, always: false, fits: `${value} in (0, 1)` };
  return undefined;
}
