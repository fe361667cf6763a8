import { fitsGlob, isVisible } from '@headrace/ports';
import { describe, expect, test } from '@jest/globals';

describe('globs of ids', () => {
  test.each([
    ['sales', 'sales', true],
    ['sales', 'sales2', false],
    ['sales*', 'sales', true],
    ['sales*', 'salesman', true],
    ['*sales', 'presales', true],
    ['a*b*c', 'a.b.c', true],
    ['a*b*c', 'acb', false],
    ['a*a', 'a', false],
    ['ab*bc', 'abc', false],
    ['*', '', true],
    ['s_les', 'sales', false],
    ['s%', 'sales', false],
    ['.*', 'sales', false],
    ['Sales', 'sales', false],
  ])('%s and %s: %s', (glob, id, fits) => {
    expect(fitsGlob(glob, id)).toBe(fits);
  });

  test('are no way to make it slow', () => {
    const glob = `${'a*'.repeat(150)}b`;
    expect(fitsGlob(glob, 'a'.repeat(100_000))).toBe(false);
  });

  test('must fit in every group; no group is everything, an empty one nothing', () => {
    expect(isVisible(undefined, 'x')).toBe(true);
    expect(isVisible([], 'x')).toBe(true);
    expect(isVisible([[]], 'x')).toBe(false);
    expect(
      isVisible(
        [
          ['a*', 'x'],
          ['*z', 'x'],
        ],
        'x',
      ),
    ).toBe(true);
    expect(isVisible([['a*'], ['*z']], 'az')).toBe(true);
    expect(isVisible([['a*'], ['*z']], 'ay')).toBe(false);
  });
});
