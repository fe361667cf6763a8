/** One JSON object, checked byte by byte, as the members of another whose values are all strings of what is written. */

/** What is wrong in a record, and where in its text. */
export class JsonFault extends Error {
  readonly at: number;
  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

const DEEPEST = 500;
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const TOKEN = /[^\s,\]}:"[{]*/y;
const ESCAPES = new Set([...'"\\/bfnrt'].map((character) => character.charCodeAt(0)));

/**
 * `,"key":"value"` for each member, null staying null. `text` is latin1. `keys` remembers in which record each key came last, by the text
 * with its quotes. A string under a key of `whole` stays JSON, with its quotes. Throws JsonFault.
 */
export function recordLine(text: string, keys: Map<string, number>, record: number, whole: ReadonlySet<string>): string {
  let line = '';
  let at = spaces(text, 1);
  if (text.charCodeAt(0) !== 0x7b) throw new JsonFault(0, `it begins with ${shown(text, 0)}: a record must be an object, {…}`);
  if (text.charCodeAt(at) === 0x7d) return end(text, at, line);
  for (;;) {
    if (text.charCodeAt(at) !== 0x22) throw new JsonFault(at, `where a key must stand is ${shown(text, at)}`);
    const keyEnd = stringEnd(text, at);
    const key = text.slice(at, keyEnd);
    if (keys.get(key) === record) throw new JsonFault(at, `the key ${key} comes twice`);
    keys.set(key, record);
    at = spaces(text, keyEnd);
    if (text.charCodeAt(at) !== 0x3a) throw new JsonFault(at, `behind the key ${key} is ${shown(text, at)} and no colon`);
    at = spaces(text, at + 1);
    const valueEnd = valueFrom(text, at);
    line += `,${key}:${asString(text.slice(at, valueEnd), whole.has(key))}`;
    at = spaces(text, valueEnd);
    const next = text.charCodeAt(at);
    if (next === 0x7d) return end(text, at, line);
    if (next !== 0x2c) throw new JsonFault(at, `behind the value of ${key} is ${shown(text, at)} and no comma`);
    at = spaces(text, at + 1);
  }
}

function end(text: string, at: number, line: string): string {
  const rest = spaces(text, at + 1);
  if (rest < text.length) throw new JsonFault(rest, `behind the record is ${shown(text, rest)}`);
  return line;
}

function asString(value: string, isWhole: boolean): string {
  const first = value.charCodeAt(0);
  if (value === 'null' || (first === 0x22 && !isWhole)) return value;
  if (first !== 0x7b && first !== 0x5b && first !== 0x22) return `"${value}"`;
  return `"${value.replace(/["\\]/g, '\\$&').replace(/[\r\n\t]/g, ' ')}"`;
}

/** Where the value that begins here ends; everything in it is checked. */
function valueFrom(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === 0x22) return stringEnd(text, start);
  if (first !== 0x7b && first !== 0x5b) return scalarEnd(text, start);
  // What is open, innermost last: true for an object.
  const open: boolean[] = [];
  let at = start;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === 0x7b || code === 0x5b) {
      open.push(code === 0x7b);
      if (open.length > DEEPEST) throw new JsonFault(at, `values are nested more than ${DEEPEST} deep`);
      at = spaces(text, at + 1);
      const closes = text.charCodeAt(at) === (code === 0x7b ? 0x7d : 0x5d);
      if (!closes) {
        if (code === 0x7b) at = keyFrom(text, at);
        continue;
      }
      open.pop();
      at += 1;
    } else at = code === 0x22 ? stringEnd(text, at) : scalarEnd(text, at);
    // Behind a value: out of all that it ends.
    for (;;) {
      const inObject = open.at(-1);
      if (inObject === undefined) return at;
      at = spaces(text, at);
      const next = text.charCodeAt(at);
      if (next === 0x2c) {
        at = spaces(text, at + 1);
        if (inObject) at = keyFrom(text, at);
        break;
      }
      if (next !== (inObject ? 0x7d : 0x5d)) throw new JsonFault(at, `behind a value is ${shown(text, at)}`);
      open.pop();
      at += 1;
    }
  }
}

/** Over a key and its colon, to the value. */
function keyFrom(text: string, at: number): number {
  if (text.charCodeAt(at) !== 0x22) throw new JsonFault(at, `where a key must stand is ${shown(text, at)}`);
  const colon = spaces(text, stringEnd(text, at));
  if (text.charCodeAt(colon) !== 0x3a) throw new JsonFault(colon, `behind a key is ${shown(text, colon)} and no colon`);
  return spaces(text, colon + 1);
}

function scalarEnd(text: string, at: number): number {
  TOKEN.lastIndex = at;
  const token = TOKEN.exec(text)?.[0] ?? '';
  if (token === 'null' || token === 'true' || token === 'false' || NUMBER.test(token)) return at + token.length;
  const hint = /^[+-]?(nan|inf|infinity)$/i.test(token) ? ': JSON has no such number, write null or a string' : '';
  throw new JsonFault(
    at,
    token === '' ? `where a value must stand is ${shown(text, at)}` : `${JSON.stringify(token.slice(0, 100))} is no JSON value${hint}`,
  );
}

function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (code < 0x20)
      throw new JsonFault(
        at,
        `a string holds the control character 0x${code.toString(16).padStart(2, '0')}, which must be written as an escape`,
      );
    if (code !== 0x5c) continue;
    at += 1;
    if (ESCAPES.has(text.charCodeAt(at))) continue;
    const unit = codeUnit(text, at);
    if (unit === undefined) throw new JsonFault(at, `"\\${text.slice(at, at + 1)}" is no escape of JSON`);
    at += 4;
    if (unit >= 0xdc00 && unit <= 0xdfff) throw new JsonFault(at, 'a string holds half a character (a lone surrogate)');
    if (unit < 0xd800 || unit > 0xdbff) continue;
    const second = text[at + 1] === '\\' ? codeUnit(text, at + 2) : undefined;
    if (second === undefined || second < 0xdc00 || second > 0xdfff)
      throw new JsonFault(at, 'a string holds half a character (a lone surrogate)');
    at += 6;
  }
  throw new JsonFault(start, 'a string is never closed');
}

/** Of `uXXXX`. */
function codeUnit(text: string, at: number): number | undefined {
  const digits = text.slice(at, at + 5);
  return /^u[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits.slice(1), 16) : undefined;
}

function spaces(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) break;
  }
  return at;
}

function shown(text: string, at: number): string {
  return at < text.length ? JSON.stringify(Buffer.from(text.slice(at, at + 20), 'latin1').toString()) : 'nothing';
}
