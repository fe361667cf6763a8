/**
 * Fifty secrets as people have them, and worse. Each has a mark in it, at its beginning, within and at its end, that is nowhere else in the
 * world: whatever shows a mark has let a part of a secret out, however it was escaped.
 */
import { createHash } from 'node:crypto';

/** What stands between the marks. */
const BODIES: readonly string[] = [
  '-plain-',
  ' with spaces ',
  '"double"',
  "'single'",
  '`back`ticks`',
  '\\back\\slashes\\',
  '\nnew\nline\n',
  '\r\ncarriage\r\nreturn\r\n',
  '\ttabs\tin\tit\t',
  'pässwörd-ünïcode',
  '密码-пароль-كلمة',
  '😀-emoji-👩‍👩‍👧',
  '\u2028line\u2029separators',
  '100%-percent%20%zz%',
  '.*+?^$' + '{}()|[]\\',
  '(?<name>a|b)$1$&',
  '{"json":"like","n":[1,2]}',
  '"}],"broken":{"',
  'YmFzZTY0LWxpa2U=',
  '+/base64/+==',
  '$(rm -rf /);`id`&&|>',
  '$HOME $' + '{PATH} !!',
  '<script>alert(1)</script>',
  '&amp;&lt;&#x27;',
  "' or 1=1; drop table x; --",
  'user:pass@host:5432/db?a=b#c',
  'https://in:side@example.com/',
  '=====BEGIN KEY=====\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n=====END KEY=====',
  '\u0001\u0007\u001b[31mred\u001b[0m',
  '\u007f\u0080\u009f',
  'a'.repeat(200),
  'x y'.repeat(1_340),
  'ß'.repeat(60),
  '%2525%252F',
  '&a=1&b=2;c=3',
  '#hash#tag',
  '//slashes///',
  '::colons::',
  ',,commas,;;',
  '@@at@@',
  '~!@#$%^&*()_+',
  '[array](link)',
  '-----',
  '__proto__',
  'null',
  'e\u0301 combining u\u0308',
  '\u200bzero\u200bwidth\ufeff',
  '\u202eright-to-left',
  '0x1F00FF',
  'Bearer eyJhbGciOiJIUzI1NiJ9.e30.x',
];

export const COUNT = BODIES.length;

/** Letters and digits alone, so that no escaping changes them. */
export function markOf(index: number): string {
  return `cNry${createHash('sha256').update(`canary ${index}`).digest('hex').slice(0, 14)}`;
}

export function secretOf(index: number): string {
  const mark = markOf(index);
  const body = BODIES[index] ?? '';
  const middle = Math.floor(body.length / 2);
  return `${mark}${body.slice(0, middle)}${mark}${body.slice(middle)}${mark}`;
}

export type Home = 'password' | 'extra' | 'variable';

/** Where each is kept. */
export function homeOf(index: number): Home {
  return index % 5 < 2 ? 'password' : index % 5 === 2 ? 'extra' : 'variable';
}

/** Of the connection, or of the variable. */
export function nameOf(index: number): string {
  return homeOf(index) === 'variable' ? `canary_${index}_secret` : `canary_${index}`;
}
