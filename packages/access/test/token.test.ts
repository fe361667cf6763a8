import { describe, expect, test } from '@jest/globals';
import { issueToken, readToken, type TokenKind } from '../src/index.ts';

const KINDS: readonly TokenKind[] = ['apiKey', 'bearer', 'session', 'firstLink'];

describe('tokens', () => {
  test.each(KINDS)('of kind %s are known again by their hash, and never twice the same', (kind) => {
    const { token, hash, hint } = issueToken(kind);
    expect(readToken(token)).toEqual({ kind, hash });
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(token.endsWith(hint)).toBe(true);
    expect(hash).not.toContain(token);
    expect(issueToken(kind).token).not.toBe(token);
  });

  test('of API keys have the form that scanners of secrets look for', () => {
    for (let n = 0; n < 50; n++) expect(issueToken('apiKey').token).toMatch(/^hr_[0-9A-Za-z]{49}$/);
  });

  test('that are mistyped, cut or of another kind are not read', () => {
    const { token } = issueToken('apiKey');
    const other = token[10] === 'A' ? 'B' : 'A';
    for (const wrong of [
      `${token.slice(0, 10)}${other}${token.slice(11)}`,
      token.slice(0, -1),
      `${token}A`,
      `hrb_${token.slice(3)}`,
      `${token}\n`,
      token.toLowerCase(),
      '',
      'hr_',
      'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.',
    ])
      expect(readToken(wrong)).toBeUndefined();
  });
});
