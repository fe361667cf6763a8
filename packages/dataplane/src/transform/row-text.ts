/**
 * Rows as text, in the form of PostgreSQL's `COPY`: one line a row, tabs between fields, `\N` for null, and a backslash before what would
 * be mistaken. Values of fields are made only when somebody asks for them.
 */
import { type Column, type ColumnType, elementType, type RowValue } from '@headrace/sdk';

/** Makes a value of a field's text, which is not null. */
export type Decode = (text: string) => RowValue;
/** Makes a field's text (not yet escaped) of a value that is not null. Throws TypeError for a value that is not of the type. */
export type Encode = (value: unknown) => string;

const ESCAPED = /\\([\s\S])/g;
const NAMED: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', v: '\v' };
const SPECIAL = /[\\\t\n\r]/;
const SPECIALS = /[\\\t\n\r]/g;
const AS_NAMED: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

export const NULL_FIELD = '\\N';

/** A field as it was before it was escaped. */
export function unescapeField(field: string): string {
  return field.includes('\\') ? field.replace(ESCAPED, (_, character: string) => NAMED[character] ?? character) : field;
}

export function escapeField(text: string): string {
  return SPECIAL.test(text) ? text.replace(SPECIALS, (character) => AS_NAMED[character] ?? character) : text;
}

/** A field of CSV with tabs, in which `\N` is null unless it stands in quotes. */
export function quoteField(text: string): string {
  // A line without any character would be no row.
  return text === '' || text === NULL_FIELD || /["\t\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function decoderOf(type: ColumnType): Decode {
  switch (type) {
    case 'boolean':
      return (text) => text === 't';
    case 'int2':
    case 'int4':
    case 'float4':
    case 'float8':
      return Number;
    case 'int8':
      return BigInt;
    case 'bytes':
      return (text) => Uint8Array.from(Buffer.from(text.slice(2), 'hex'));
    case 'timestamp':
      return (text) => text.replace(' ', 'T');
    case 'timestamptz':
      return (text) => text.replace(' ', 'T').replace(/\+00$/, 'Z');
    default:
      return (text) => text;
  }
}

export function encoderOf({ name, type }: Column): Encode {
  const encode = encodings(type);
  return (value) => {
    const text = encode(value);
    if (text !== undefined) return text;
    throw new TypeError(`column "${name}" is ${type}, which ${shown(value)} is not${hint(type)}`);
  };
}

/** Undefined: not a value of the type. What only a database can tell (a day that does not exist) it will tell. */
function encodings(type: ColumnType): (value: unknown) => string | undefined {
  const pattern = patternOf(type);
  switch (type) {
    case 'boolean':
      return (value) => (value === true ? 't' : value === false ? 'f' : undefined);
    case 'int2':
    case 'int4':
    case 'int8':
      return (value) => {
        if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined;
        if (typeof value === 'bigint') return String(value);
        return typeof value === 'string' && /^[+-]?\d+$/.test(value) ? value : undefined;
      };
    case 'float4':
    case 'float8':
      return (value) => (typeof value === 'number' ? String(value) : undefined);
    case 'bytes':
      return (value) => (value instanceof Uint8Array ? `\\x${Buffer.from(value).toString('hex')}` : undefined);
    case 'json':
      return (value) => (typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : undefined);
    default:
      if (elementType(type))
        return (value) => (typeof value === 'string' ? value : Array.isArray(value) ? JSON.stringify(value) : undefined);
      return (value) => {
        if (typeof value === 'string') return pattern === undefined || pattern.test(value) ? value : undefined;
        if (typeof value === 'bigint' && pattern !== undefined) return pattern.test(String(value)) ? String(value) : undefined;
        // A library's decimal says its exact text.
        return isDecimalLike(value, type) ? String(value) : undefined;
      };
  }
}

function patternOf(type: ColumnType): RegExp | undefined {
  if (type === 'numeric' || type.startsWith('decimal(')) return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^NaN$/;
  return undefined;
}

const DECIMAL_BRAND = Symbol.for('headrace.decimal');

function isDecimalLike(value: unknown, type: ColumnType): boolean {
  const isDecimal = type === 'numeric' || type.startsWith('decimal(');
  return isDecimal && typeof value === 'object' && value !== null && (DECIMAL_BRAND in value || 'toFixed' in value);
}

function hint(type: ColumnType): string {
  if (type === 'numeric' || type.startsWith('decimal(')) return ': give its exact text';
  return type === 'int8' ? ': give a bigint, a whole number or its digits' : '';
}

function shown(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  const text = typeof value === 'string' ? JSON.stringify(value) : value instanceof Promise ? 'a promise' : String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
