import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Decimal, decodeValue, encodeValue, ResultTooLargeError, UnstorableResultError } from '../src/index.ts';

const storable = fc.letrec((tie) => ({
  leaf: fc.oneof(
    fc.string(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.constant(undefined),
    fc.bigInt(),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array(),
  ),
  value: fc.oneof(
    { depthSize: 'small' },
    tie('leaf'),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('$date', '$object', '__proto__', 'constructor')), tie('value'), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
    fc.array(fc.string(), { maxLength: 3 }).map((items) => new Set(items)),
  ),
})).value;

describe('values', () => {
  test('what is stored comes back the same', () => {
    fc.assert(
      fc.property(storable, (value) => {
        // Node's own comparison: it tells -0 from 0 and a missing key from an undefined one, and is not misled by a key "constructor".
        expect(isDeepStrictEqual(decodeValue(encodeValue(value)), value)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('plain JSON is stored as it is, so that people can read it', () => {
    expect(encodeValue({ rows: 3, files: ['a', null], ok: true })).toBe('{"rows":3,"files":["a",null],"ok":true}');
  });

  test('a decimal keeps its digits', () => {
    const decoded = decodeValue(encodeValue({ price: new Decimal('1.10') })) as { price: Decimal };
    expect(String(decoded.price)).toBe('1.10');
    expect(decoded.price).toBeInstanceOf(Decimal);
  });

  test.each([
    [{ items: [1, 2, 3, { callback() {} }] }, 'result.items[3].callback is a function'],
    [{ 'a b': Symbol('x') }, 'result["a b"] is a symbol'],
    [[new URL('https://a.example')], 'result[0] is an instance of URL'],
    [{ when: new Date(Number.NaN) }, 'result.when is an invalid Date'],
    [{ later: Promise.resolve(1) }, 'result.later is a Promise'],
    [{ [Symbol('tag')]: 1 }, 'result has the symbol Symbol(tag) as a key'],
    [new Map([['k', () => 1]]), 'result[0] is a function'],
  ])('what cannot be stored is named by its path: %#', (value, message) => {
    expect(() => encodeValue(value)).toThrow(UnstorableResultError);
    expect(() => encodeValue(value)).toThrow(message);
  });

  test('a cycle is refused, a shared object is not', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = { cycle };
    expect(() => encodeValue(cycle)).toThrow('result.self.cycle refers back to an object that contains it');
    const shared = { a: 1 };
    expect(decodeValue(encodeValue([shared, shared]))).toEqual([shared, shared]);
  });

  test('endless nesting is refused instead of overflowing a stack', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    expect(() => encodeValue(deep)).toThrow('nested more than 500 levels deep');
  });

  test('the limit is named', () => {
    expect(() => encodeValue('x'.repeat(2_000_000), 'result', 1_048_576)).toThrow(ResultTooLargeError);
    expect(() => encodeValue('x'.repeat(2_000_000), 'result', 1_048_576)).toThrow('larger than the limit of 1 MiB (resultBytes)');
    // Longer in UTF-8 than in characters.
    expect(() => encodeValue('€'.repeat(400_000), 'result', 1_048_576)).toThrow(ResultTooLargeError);
  });

  test('a tag of a later version is an error and not a wrong value', () => {
    expect(() => decodeValue('{"$temporal":"x"}')).toThrow('"$temporal"');
  });
});
