/** What `merge` means: by examples, and by a model in memory that random loads are compared with. */
import type { Column, MergeDisposition, Place } from '@headrace/sdk';
import * as fc from 'fast-check';
import type { Row } from './attempts.ts';
import { type Rig, sorted, type TestFunctions } from './target-rig.ts';

const COLUMNS: readonly Column[] = [
  { name: 'id', type: 'int4' },
  { name: 'part', type: 'text' },
  { name: 'value', type: 'text' },
  { name: 'seq', type: 'int8' },
  { name: 'gone', type: 'boolean' },
];
const KEYS = ['id', 'part'] as const;

type Loaded = Readonly<Record<'id' | 'part' | 'value' | 'seq' | 'gone', string | null>>;

const row = (id: number, value: string | null, more: Partial<Loaded> = {}): Loaded => ({
  id: String(id),
  part: 'a',
  value,
  seq: '1',
  gone: null,
  ...more,
});

/** What a load does to the rows of a table, said as simply as can be. */
export function mergeModel(table: readonly Row[], load: readonly Loaded[], how: MergeDisposition, instant: string): readonly Row[] {
  const { strategy = 'upsert', latest, deletes } = how;
  const key = (of: Row): string => JSON.stringify(KEYS.map((name) => of[name]));
  const written = ({ gone, ...rest }: Loaded): Row => ({
    ...rest,
    ...(deletes === undefined ? { gone } : {}),
    ...(deletes?.mode === 'soft' ? { _deleted_at: null } : {}),
  });
  const isGone = ({ gone }: Loaded): boolean => deletes !== undefined && gone === 'true';
  const rank = (of: Row): bigint => BigInt(of.seq ?? '-1');

  let rows = [...table];
  for (const one of new Set(load.map(key))) {
    const there = rows.filter((other) => key(other) === one);
    let given = load.filter((other) => key(other) === one);
    if (latest !== undefined) {
      const top = given.reduce((best, other) => (rank(other) > rank(best) ? other : best));
      // What is in the table already and newer stays.
      given = there.some((other) => rank(other) > rank(top)) ? [] : [top];
    }
    const deleted = given.some(isGone);
    const put = given.filter((other) => !isGone(other)).map(written);
    const others = rows.filter((other) => key(other) !== one);
    if (deleted && deletes?.mode === 'hard') rows = others;
    else if (deleted && deletes?.mode === 'soft' && put.length === 0)
      rows = rows.map((other) => (key(other) === one ? { ...other, _deleted_at: other._deleted_at ?? instant } : other));
    if (put.length === 0) continue;
    if (strategy === 'delete-insert') rows = [...others, ...put];
    else if (strategy === 'upsert') rows = [...others, ...put.slice(0, 1)];
    else if (there.length === 0) rows = [...rows, ...put.slice(0, 1)];
  }
  return rows;
}

export function mergeConformance(
  { describe, test, expect }: TestFunctions,
  rig: Rig,
  { sequences, strategies }: { readonly sequences: number; readonly strategies: boolean },
): void {
  let days = 0;
  /** The end of a run's interval: a later one with every call. */
  const nextDay = (): string => {
    days += 1;
    return new Date(Date.UTC(2024, 0, days)).toISOString();
  };
  const load = (place: Place, rows: readonly Loaded[], disposition: MergeDisposition, until = nextDay(), attempt = 1) =>
    rig.attempts().write(place, rows, { disposition, columns: COLUMNS, until, loadId: until, attempt });
  const table = (place: Place) => rig.versions(place);

  describe('merge', () => {
    test.each([
      ['a null in a key', [row(1, 'x'), { ...row(2, 'y'), part: null }], 'HR_KEY_NULL'],
      ['different rows with the same keys', [row(1, 'x'), row(1, 'y'), row(2, 'z')], 'HR_DUPLICATE_KEY'],
    ] as const)('refuses %s, and changes nothing', async (_name, rows, code) => {
      const place = await rig.harness().place();
      await load(place, [row(1, 'before')], { merge: KEYS });
      const before = await table(place);
      await expect(load(place, rows, { merge: KEYS })).rejects.toMatchObject({ code, retryable: false });
      expect(await table(place)).toEqual(before);
    });

    test('takes rows that are the same once, and counts the others', async () => {
      const place = await rig.harness().place();
      expect(await load(place, [row(1, 'x'), row(1, 'x'), row(2, null)], { merge: KEYS })).toMatchObject({
        rows: 2,
        counts: { in: 3, out: 2, deduplicated: 1, quarantined: 0 },
      });
      expect(await table(place)).toEqual(sorted([row(1, 'x'), row(2, null)]));
    });

    test('writes only what differs', async () => {
      const place = await rig.harness().place();
      await load(place, [row(1, 'x'), row(2, null), row(3, 'z')], { merge: KEYS });
      const result = await load(place, [row(1, 'x'), row(2, 'y'), row(3, null), row(4, 'new')], { merge: KEYS });
      if (result.kind === 'table') expect(result).toMatchObject({ inserted: 1, updated: 2, deleted: 0, unchanged: 1 });
      expect(await table(place)).toEqual(sorted([row(1, 'x'), row(2, 'y'), row(3, null), row(4, 'new')]));
    });

    test('takes the row with the highest value of "latest", of the load and of the table', async () => {
      const place = await rig.harness().place();
      const how: MergeDisposition = { merge: KEYS, latest: 'seq' };
      const first = [row(1, 'old', { seq: '3' }), row(1, 'new', { seq: '20' }), row(1, 'none', { seq: null })];
      expect(await load(place, first, how)).toMatchObject({ counts: { in: 3, out: 1, deduplicated: 2 } });
      await load(place, [row(1, 'late', { seq: '19' })], how);
      expect(await table(place)).toEqual([row(1, 'new', { seq: '20' })]);
      await load(place, [row(1, 'corrected', { seq: '20' })], how);
      expect(await table(place)).toEqual([row(1, 'corrected', { seq: '20' })]);
      await expect(load(place, [row(2, 'x', { seq: '9' }), row(2, 'y', { seq: '9' })], how)).rejects.toMatchObject({
        code: 'HR_DUPLICATE_KEY',
      });
    });

    test('deletes softly with the instant of the load, once, and takes it back', async () => {
      const place = await rig.harness().place();
      const how: MergeDisposition = { merge: KEYS, deletes: { column: 'gone', mode: 'soft' } };
      const kept = ({ gone: _, ...rest }: Loaded, at: string | null): Row => ({ ...rest, _deleted_at: at });
      await load(place, [row(1, 'x'), row(2, 'y')], how, '2024-01-05T00:00:00.000Z');
      await load(place, [row(1, null, { gone: 'true' }), row(9, null, { gone: 'true' })], how, '2024-01-06T00:00:00.000Z');
      await load(place, [row(1, null, { gone: 'true' })], how, '2024-01-07T00:00:00.000Z');
      expect(await table(place)).toEqual(sorted([kept(row(1, 'x'), '2024-01-06T00:00:00.000Z'), kept(row(2, 'y'), null)]));
      await load(place, [row(1, 'x', { gone: 'false' })], how, '2024-01-08T00:00:00.000Z');
      expect(await table(place)).toEqual(sorted([kept(row(1, 'x'), null), kept(row(2, 'y'), null)]));
    });

    const value = fc.constantFrom('x', 'y', null);
    const loaded: fc.Arbitrary<Loaded> = fc.record({
      id: fc.constantFrom('1', '2', '3'),
      part: fc.constantFrom('a', 'b'),
      value,
      seq: fc.constantFrom(null, '1', '2', '10'),
      gone: fc.constantFrom('true', 'false', null),
    });
    const uniqueBy = (selector: (one: Loaded) => string) => fc.uniqueArray(loaded, { maxLength: 6, selector });
    const byKey = uniqueBy(({ id, part }) => `${id} ${part}`);
    const byKeyAndRank = uniqueBy(({ id, part, seq }) => `${id} ${part} ${seq}`);
    const byRow = uniqueBy((one) => JSON.stringify(one));
    const deletes = fc.constantFrom(undefined, 'hard' as const, 'soft' as const, 'ignore' as const);

    for (const strategy of strategies ? (['upsert', 'delete-insert', 'insert-only'] as const) : (['upsert'] as const)) {
      test(`of random loads by "${strategy}" leaves the rows of the model, and re-runs change nothing`, async () => {
        const history = fc.tuple(deletes, fc.boolean()).chain(([mode, latest]) =>
          fc.record({
            mode: fc.constant(mode),
            latest: fc.constant(latest),
            loads: fc.array(latest ? byKeyAndRank : strategy === 'delete-insert' ? byRow : byKey, { minLength: 1, maxLength: 4 }),
          }),
        );
        await fc.assert(
          fc.asyncProperty(history, async ({ mode, latest, loads }) => {
            const how: MergeDisposition = {
              merge: KEYS,
              strategy,
              ...(latest ? { latest: 'seq' } : {}),
              ...(mode === undefined ? {} : { deletes: { column: 'gone', mode } }),
            };
            const place = await rig.harness().place();
            let model: readonly Row[] = [];
            for (const rows of loads) {
              const until = nextDay();
              model = mergeModel(model, rows, how, until);
              await load(place, rows, how, until);
              expect(await table(place)).toEqual(sorted(model));
              await load(place, rows, how, until, 2);
              expect(await table(place)).toEqual(sorted(model));
            }
          }),
          { numRuns: sequences },
        );
      });
    }
  });
}
