/** The words of a REST source, one by one and without a server: paths, links, bounds, hints of when to come back. */
import { dag, exportTo, extract } from '@headrace/sdk';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RateLimit } from '../src/http/rate-limit.ts';
import { waitAskedFor } from '../src/http/server-hints.ts';
import { http, rest } from '../src/index.ts';
import { exactText, parseExact } from '../src/rest/exact-json.ts';
import { jsonPath, singlePath, valueAt, valuesAt } from '../src/rest/json-path.ts';
import { linkOf } from '../src/rest/link-header.ts';
import { lowerBound, upperBound } from '../src/rest/range-params.ts';

describe('JSON paths', () => {
  const document = { a: { 'b c': [{ n: 1 }, { n: 2 }, {}] }, "it's": null, list: [] };
  const values = (path: string) => valuesAt(document, jsonPath('here', path));

  test('members, quoted members, items from both ends, all items', () => {
    expect(valueAt(document, singlePath('here', '$'))).toBe(document);
    expect(valueAt(document, singlePath('here', `$.a['b c'][0].n`))).toBe(1);
    expect(valueAt(document, singlePath('here', '$["a"]["b c"][-2].n'))).toBe(2);
    expect(valueAt(document, singlePath('here', `$['it\\'s']`))).toBeNull();
    expect(values(`$.a['b c'][*]`)).toEqual({ values: document.a['b c'] });
    expect(values('$.list[*]')).toEqual({ values: [] });
    expect(values(`$['it\\'s'][*]`)).toEqual({ values: [] });
  });

  test('what is not there: where the path breaks', () => {
    expect(values('$.a.x[*]')).toEqual({ at: '$.a', found: document.a, missing: 'x' });
    expect(values('$.a[*]')).toEqual({ at: '$.a', found: document.a });
    expect(valueAt(document, singlePath('here', '$.toString.name'))).toBeUndefined();
    expect(valueAt(document, singlePath('here', '$.__proto__'))).toBeUndefined();
  });

  test('anything else is refused when the DAG is built', () => {
    for (const text of ['', 'a', '$.', '$..a', '$.a[?(@.b)]', '$[1:2]', '$.a b', '$[*', '$a', "$['a]", '$.*'])
      expect(() => jsonPath('here', text)).toThrow(/is no path that is known here/);
    expect(() => singlePath('here', '$.a[*].b')).toThrow(/leads to several values/);
    expect(() => rest('crm').get('/x', { records: '$..items' })).toThrow(expect.objectContaining({ code: 'HR_BAD_OPTION' }));
    expect(() => rest('crm').get('/x', { columns: { id: 'int8' }, optional: ['ids' as 'id'] })).toThrow(/there is no column "ids"/);
  });
});

test('JSON keeps the text of every number, wherever it is', () => {
  const digits = fc.tuple(
    fc.boolean(),
    fc.bigInt({ min: 0n, max: 10n ** 40n }),
    fc.option(fc.stringMatching(/^\d{1,20}$/)),
    fc.option(fc.integer({ min: -400, max: 400 })),
  );
  const number = digits.map(
    ([minus, whole, fraction, power]) =>
      `${minus ? '-' : ''}${whole}${fraction === null ? '' : `.${fraction}`}${power === null ? '' : `e${power}`}`,
  );
  fc.assert(
    fc.property(number, fc.json(), (text, other) => {
      const exact = parseExact(`{"a": ${text}, "deep": [[${text}]], "other": ${other}}`) as Record<string, unknown>;
      expect(exactText(exact.a)).toBe(text);
      expect(exactText(exact.deep)).toBe(`[[${text}]]`);
      expect(JSON.parse(exactText(exact.other) === null ? 'null' : JSON.stringify(exact.other))).toEqual(JSON.parse(other));
    }),
    { numRuns: 300 },
  );
});

test('links: several, with other parameters, in quotes, with commas in the address', () => {
  const header = '<https://a/x?p=1,2>; rel="prev", </y?p=3>; title="a, <b>; rel=last"; rel="foo next", <z>; rel=last';
  expect(linkOf(header, 'prev')).toBe('https://a/x?p=1,2');
  expect(linkOf(header, 'next')).toBe('/y?p=3');
  expect(linkOf(header, 'LAST')).toBe('z');
  expect(linkOf(header, 'first')).toBeUndefined();
  expect(linkOf('', 'next')).toBeUndefined();
});

test('bounds are rounded outwards, never inwards', () => {
  const at = '2017-06-19 06:00:00.123456+02';
  expect(lowerBound(at, 'iso', false)).toBe('2017-06-19T04:00:00.123Z');
  expect(lowerBound(at, 'iso', true)).toBe('2017-06-19T04:00:00.122Z');
  expect(upperBound(at, 'iso')).toBe('2017-06-19T04:00:00.124Z');
  expect(lowerBound(at, 'iso-seconds', false)).toBe('2017-06-19T04:00:00Z');
  expect(upperBound(at, 'iso-seconds')).toBe('2017-06-19T04:00:01Z');
  expect(lowerBound(at, 'date', true)).toBe('2017-06-18');
  expect(upperBound(at, 'date')).toBe('2017-06-20');
  expect(upperBound('2017-06-19', 'date')).toBe('2017-06-19');
  expect(lowerBound('2017-06-19T04:00:00Z', 'epoch-seconds', false)).toBe('1497844800');
  expect(upperBound('2017-06-19 04:00:00', 'epoch-ms')).toBe('1497844800000');
  expect(lowerBound('9223372036854775807', 'text', true)).toBe('9223372036854775806');
  expect(lowerBound('abc', 'text', true)).toBe('abc');
  expect(() => lowerBound('17', 'iso', false)).toThrow(expect.objectContaining({ code: 'HR_RANGE_FORMAT' }));
});

test('when to come back: seconds, a date, an instant, or nothing that can be understood', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  const wait = (headers: Record<string, string>) => waitAskedFor(new Headers(headers), now);
  expect(wait({ 'retry-after': '7' })).toBe(7000);
  expect(wait({ 'retry-after': 'Sat, 21 Nov 2026 12:01:00 GMT' })).toBe(60_000);
  expect(wait({ 'retry-after': 'Sat, 21 Nov 2026 11:00:00 GMT' })).toBe(0);
  expect(wait({ 'x-ratelimit-reset': String(now / 1000 + 9) })).toBe(9000);
  expect(wait({ 'x-ratelimit-reset': String(now + 1500) })).toBe(1500);
  expect(wait({ 'ratelimit-reset': '3' })).toBe(3000);
  expect(wait({ 'retry-after': 'soon', 'x-ratelimit-reset': '4' })).toBe(4000);
  expect(wait({})).toBeUndefined();
});

test('a limit holds in every span of its length, however the requests come, and holds nobody up longer than it must', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 }),
      async (requests, perMs, gaps) => {
        let now = 0;
        const clock = {
          now: () => now,
          sleep: async (ms: number) => {
            now += ms;
          },
        };
        const limit = new RateLimit({ requests, perMs }, clock);
        const begun: number[] = [];
        for (const gap of gaps) {
          now += gap;
          const earliest = Math.max(now, (begun[begun.length - requests] ?? Number.NEGATIVE_INFINITY) + perMs);
          await limit.turn(new AbortController().signal);
          expect(now).toBe(earliest);
          begun.push(now);
        }
      },
    ),
  );
});

test('a wrong column is found by the compiler, and by the builder where it can be', () => {
  const define = (build: () => unknown) => () =>
    dag('words', {}, () => {
      build();
    });
  const orders = () => extract('orders', { from: rest('crm').get('/o', { columns: { order_id: 'int8', name: 'text' } }) });
  define(() =>
    exportTo('a', { from: orders(), into: http('b').post('/x', { columns: { order_id: 'int8' }, idempotencyKey: ['order_id'] }) }),
  )();
  // @ts-expect-error it is not among the declared ones
  expect(define(() => http('b').post('/x', { columns: { order_id: 'int8' }, idempotencyKey: ['order'] }))).toThrow(/no column "order"/);
  // @ts-expect-error the rows do not have it
  define(() => exportTo('c', { from: orders(), into: http('b').post('/x', { columns: { id: 'int8' }, idempotencyKey: ['id'] }) }))();
  // @ts-expect-error there is no such column to ask by
  expect(() => rest('crm').get('/o', { columns: { a: 'int8' }, incremental: { column: 'b', param: 'x' } })).toThrow(/no column "b"/);
  expect(() => http('b').post('/x', { idempotencyKey: [] })).toThrow(/at least one column/);
  expect(() => http('b').post('/x/{id}', { idempotencyKey: ['id'], batch: 2 })).toThrow(/not for a batch/);
  expect(() => http('b').post('/x', { idempotencyKey: ['id'], concurrency: 0 })).toThrow(/at least 1/);
});
