/**
 * How a task's result is stored: JSON text that people can read, with tags for what JSON lacks.
 *
 * V1. What `decodeValue` gives equals what `encodeValue` was given; a value that could not come back the same is refused, with its path.
 * V2. JSON values are stored as they are. A tag is an object with one key that begins with `$`; a user's object of that shape is wrapped.
 * V3. Kept beside JSON: bigint, Date, Decimal, Uint8Array, Map, Set, undefined, NaN, ±Infinity and −0.
 */
import { Decimal, isDecimal } from './decimal.ts';
import { ResultTooLargeError, UnstorableResultError } from './errors.ts';

/** Deeper nesting is refused rather than left to overflow a stack somewhere. */
const MAX_DEPTH = 500;
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/**
 * The JSON text of a value. Undefined for `undefined`: there is no result.
 * Throws UnstorableResultError, with the path of the culprit below `root`, and ResultTooLargeError above `maxBytes` of text.
 */
export function encodeValue(value: unknown, root = 'result', maxBytes = Number.POSITIVE_INFINITY): string | undefined {
  if (value === undefined) return undefined;
  const encoder: Encoder = { path: [], open: new Set(), root, budget: maxBytes, maxBytes };
  const text = JSON.stringify(encode(value, encoder));
  if (Buffer.byteLength(text) > maxBytes) throw new ResultTooLargeError(root, maxBytes);
  return text;
}

/** The value of a text that `encodeValue` made. Throws SyntaxError for any other text that is not JSON. */
export function decodeValue(json: string | undefined): unknown {
  if (json === undefined) return undefined;
  const parsed: unknown = JSON.parse(json);
  return json.includes('"$') ? decode(parsed) : parsed;
}

interface Encoder {
  readonly path: (string | number)[];
  /** Objects that are being encoded: meeting one again is a cycle. */
  readonly open: Set<object>;
  readonly root: string;
  readonly maxBytes: number;
  /** Bytes that may still come, counted low: saves building a text that is too large anyway. */
  budget: number;
}

function encode(value: unknown, encoder: Encoder): unknown {
  switch (typeof value) {
    case 'string':
      spend(encoder, value.length);
      return value;
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: Object.is(value, -0) ? '-0' : String(value) };
    case 'bigint':
      return { $bigint: String(value) };
    case 'undefined':
      return { $undefined: true };
    case 'function':
      throw refuse(encoder, 'is a function');
    case 'symbol':
      throw refuse(encoder, 'is a symbol');
    case 'object':
      return value === null ? null : encodeObject(value, encoder);
  }
}

function encodeObject(value: object, encoder: Encoder): unknown {
  spend(encoder, 2);
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw refuse(encoder, 'is an invalid Date');
    return { $date: value.toISOString() };
  }
  if (isDecimal(value)) return { $decimal: String(value) };
  if (value instanceof Uint8Array) {
    spend(encoder, value.byteLength);
    return { $bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
  }
  if (encoder.open.has(value)) throw refuse(encoder, 'refers back to an object that contains it');
  if (encoder.path.length >= MAX_DEPTH) throw refuse(encoder, `is nested more than ${MAX_DEPTH} levels deep`);
  encoder.open.add(value);
  const encoded = encodeContainer(value, encoder);
  encoder.open.delete(value);
  return encoded;
}

function encodeContainer(value: object, encoder: Encoder): unknown {
  if (Array.isArray(value)) return Array.from(value, (item, index) => at(index, item, encoder));
  if (value instanceof Map)
    return { $map: [...value].map(([key, item], index) => [at(`keys()[${index}]`, key, encoder), at(index, item, encoder)]) };
  if (value instanceof Set) return { $set: [...value].map((item, index) => at(index, item, encoder)) };
  const prototype: unknown = Object.getPrototypeOf(value);
  // Also the plain object of another realm, whose prototype is not ours.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) throw refuse(encoder, describeInstance(value));
  const [symbol] = Object.getOwnPropertySymbols(value);
  if (symbol !== undefined) throw refuse(encoder, `has the symbol ${String(symbol)} as a key`);
  const encoded: Record<string, unknown> = Object.create(null);
  const keys = Object.keys(value);
  for (const key of keys) {
    spend(encoder, key.length + 4);
    encoded[key] = at(key, (value as Record<string, unknown>)[key], encoder);
  }
  return keys.length === 1 && keys[0]?.startsWith('$') ? { $object: encoded } : encoded;
}

function at(key: string | number, value: unknown, encoder: Encoder): unknown {
  encoder.path.push(key);
  const encoded = encode(value, encoder);
  encoder.path.pop();
  return encoded;
}

function spend(encoder: Encoder, bytes: number): void {
  encoder.budget -= bytes;
  if (encoder.budget < 0) throw new ResultTooLargeError(encoder.root, encoder.maxBytes);
}

function refuse({ path, root }: Encoder, what: string): UnstorableResultError {
  const text = path.map((key) =>
    typeof key === 'string' && IDENTIFIER.test(key)
      ? `.${key}`
      : typeof key === 'string' && key.startsWith('keys()')
        ? `.${key}`
        : `[${JSON.stringify(key)}]`,
  );
  const shown = text.length > 20 ? [...text.slice(0, 10), ' … ', ...text.slice(-5)] : text;
  return new UnstorableResultError(`${root}${shown.join('')}`, what);
}

function describeInstance(value: object): string {
  const name = (value.constructor as { name?: unknown } | undefined)?.name;
  if (value instanceof Promise) return 'is a Promise: await it';
  return `is an instance of ${typeof name === 'string' && name !== '' ? name : 'a class'}`;
}

function decode(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(decode);
  const entries = Object.entries(value);
  const [first] = entries;
  if (entries.length === 1 && first?.[0].startsWith('$')) return decodeTag(first[0], first[1]);
  return decodeEntries(entries);
}

function decodeEntries(entries: readonly [string, unknown][]): Record<string, unknown> {
  const decoded: Record<string, unknown> = {};
  for (const [key, item] of entries) {
    // An assignment to `__proto__` would not make a property.
    if (key === '__proto__')
      Object.defineProperty(decoded, key, { value: decode(item), enumerable: true, configurable: true, writable: true });
    else decoded[key] = decode(item);
  }
  return decoded;
}

function decodeTag(tag: string, content: unknown): unknown {
  switch (tag) {
    case '$number':
      return content === '-0' ? -0 : Number(content);
    case '$bigint':
      return BigInt(content as string);
    case '$undefined':
      return undefined;
    case '$date':
      return new Date(content as string);
    case '$decimal':
      return new Decimal(content as string);
    case '$bytes':
      return new Uint8Array(Buffer.from(content as string, 'base64'));
    case '$map':
      return new Map((content as readonly [unknown, unknown][]).map(([key, item]) => [decode(key), decode(item)]));
    case '$set':
      return new Set((content as readonly unknown[]).map(decode));
    case '$object':
      return decodeEntries(Object.entries(content as object));
    default:
      throw new SyntaxError(`A stored value has the tag "${tag}", which this version of Headrace does not know`);
  }
}
