/** Times are written as JavaScript itself writes them, and a schema's defaults are put where nothing was sent. */
import { describe, expect, test } from '@jest/globals';
import { Type } from 'typebox';
import { dateTime } from '../src/answers/date-times.ts';
import { compileValidator } from '../src/http/validation.ts';

describe('a time', () => {
  const DAY_MS = 86_400_000;
  const around = [0, DAY_MS, Date.UTC(2024, 1, 29), Date.UTC(1, 0, 1), Date.UTC(9999, 11, 31), -DAY_MS, 253_402_300_800_000];
  test.each(around)('around %d is as toISOString writes it', (instant) => {
    for (const offset of [-DAY_MS, -1, 0, 0.5, 1, 999, 1_000, 59_999, 3_599_999, DAY_MS - 1])
      expect(dateTime(instant + offset)).toBe(new Date(instant + offset).toISOString());
  });

  test('that is none is refused', () => {
    expect(() => dateTime(Number.NaN)).toThrow(RangeError);
  });
});

test.each([
  ['plain', Type.Integer({ default: 5 }), 5],
  ['an object', Type.Object({ a: Type.Integer({ default: 1 }) }, { default: {} }), { a: 1 }],
  ['a list', Type.Array(Type.Integer(), { default: [7] }), [7]],
])('a default that is %s is put where nothing was sent, and nowhere else', (_, field, expected) => {
  const schema = Type.Object({ field, other: Type.Optional(Type.String()) });
  const validate = compileValidator({ schema, method: 'POST', url: '/', httpPart: 'body' });
  expect(validate({ other: 'x' })).toEqual({ value: { field: expected, other: 'x' } });
  expect(validate({ field: 'no' })).toHaveProperty('error');
  expect(validate([])).toHaveProperty('error');
});
