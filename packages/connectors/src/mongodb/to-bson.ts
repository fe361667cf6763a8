/** A value of a column, as DuckDB writes it as text, as BSON. Null stays null. */
import { TypeMismatchError } from '@headrace/dataplane';
import { type Column, decimalSize } from '@headrace/sdk';
import { Binary, Decimal128, Double, Int32, Long, ObjectId, UUID } from 'mongodb';
import type { MongoCollectionOptions } from './mongodb.ts';
import { parseJson } from './parse-json.ts';

export type WriteOptions = Pick<MongoCollectionOptions, 'decimals' | 'timestamps'>;

/** Throws TypeMismatchError, which names row and value, for one that no BSON type holds exactly. `row` is counted from 1. */
export function toBson(text: string | null, column: Column, options: WriteOptions, where: string, row: number): unknown {
  if (text === null) return null;
  try {
    return convert(text, column, options);
  } catch (error) {
    const { message } = error as Error;
    throw new TypeMismatchError(
      `${where}, row ${row}: column "${column.name}" (${column.type}) has the value ${text.slice(0, 200)}, which cannot be written: ${message}`,
      {
        cause: error,
      },
    );
  }
}

function convert(text: string, { name, type }: Column, { decimals, timestamps }: WriteOptions): unknown {
  if (type === 'numeric' || decimalSize(type)) {
    if (decimals === 'text') return text;
    try {
      return Decimal128.fromString(text);
    } catch {
      throw new RangeError("Decimal128 has 34 digits. Say decimals: 'text', or round it in SQL");
    }
  }
  switch (type) {
    case 'boolean':
      return text === 'true';
    case 'int2':
    case 'int4':
      return new Int32(Number(text));
    case 'int8':
      return Long.fromString(text);
    case 'float4':
    case 'float8':
      return new Double(doubleOf(text));
    case 'uuid':
      return new UUID(text);
    case 'json':
      return parseJson(text);
    case 'bytes':
      return new Binary(Buffer.from(text, 'hex'));
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      return timestamps === 'text' ? text : dateOf(text);
    default:
      return name === '_id' && /^[0-9a-f]{24}$/.test(text) ? ObjectId.createFromHexString(text) : text;
  }
}

function doubleOf(text: string): number {
  const named: Readonly<Record<string, number>> = { inf: Number.POSITIVE_INFINITY, '-inf': Number.NEGATIVE_INFINITY, nan: Number.NaN };
  return named[text.toLowerCase().replace('infinity', 'inf')] ?? Number(text);
}

/** `2017-06-19 04:05:06.789+00`, `2017-06-19`, `0044-03-15 (BC)`. Without a zone it is that time in UTC. */
function dateOf(text: string): Date {
  const parts = /^(\d{4,6})-(\d\d)-(\d\d)( \(BC\))?(?: (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?)?( \(BC\))?(?:\+00)?$/.exec(text);
  if (parts === null) throw new RangeError('a Date has no such instant');
  const [, digits = '', month, day, era, time = '00:00:00', fraction = '', lateEra] = parts;
  const micros = fraction.padEnd(6, '0');
  if (!micros.endsWith('000')) throw new RangeError("a Date has milliseconds. Say timestamps: 'text', or round it in SQL");
  const year = era || lateEra ? 1 - Number(digits) : Number(digits);
  const written =
    year >= 0 && year <= 9999 ? String(year).padStart(4, '0') : `${year < 0 ? '-' : '+'}${String(Math.abs(year)).padStart(6, '0')}`;
  const date = new Date(`${written}-${month}-${day}T${time}.${micros.slice(0, 3)}Z`);
  if (Number.isNaN(date.getTime())) throw new RangeError('a Date has no such instant');
  return date;
}
