import { createLineMasker } from '@headrace/telemetry';
import { describe, expect, test } from '@jest/globals';
import { clip, maskClipped } from '../src/clipped.ts';

const SECRET = 'a secret of some length, and then some more';
const mask = maskClipped(createLineMasker([SECRET]));

describe('a text that was cut off', () => {
  test('shows no beginning of a secret, wherever the cut went through it', () => {
    const text = `before ${SECRET} after it`;
    for (let length = 0; length < text.length; length++) {
      const masked = mask(clip(text, length));
      // A few letters tell nothing, and could be the beginning of anything.
      expect([length, /secret|length|some more/.test(masked)]).toEqual([length, false]);
      expect(masked).toMatch(/… \[\d+ more characters\]$/);
    }
  });

  test('and one that was not, is masked as it is', () => {
    expect(clip('short', 5)).toBe('short');
    expect(mask(clip(`it is ${SECRET}`, 1_000))).toBe('it is ***');
    expect(mask('a secret')).toBe('a secret');
  });
});
