import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createLineMasker, createMasker, maskSecrets } from '../src/index.ts';

const secret = 'p@ss "word"/ü';

describe('masking by value', () => {
  test.each([
    ['as it is', secret],
    ['URL-encoded', encodeURIComponent(secret)],
    ['form-encoded', new URLSearchParams({ x: secret }).toString().slice(2)],
    ['inside JSON', JSON.stringify({ secret })],
    ['as Base64', Buffer.from(secret).toString('base64')],
    ['as Base64url', Buffer.from(secret).toString('base64url')],
    ['as basic authorization', Buffer.from(`user:${secret}`).toString('base64')],
    ['as Base64 between other text', Buffer.from(`ab${secret}cdef`).toString('base64')],
  ])('finds a secret %s', (_, text) => {
    const masked = maskSecrets(`before ${text} after`, [secret]);
    expect(masked).toContain('***');
    expect(masked).not.toContain('word');
    expect(masked.startsWith('before ')).toBe(true);
    expect(masked.endsWith(' after')).toBe(true);
    const base64 = /[\w+/-]{8,}/.exec(masked)?.[0] ?? '';
    expect(Buffer.from(base64, 'base64').toString()).not.toContain('word');
  });

  const hard = [
    'it\'s "quoted" \\ back',
    'täglich/€ & größer',
    "semi;colon (paren)!*'",
    'first line\nsecond "line"\nthird/line',
    'k'.repeat(4_000),
  ];
  const ways: readonly (readonly [string, (value: string) => string])[] = [
    ['within an object on the console', (value) => inspect({ value })],
    ['within JSON within JSON', (value) => JSON.stringify(JSON.stringify({ value }))],
    [
      'within JSON of ASCII',
      (value) => JSON.stringify(value).replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`),
    ],
    ['as JSON with escaped slashes', (value) => JSON.stringify(value).replaceAll('/', '\\/')],
    ['in a query', (value) => new URLSearchParams({ value }).toString()],
    ['in hexadecimal', (value) => Buffer.from(value).toString('hex')],
    ['as Base64 in lines of 76', (value) => Buffer.from(value).toString('base64').replace(/.{76}/g, '$&\n')],
    ['as Base64 in lines of 64', (value) => Buffer.from(value).toString('base64').replace(/.{64}/g, '$&\n')],
  ];
  test.each(ways.flatMap(([way, write]) => hard.map((value) => [way, value.slice(0, 12), write(value)] as const)))(
    'finds a hard secret %s: %s',
    (_, start, text) => {
      const value = hard.find((one) => one.startsWith(start)) ?? '';
      // Line by line, as a log has it.
      const masked = text
        .split('\n')
        .map((line) => maskSecrets(line, [value]))
        .join('');
      expect(masked).toContain('***');
      for (const written of [value, text]) expect(masked).not.toContain(written);
      for (const piece of text.match(/[\w+/%\\-]{24}/g) ?? []) expect(masked).not.toContain(piece);
    },
  );

  test('of a line that was cut off leaves out what may be the beginning of a secret', () => {
    const line = createLineMasker(['hunter2-hunter2']);
    expect(line('password hunter2-hun', true)).toBe('password ');
    expect(line('password hunter2-hun')).toBe('password hunter2-hun');
    expect(line('password hunter2-hunter2 and on', true)).toBe('password *** and on');
  });

  test('masks each line of a secret of several lines', () => {
    const key = '-----BEGIN KEY-----\nc2VjcmV0IHN0dWZm\n-----END KEY-----';
    expect(maskSecrets('line: c2VjcmV0IHN0dWZm', [key])).toBe('line: ***');
  });

  test('leaves what is shorter than five characters', () => {
    expect(maskSecrets('the cat sat', ['cat', ''])).toBe('the cat sat');
  });

  test('takes a secret for text, not for an expression', () => {
    expect(maskSecrets('aaaaaa a.*b(c a.*b(c', ['a.*b(c'])).toBe('aaaaaa *** ***');
  });
});

describe('a masker of pieces', () => {
  test('gives the same as masking the whole text, however it is cut', () => {
    const alphabet = fc.constantFrom('a', 'b', 'c', '"', '\n');
    const values = fc.array(fc.string({ unit: alphabet, minLength: 5, maxLength: 9 }), { minLength: 1, maxLength: 3 });
    const chunks = fc.array(fc.string({ unit: alphabet, maxLength: 12 }), { maxLength: 12 });
    fc.assert(
      fc.property(values, chunks, fc.nat(), (secrets, pieces, at) => {
        const withSecret = pieces.toSpliced(at % (pieces.length + 1), 0, ...[...(secrets[0] as string)]);
        const masker = createMasker(secrets);
        const streamed = withSecret.map((piece) => masker.push(piece)).join('') + masker.end();
        expect(streamed).toBe(maskSecrets(withSecret.join(''), secrets));
      }),
      { numRuns: 2_000 },
    );
  });

  test('finds a secret in single characters, and holds back only what could be one', () => {
    const masker = createMasker(['hunter2']);
    const out = [...'x hunter2!'].map((character) => masker.push(character));
    expect(out.join('')).toBe('x ***!');
    expect(masker.push('all of this line\n')).toBe('all of this line\n');
    expect(masker.push('hunt')).toBe('');
    expect(masker.end()).toBe('hunt');
  });

  test('without secrets passes everything through', () => {
    expect(createMasker([]).push('anything')).toBe('anything');
  });
});
