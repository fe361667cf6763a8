import { describe, expect, test } from '@jest/globals';
import { type CursorOptions, type Disposition, dag, extract, load, type Source, type Target, task } from '../src/index.ts';

const source: Source = { connector: 'postgres', connection: 'pos', kind: 'table', settings: { name: 'sales' } };
const target: Target = { connector: 'postgres', connection: 'warehouse', kind: 'table', settings: { name: 'raw.sales' } };
const byTime: CursorOptions = { column: 'sold_at', lag: '2 hours' };

const build = (tasks: () => unknown) =>
  dag('sales', {}, () => {
    tasks();
  });

describe('the cursor of an extract', () => {
  test('has a home: the one load of its rows, whose connection the extract then has', () => {
    const { tasks } = build(() => {
      const sales = extract('read', { from: source, cursor: byTime });
      load('put', { from: sales, into: target, disposition: { merge: ['id'] } });
      task('look', { in: { sales } }, () => undefined);
    });
    expect(tasks.get('read')).toMatchObject({
      connections: ['lake', 'pos', 'warehouse'],
      operation: {
        cursor: { column: 'sold_at', lag: { ms: 7_200_000 } },
        homes: [{ task: 'put', target, disposition: { merge: ['id'] } }],
      },
    });
  });

  test('is refused without a load, and with two', () => {
    expect(() => build(() => extract('read', { from: source, cursor: byTime }))).toThrow(
      /extract "read" has a cursor, and no load: .*in the same commit/,
    );
    expect(() =>
      build(() => {
        const sales = extract('read', { from: source, cursor: byTime });
        load('one', { from: sales, into: target, disposition: 'append' });
        load('two', { from: sales, into: target, disposition: 'append' });
      }),
    ).toThrow(/2 loads \("one", "two"\)/);
  });

  test('needs no load where there is no cursor, and has one where the source remembers', () => {
    expect(() => build(() => extract('read', { from: source }))).not.toThrow();
    expect(() => build(() => extract('read', { from: { ...source, remembers: true } }))).toThrow(/no load/);
  });

  test.each<[string, () => unknown, RegExp]>([
    [
      'with a load that replaces what was loaded before',
      () => load('put', { from: extract('read', { from: source, cursor: byTime }), into: target }),
      /load "put" reads only what is new, and would replace all.*append/,
    ],
    ['of a source, with a load that replaces', () => load('put', { from: source, into: target, cursor: byTime }), /would replace all/],
    [
      'that is given to the load of an extract',
      () => load('put', { from: extract('read', { from: source }), into: target, cursor: byTime, disposition: 'append' }),
      /"cursor" belongs to the task that reads the source: give it to extract "read"/,
    ],
    ['with a lag that is no whole number', () => extract('read', { from: source, cursor: { column: 'id', lag: 1.5 } }), /"lag" is 1\.5/],
    ['with a lag below nothing', () => extract('read', { from: source, cursor: { column: 'id', lag: -1 } }), /"lag" is -1/],
    [
      'with a lag of no unit that is known',
      () => extract('read', { from: source, cursor: { column: 'id', lag: '2 moons' as '2 hours' } }),
      /"2 moons" is not a duration/,
    ],
    ['of an empty name', () => extract('read', { from: source, cursor: { column: '' } }), /must be the name of a column/],
    ['named like a path', () => extract('read', { from: source, cursor: { column: 'id', name: 'a/b' } }), /must be letters, digits/],
    [
      'with a range that there is not',
      () => extract('read', { from: source, cursor: { column: 'id', range: 'day' as 'auto' } }),
      /"range" is "day", and must be one of auto, interval/,
    ],
  ])('is refused %s', (_, tasks, message) => {
    expect(() => build(tasks)).toThrow(message);
  });

  test('may replace what it reads by interval only', () => {
    const replacing: Disposition = 'replace';
    expect(() =>
      build(() => load('put', { from: source, into: target, disposition: replacing, cursor: { ...byTime, range: 'interval' } })),
    ).not.toThrow();
  });
});
