/**
 * The rows of a range, as a condition that the server can answer from an index. It lets through what it cannot judge (values of another
 * type than the column's), which the data plane looks at again: no row is lost because a field holds text in one document and a date in
 * another.
 */
import type { ReadRange } from '@headrace/dataplane';
import { type ColumnType, decimalSize } from '@headrace/sdk';
import { Decimal128, type Document, Double, Long, ObjectId } from 'mongodb';

type Bound = Date | Double | Long | Decimal128 | ObjectId | string;

const NUMBERS = ['number'];

/** Undefined when the column's values have no order that the server knows as well. */
export function rangeFilter(range: ReadRange, type: ColumnType): Document | undefined {
  const kinds = kindsOf(type, range);
  if (kinds === undefined) return undefined;
  const { column, from, to } = range;
  const field = column;
  const inside = kinds.map(({ bound }) => ({
    [field]: { ...(from === undefined ? {} : { $gte: bound(from) }), ...(to === undefined ? {} : { $lt: bound(to) }) },
  }));
  const others = { [field]: { $not: { $type: kinds.flatMap(({ types }) => types) }, ...(range.missing ? {} : { $ne: null }) } };
  return { $or: [...inside, others] };
}

interface Kind {
  /** As `$type` names them. */
  readonly types: readonly string[];
  bound(text: string): Bound;
}

/** The BSON types whose values a bound of the column can be compared with. */
function kindsOf(type: ColumnType, { from, to }: ReadRange): readonly Kind[] | undefined {
  if (from === undefined && to === undefined) return undefined;
  const bounds = [from, to].filter((bound): bound is string => bound !== undefined);
  if (type === 'timestamptz' || type === 'timestamp' || type === 'date') {
    if (!bounds.every((bound) => !Number.isNaN(instant(bound)))) return undefined;
    return [{ types: ['date'], bound: (text) => new Date(instant(text)) }];
  }
  if (type === 'int2' || type === 'int4' || type === 'int8') return [{ types: NUMBERS, bound: (text) => Long.fromString(text.trim()) }];
  if (type === 'float4' || type === 'float8') return [{ types: NUMBERS, bound: (text) => new Double(Number(text)) }];
  if (type === 'numeric' || decimalSize(type)) {
    if (bounds.some((bound) => bound.replace(/\D/g, '').length > 34)) return undefined;
    return [{ types: NUMBERS, bound: (text) => Decimal128.fromString(text.trim()) }];
  }
  // An id is read as the text of its digits, which has the same order. Other text has an order only if the field holds text alone.
  if (type === 'text' && bounds.every((bound) => /^[0-9a-f]{24}$/.test(bound)))
    return [{ types: ['objectId'], bound: (text) => ObjectId.createFromHexString(text) }];
  return undefined;
}

/** Milliseconds of the first instant that a Date can hold from there on: both bounds mean "not before". NaN when it cannot be told. */
function instant(text: string): number {
  const parts = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?$/.exec(text.trim());
  if (parts === null) return Number.NaN;
  const [, day, time = '00:00:00', fraction = '', zone = 'Z'] = parts;
  const offset = /^[+-]\d{2}$/.test(zone) ? `${zone}:00` : zone;
  const whole = Date.parse(`${day}T${time}${offset.replace(/^([+-]\d{2})(\d{2})$/, '$1:$2')}`);
  return whole + Math.ceil(Number(`0.${fraction || '0'}`) * 1000);
}
