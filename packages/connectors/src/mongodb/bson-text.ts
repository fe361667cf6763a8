/**
 * BSON values as the text of a column type. A value that the type cannot hold exactly has no text; text is taken as it is, and looked at
 * where it is parsed.
 */
import { type ColumnType, decimalSize, elementType } from '@headrace/sdk';
import type { Binary, Decimal128, Double, Int32, Long, ObjectId } from 'mongodb';
import { bsonType, jsonOf } from './bson-json.ts';

const UUID_SUBTYPE = 4;

/** Null stays null. Undefined: the value is not one of this type. */
export function columnText(value: unknown, type: ColumnType): string | null | undefined {
  if (value === null || value === undefined) return null;
  if (type === 'json') return jsonOf(value);
  const element = elementType(type);
  if (element) return listText(value, element);
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return type === 'boolean' || type === 'text' ? String(value) : undefined;
  if (value instanceof Date) return dateText(value, type);
  switch (bsonType(value)) {
    case 'Int32':
    case 'Long':
      return integerText((value as Int32 | Long).toString(), type);
    case 'Double':
      return doubleText((value as Double).value, type);
    case 'Decimal128':
      return decimalText((value as Decimal128).toString(), type);
    case 'ObjectId':
      return type === 'text' ? (value as ObjectId).toHexString() : undefined;
    case 'Binary':
      return binaryText(value as Binary, type);
    default:
      return undefined;
  }
}

/** A list is a JSON array of the texts of its elements. */
function listText(value: unknown, element: ColumnType): string | undefined {
  if (!Array.isArray(value)) return undefined;
  const texts = value.map((each) => columnText(each, element));
  return texts.includes(undefined) ? undefined : JSON.stringify(texts);
}

/** How a value is called in messages, with the value. */
export function described(value: unknown): string {
  const type =
    value instanceof Date
      ? 'Date'
      : (bsonType(value) ?? (Array.isArray(value) ? 'array' : typeof value === 'object' ? 'document' : typeof value));
  return `${type} ${jsonOf(value).slice(0, 200)}`;
}

function integerText(text: string, type: ColumnType): string | undefined {
  if (isInteger(type) || type === 'text' || isDecimal(type)) return text;
  if (type === 'float8' || type === 'float4')
    return exactNumber(Number(text), type) && BigInt(text) === BigInt(Number(text)) ? text : undefined;
  return undefined;
}

function doubleText(value: number, type: ColumnType): string | undefined {
  if (type === 'float8' || type === 'text' || type === 'numeric') return Object.is(value, -0) ? '-0.0' : String(value);
  if (type === 'float4') return exactNumber(value, type) ? String(value) : undefined;
  if (isInteger(type)) return Number.isSafeInteger(value) ? BigInt(value).toString() : undefined;
  return decimalSize(type) && Number.isFinite(value) ? plain(String(value)) : undefined;
}

function decimalText(text: string, type: ColumnType): string | undefined {
  if (type === 'numeric' || type === 'text') return text;
  return (isInteger(type) || decimalSize(type)) && /\d/.test(text) ? plain(text) : undefined;
}

function binaryText(value: Binary, type: ColumnType): string | undefined {
  const hex = Buffer.from(value.buffer.buffer, value.buffer.byteOffset, value.position).toString('hex');
  if (type === 'bytes') return `\\x${hex}`;
  if (value.sub_type !== UUID_SUBTYPE || (type !== 'uuid' && type !== 'text')) return undefined;
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** A Date is an instant; a day only when it is midnight, UTC. */
function dateText(value: Date, type: ColumnType): string | undefined {
  if (type !== 'timestamptz' && type !== 'timestamp' && type !== 'date' && type !== 'text') return undefined;
  if (Number.isNaN(value.getTime())) return undefined;
  const [day = '', time = ''] = value.toISOString().split('T');
  if (type === 'date' && time !== '00:00:00.000Z') return undefined;
  const year = value.getUTCFullYear();
  const written = `${String(year > 0 ? year : 1 - year).padStart(4, '0')}${day.slice(-6)}`;
  const era = year > 0 ? '' : ' BC';
  if (type === 'date') return `${written}${era}`;
  return `${written} ${time.replace('Z', '')}${type === 'timestamp' ? '' : '+00'}${era}`;
}

/** `1.5E+3` → `1500`. */
function plain(text: string): string {
  const parts = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text);
  if (parts === null || parts[4] === undefined) return text;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = parts;
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return `${sign}${digits.slice(0, point).padEnd(point, '0')}${point < digits.length ? `.${digits.slice(point)}` : ''}`;
}

function exactNumber(value: number, type: ColumnType): boolean {
  return type === 'float8' || Number.isNaN(value) || Math.fround(value) === value;
}

function isInteger(type: ColumnType): boolean {
  return type === 'int2' || type === 'int4' || type === 'int8';
}

function isDecimal(type: ColumnType): boolean {
  return type === 'numeric' || decimalSize(type) !== undefined;
}
