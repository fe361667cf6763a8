/** What `scd2` means: by examples, and by a model in memory that random histories are compared with. */
import type { Column, Place, Scd2Disposition } from '@headrace/sdk';
import * as fc from 'fast-check';
import type { Row } from './attempts.ts';
import { type Rig, sorted, type TestFunctions } from './target-rig.ts';

const COLUMNS: readonly Column[] = [
  { name: 'id', type: 'int8' },
  { name: 'value', type: 'text' },
  { name: 'since', type: 'timestamptz' },
];

type Loaded = Readonly<Record<'id' | 'value' | 'since', string | null>>;

const day = (n: number): string => new Date(Date.UTC(2024, 0, n)).toISOString();
const row = (id: number, value: string | null, since = 1): Loaded => ({ id: String(id), value, since: day(since) });
const version = (of: Loaded, from: number, to: number | null): Row => ({
  ...of,
  _valid_from: day(from),
  _valid_to: to === null ? null : day(to),
});

/** Loads of one key's whole history in the order of their instants. `rows` are the table's; each load has a row for a key at most. */
export function snapshotModel(rows: readonly Row[], load: readonly Loaded[], missing: 'close' | 'ignore', at: string): readonly Row[] {
  const data = ({ id, value, since }: Row): string => JSON.stringify([id, value, since]);
  const next = rows.map((old) => {
    if (old._valid_to !== null) return old;
    const now = load.find(({ id }) => id === old.id);
    const ends = now === undefined ? missing === 'close' : data(now) !== data(old);
    return ends ? { ...old, _valid_to: at } : old;
  });
  const open = new Set(next.filter((old) => old._valid_to === null).map((old) => old.id));
  return [...next, ...load.filter(({ id }) => !open.has(id)).map((now) => ({ ...now, _valid_from: at, _valid_to: null }))];
}

/** Versions that say themselves since when they are valid, in whatever order they come. The last to speak of a key and an instant is right. */
export function eventModel(loads: readonly (readonly Loaded[])[]): readonly Row[] {
  const versions = new Map(loads.flat().map((one) => [`${one.id} ${one.since}`, one]));
  return [...versions.values()].map((one) => {
    const later = [...versions.values()].filter(({ id, since }) => id === one.id && (since ?? '') > (one.since ?? ''));
    return { ...one, _valid_from: one.since, _valid_to: later.map(({ since }) => since ?? '').sort()[0] ?? null };
  });
}

export function historyConformance(
  { describe, test, expect }: TestFunctions,
  rig: Rig,
  { sequences }: { readonly sequences: number },
): void {
  const load = (place: Place, rows: readonly Loaded[], at: number, how: Omit<Scd2Disposition, 'scd2'> = {}, attempt = 1) =>
    rig
      .attempts()
      .write(place, rows, { disposition: { scd2: ['id'], ...how }, columns: COLUMNS, until: day(at), loadId: `day ${at}`, attempt });
  const table = (place: Place) => rig.versions(place);

  describe('scd2', () => {
    test('keeps each version with the time from and to which it was valid', async () => {
      const place = await rig.harness().place();
      await load(place, [row(1, 'a'), row(2, 'b')], 2);
      await load(place, [row(1, 'a'), row(2, 'c')], 3);
      await load(place, [row(2, null)], 4);
      expect(await table(place)).toEqual(
        sorted([version(row(1, 'a'), 2, null), version(row(2, 'b'), 2, 3), version(row(2, 'c'), 3, 4), version(row(2, null), 4, null)]),
      );
    });

    test('closes the version of a key that is missing, where it is told to, and opens another when the key is back', async () => {
      const place = await rig.harness().place();
      await load(place, [row(1, 'a'), row(2, 'b')], 2, { missing: 'close' });
      await load(place, [row(2, 'b')], 3, { missing: 'close' });
      await load(place, [row(1, 'a'), row(2, 'b')], 5, { missing: 'close' });
      expect(await table(place)).toEqual(
        sorted([version(row(1, 'a'), 2, 3), version(row(1, 'a'), 5, null), version(row(2, 'b'), 2, null)]),
      );
    });

    test('takes the time from a column, and versions in any order', async () => {
      const place = await rig.harness().place();
      const how = { validFrom: 'since' };
      await load(place, [row(1, 'a', 10), row(1, 'c', 12)], 20, how);
      await load(place, [row(1, 'b', 11)], 21, how);
      expect(await table(place)).toEqual(
        sorted([version(row(1, 'a', 10), 10, 11), version(row(1, 'b', 11), 11, 12), version(row(1, 'c', 12), 12, null)]),
      );
    });

    test('opens a version anew for a key that was closed and comes back with the time it had', async () => {
      const place = await rig.harness().place();
      const how = { validFrom: 'since', missing: 'close' } as const;
      await load(place, [row(1, 'a', 1), row(2, 'b', 1)], 5, how);
      await load(place, [row(2, 'b', 1)], 6, how);
      for (const attempt of [1, 2]) {
        await load(place, [row(1, 'a', 1), row(2, 'b', 1)], 7, how, attempt);
        expect(await table(place)).toEqual(
          sorted([version(row(1, 'a', 1), 1, 6), version(row(1, 'a', 1), 7, null), version(row(2, 'b', 1), 1, null)]),
        );
      }
    });

    test('of a load that was re-run with other rows, versions are those of the last run', async () => {
      const place = await rig.harness().place();
      await load(place, [row(1, 'a'), row(2, 'b')], 2);
      await load(place, [row(1, 'wrong'), row(2, 'b')], 3);
      await load(place, [row(1, 'right'), row(2, 'c')], 3, {}, 2);
      expect(await table(place)).toEqual(
        sorted([version(row(1, 'a'), 2, 3), version(row(1, 'right'), 3, null), version(row(2, 'b'), 2, 3), version(row(2, 'c'), 3, null)]),
      );
      await load(place, [row(1, 'a'), row(2, 'b')], 3, {}, 3);
      expect(await table(place)).toEqual(sorted([version(row(1, 'a'), 2, null), version(row(2, 'b'), 2, null)]));
    });

    test('refuses a load that speaks of a time before one that it has, and changes nothing', async () => {
      const place = await rig.harness().place();
      await load(place, [row(1, 'a')], 2);
      await load(place, [row(1, 'a')], 4);
      const before = await table(place);
      await expect(load(place, [row(1, 'b')], 3)).rejects.toMatchObject({ code: 'HR_HISTORY_OUT_OF_ORDER', retryable: false });
      await expect(load(place, [row(1, 'other')], 2, {}, 2)).rejects.toMatchObject({ code: 'HR_HISTORY_OUT_OF_ORDER' });
      expect(await table(place)).toEqual(before);
      // The same rows again are no news.
      await load(place, [row(1, 'a')], 2, {}, 2);
      expect(await table(place)).toEqual(before);
    });

    test.each([
      ['a null in a key', [{ ...row(1, 'x'), id: null }], {}, 'HR_KEY_NULL'],
      ['a null where a version begins', [{ ...row(1, 'x'), since: null }], { validFrom: 'since' }, 'HR_KEY_NULL'],
      ['two rows of a key', [row(1, 'x'), row(1, 'y')], {}, 'HR_DUPLICATE_KEY'],
      ['two versions of a key that begin together', [row(1, 'x', 1), row(1, 'y', 1)], { validFrom: 'since' }, 'HR_DUPLICATE_KEY'],
    ] as const)('refuses %s', async (_name, rows, how, code) => {
      const place = await rig.harness().place();
      await expect(load(place, rows, 2, how)).rejects.toMatchObject({ code, retryable: false });
      expect(await table(place)).toEqual([]);
    });

    const snapshot = fc.uniqueArray(
      fc.record({ id: fc.constantFrom('1', '2', '3'), value: fc.constantFrom('x', 'y', null), since: fc.constant(day(1)) }),
      { maxLength: 3, selector: ({ id }) => id },
    );

    test.each(['close', 'ignore'] as const)(
      'of random snapshots (missing: %s) leaves the versions of the model, re-runs and all',
      async (missing) => {
        await fc.assert(
          fc.asyncProperty(fc.array(fc.tuple(snapshot, fc.boolean()), { minLength: 1, maxLength: 5 }), async (loads) => {
            const place = await rig.harness().place();
            let model: readonly Row[] = [];
            for (const [index, [rows, again]] of loads.entries()) {
              model = snapshotModel(model, rows, missing, day(index + 2));
              await load(place, rows, index + 2, { missing });
              if (again) await load(place, rows, index + 2, { missing }, 2);
              expect(await table(place)).toEqual(sorted(model));
            }
            const [first] = loads[0] ?? [[]];
            await load(place, first, 2, { missing }, 3);
            expect(await table(place)).toEqual(sorted(model));
          }),
          { numRuns: sequences },
        );
      },
    );

    test('of random versions with times of their own leaves the versions of the model, in whatever order they are loaded', async () => {
      const events = fc.uniqueArray(
        fc.record({
          id: fc.constantFrom('1', '2'),
          value: fc.constantFrom('x', 'y', null),
          since: fc.integer({ min: 1, max: 6 }).map(day),
        }),
        { maxLength: 4, selector: ({ id, since }) => `${id} ${since}` },
      );
      await fc.assert(
        fc.asyncProperty(fc.array(events, { minLength: 1, maxLength: 4 }), async (loads) => {
          const place = await rig.harness().place();
          for (const [index, rows] of loads.entries()) {
            await load(place, rows, index + 10, { validFrom: 'since' });
            expect(await table(place)).toEqual(sorted(eventModel(loads.slice(0, index + 1))));
          }
          await load(place, loads.at(-1) ?? [], loads.length + 9, { validFrom: 'since' }, 2);
          expect(await table(place)).toEqual(sorted(eventModel(loads)));
        }),
        { numRuns: sequences },
      );
    });
  });
}
