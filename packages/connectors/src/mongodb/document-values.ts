/** Values of documents as keys, and in their order. */
import type { Binary, Decimal128, Document, Double, Int32, Long } from 'mongodb';
import { bsonType, jsonOf } from './bson-json.ts';

/** A field by its name, else, where that has dots, by its path; undefined when it is not there. */
export function fieldOf(document: Document, path: string): unknown {
  if (Object.hasOwn(document, path)) return document[path];
  let value: unknown = document;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Document)[name];
  }
  return value;
}

/** The same text for values that the server takes for equal: 5 is 5 as an integer, a double and a decimal. */
export function keyOf(values: readonly unknown[]): string {
  return JSON.stringify(values.map((value) => (isNumber(value) ? `#${canonicalNumber(numberText(value))}` : jsonOf(value))));
}

/** Negative when `a` comes before `b`. Null, and what is not there, comes first; values of different kinds are ordered by their kind. */
export function compareValues(a: unknown, b: unknown): number {
  const [kindA, kindB] = [kindOf(a), kindOf(b)];
  if (kindA !== kindB) return kindA - kindB;
  if (isNumber(a) && isNumber(b)) return compareNumbers(numberText(a), numberText(b));
  if (a instanceof Date && b instanceof Date) return a.getTime() - b.getTime();
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (kindA === KINDS.binary) return Buffer.compare((a as Binary).value(), (b as Binary).value());
  return 0;
}

const KINDS = { nothing: 0, number: 1, text: 2, binary: 3, date: 4, other: 5 };

function kindOf(value: unknown): number {
  if (value === null || value === undefined) return KINDS.nothing;
  if (isNumber(value)) return KINDS.number;
  if (typeof value === 'string') return KINDS.text;
  if (value instanceof Date) return KINDS.date;
  return bsonType(value) === 'Binary' ? KINDS.binary : KINDS.other;
}

type BsonNumber = Int32 | Long | Double | Decimal128;

function isNumber(value: unknown): value is BsonNumber {
  return ['Int32', 'Long', 'Double', 'Decimal128'].includes(bsonType(value) ?? '');
}

function numberText(value: BsonNumber): string {
  return value.toString();
}

/** Sign, digits without zeros at their ends, and the power of ten of the first digit. */
function partsOf(text: string): { readonly sign: number; readonly digits: string; readonly power: number } | undefined {
  const parts = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text);
  if (parts === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts;
  const all = whole + fraction;
  const digits = all.replace(/^0+/, '');
  const power = whole.length + Number(exponent) - (all.length - digits.length);
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return { sign: 0, digits: '', power: 0 };
  return { sign: sign === '-' ? -1 : 1, digits: significant, power };
}

function canonicalNumber(text: string): string {
  const parts = partsOf(text);
  return parts === undefined ? text : `${parts.sign}:${parts.digits}e${parts.power}`;
}

function compareNumbers(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  // Not a number, and the infinite ones.
  if (left === undefined || right === undefined) return Number(a) - Number(b) || 0;
  if (left.sign !== right.sign) return left.sign - right.sign;
  if (left.power !== right.power) return (left.power - right.power) * left.sign;
  if (left.digits === right.digits) return 0;
  return left.digits < right.digits ? -left.sign : left.sign;
}
