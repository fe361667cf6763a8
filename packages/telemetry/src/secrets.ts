/**
 * Finding secrets in text by their values.
 *
 * X1. A value is found as it is and in the forms in which it commonly leaks: Base64 (also broken into lines), URL-encoded, escaped for
 *     JSON once and twice, as `console.log` shows it within an object, and in hexadecimal.
 * X2. Values shorter than 5 characters are not looked for: masking them would black out ordinary text.
 */
import { inspect } from 'node:util';

export const mask = '***';
const shortest = 5;
const shortestInHex = 8;
/** Of a value of more lines, such as a key, the first tell enough: what follows is looked for as it is. */
const mostEncodedLines = 100;
/** At which programs break lines of Base64: MIME, PEM. */
const base64Columns = [76, 64];

/** All forms of the values that are looked for, longest first, so that a value inside another one leaves no rest. */
export function secretForms(values: Iterable<string>): readonly string[] {
  const forms = new Set<string>();
  for (const value of values) {
    if (value.length < shortest) continue;
    for (const form of [value, ...encodedForms(value), ...base64Forms(value)]) forms.add(form);
    const lines = value.split(/\r?\n/);
    for (const line of lines) if (line.length >= shortest) forms.add(line);
    // A line that stands alone may be encoded, too: `JSON.stringify(key.split('\n'))`.
    if (lines.length > 1) for (const line of lines.slice(0, mostEncodedLines)) for (const form of encodedForms(line)) forms.add(form);
  }
  return [...forms].filter((form) => form.length >= shortest).sort((a, b) => b.length - a.length);
}

/** As it stands in addresses, in JSON (also inside of a string of JSON), in what `console.log` makes of objects, and in hexadecimal. */
function encodedForms(value: string): readonly string[] {
  if (value.length < shortest) return [];
  const url = encodeURIComponent(value.toWellFormed());
  const strict = url.replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
  const json = JSON.stringify(value).slice(1, -1);
  const ascii = json.replace(/[\u0080-\uffff]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const hexadecimal = Buffer.from(value).toString('hex');
  return [
    url,
    strict,
    url.replaceAll('%20', '+'),
    new URLSearchParams({ v: value }).toString().slice(2),
    url.replace(/%[0-9A-F]{2}/g, (each) => each.toLowerCase()),
    json,
    ascii,
    json.replaceAll('/', '\\/'),
    JSON.stringify(json).slice(1, -1),
    inspect(value, { maxStringLength: null, breakLength: Number.POSITIVE_INFINITY }).slice(1, -1),
    // Of a short value it may well be a number that means something else.
    ...(value.length < shortestInHex ? [] : [hexadecimal, hexadecimal.toUpperCase()]),
  ];
}

/** Base64 and Base64url, with and without padding, of the value alone and of its part that stays the same inside a longer text. */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value);
  const forms = [bytes.toString('base64'), bytes.toString('base64url')];
  // Encoded together with a text before it (`user:password`), a value begins at one of three offsets within a group of three bytes.
  for (const offset of [0, 1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(offset), bytes]);
    const start = offset === 0 ? 0 : offset + 1;
    const end = Math.floor((shifted.length * 8) / 6);
    const stable = (encoding: 'base64' | 'base64url') => shifted.toString(encoding).slice(start, end);
    for (const form of [stable('base64'), stable('base64url')]) if (form.length >= 8) forms.push(form);
  }
  for (const columns of base64Columns) {
    const whole = forms[0] ?? '';
    if (whole.length <= columns) continue;
    for (let at = 0; at < whole.length; at += columns) {
      const line = whole.slice(at, at + columns);
      if (line.length >= 8) forms.push(line);
    }
  }
  return [...forms, ...forms.map((form) => form.replace(/=+$/, ''))];
}

/** The text with every form of every value replaced by `***`: leftmost first, and of those the longest. */
export function maskSecrets(text: string, values: Iterable<string>): string {
  const pattern = maskPattern(secretForms(values));
  return pattern === undefined ? text : text.replace(pattern, mask);
}

/** One expression for all forms, or undefined when there is nothing to look for. */
export function maskPattern(forms: readonly string[]): RegExp | undefined {
  return forms.length === 0 ? undefined : new RegExp(forms.map((form) => form.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|'), 'g');
}
