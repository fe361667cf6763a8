/** A value of a column, as DuckDB writes it as text, as BSON. Null stays null. */
import { TypeMismatchError } from '@headrace/dataplane';
import { type Column, decimalSize, elementType } from '@headrace/sdk';
import { Binary, Decimal128, Double, Int32, Long, ObjectId, UUID } from 'mongodb';
import type { MongoCollectionOptions } from './mongodb.ts';
import { parseJson } from './parse-json.ts';

const ERA = / \(?BC\)?/;

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

function convert(text: string, column: Column, options: WriteOptions): unknown {
  const { name, type } = column;
  const { decimals, timestamps } = options;
  const element = elementType(type);
  if (element) {
    const texts = JSON.parse(text) as readonly (string | null)[];
    return texts.map((each) => (each === null ? null : convert(each, { name, type: element }, options)));
  }
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
      return new Double(Math.fround(doubleOf(text)));
    case 'float8':
      return new Double(doubleOf(text));
    case 'uuid':
      return new UUID(text);
    case 'json':
      return parseJson(text);
    case 'bytes':
      return new Binary(Buffer.from(text.slice(2), 'hex'));
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

/** `2017-06-19 04:05:06.789+00`, `2017-06-19`, with `BC` for years before our era. Without a zone it is that time in UTC. */
function dateOf(text: string): Date {
  const parts = /^(\d{4,6})-(\d\d)-(\d\d)(?: (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?)?(?:\+00)?$/.exec(text.replace(ERA, ''));
  if (parts === null) throw new RangeError('a Date has no such instant');
  const [, digits = '', month, day, time = '00:00:00', fraction = ''] = parts;
  const micros = fraction.padEnd(6, '0');
  if (!micros.endsWith('000')) throw new RangeError("a Date has milliseconds. Say timestamps: 'text', or round it in SQL");
  const year = ERA.test(text) ? 1 - Number(digits) : Number(digits);
  const signed = `${year < 0 ? '-' : '+'}${String(Math.abs(year)).padStart(6, '0')}`;
  const date = new Date(
    `${year >= 0 && year <= 9999 ? String(year).padStart(4, '0') : signed}-${month}-${day}T${time}.${micros.slice(0, 3)}Z`,
  );
  if (Number.isNaN(date.getTime())) throw new RangeError('a Date has no such instant');
  return date;
}
