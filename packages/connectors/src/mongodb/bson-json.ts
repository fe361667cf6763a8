/**
 * BSON values as JSON, exactly: relaxed Extended JSON v2 (`{"$oid": …}`, `{"$date": …}`, `{"$numberDecimal": …}`), with whole numbers of any
 * size in all their digits, and a double that is whole with `.0`, so that it is one when it comes back.
 *
 * Values are those of a driver that promotes nothing (`promoteValues: false`).
 */
import type { Binary, Code, DBRef, Decimal128, Double, Int32, Long, ObjectId, Timestamp } from 'mongodb';

/** What a value is, by the name of its class; `undefined` for what is not BSON's own. */
export function bsonType(value: unknown): string | undefined {
  return (value as { readonly _bsontype?: string } | null | undefined)?._bsontype;
}

export function jsonOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value);
  if (value instanceof Date) return dateJson(value);
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(',')}]`;
  const type = bsonType(value);
  return type === undefined ? objectJson(value as object) : typedJson(type, value);
}

function objectJson(value: object): string {
  return `{${Object.entries(value)
    .map(([name, each]) => `${JSON.stringify(name)}:${jsonOf(each)}`)
    .join(',')}}`;
}

function typedJson(type: string, value: unknown): string {
  switch (type) {
    case 'Int32':
      return String((value as Int32).value);
    case 'Long':
      return (value as Long).toString();
    case 'Double':
      return doubleJson((value as Double).value);
    case 'Decimal128':
      return `{"$numberDecimal":${JSON.stringify((value as Decimal128).toString())}}`;
    case 'ObjectId':
      return `{"$oid":"${(value as ObjectId).toHexString()}"}`;
    case 'Binary': {
      const { buffer, position, sub_type } = value as Binary;
      const base64 = Buffer.from(buffer.buffer, buffer.byteOffset, position).toString('base64');
      return `{"$binary":{"base64":"${base64}","subType":"${sub_type.toString(16).padStart(2, '0')}"}}`;
    }
    case 'Timestamp': {
      const { t, i } = value as Timestamp;
      return `{"$timestamp":{"t":${t},"i":${i}}}`;
    }
    case 'BSONRegExp': {
      const { pattern, options } = value as { readonly pattern: string; readonly options: string };
      return `{"$regularExpression":${JSON.stringify({ pattern, options })}}`;
    }
    case 'Code': {
      const { code, scope } = value as Code;
      return objectJson({ $code: String(code), ...(scope ? { $scope: scope } : {}) });
    }
    case 'DBRef': {
      const { collection, oid, db, fields } = value as DBRef;
      return objectJson({ $ref: collection, $id: oid, ...(db ? { $db: db } : {}), ...fields });
    }
    case 'BSONSymbol':
      return `{"$symbol":${JSON.stringify((value as { readonly value: string }).value)}}`;
    case 'MinKey':
      return '{"$minKey":1}';
    default:
      return '{"$maxKey":1}';
  }
}

function doubleJson(value: number): string {
  if (!Number.isFinite(value)) return `{"$numberDouble":"${value}"}`;
  const text = Object.is(value, -0) ? '-0' : String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function dateJson(value: Date): string {
  const year = value.getUTCFullYear();
  return year >= 1970 && year <= 9999 ? `{"$date":"${value.toISOString()}"}` : `{"$date":{"$numberLong":"${value.getTime()}"}}`;
}
