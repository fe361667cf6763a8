import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createMasker, maskSecrets } from '../src/index.ts';

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
