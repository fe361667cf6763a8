/**
 * What every target must do, wherever it keeps rows: each disposition it declares, committed whole or not at all, once however often
 * it is tried. What merging and keeping versions mean is in `target-merge.ts` and `target-history.ts`.
 */

import { DELETED_AT, LOAD_COLUMN, VALID_FROM, VALID_TO } from '@headrace/dataplane';
import type { Column, DispositionName, Place } from '@headrace/sdk';
import { type Attempts, createAttempts, type LoadOptions, type Row, type TargetHarness } from './attempts.ts';
import { historyConformance } from './target-history.ts';
import { mergeConformance } from './target-merge.ts';
import { type Rig, sorted, type TestFunctions } from './target-rig.ts';

export interface TargetConformanceOptions {
  readonly name: string;
  readonly open: () => Promise<TargetHarness>;
  /** For opening: a server may have to be started. */
  readonly openMs?: number;
  /** What the target's connector declares. Tests are defined before it is opened. */
  readonly dispositions: readonly DispositionName[];
  /** Random sequences of loads for each model. */
  readonly sequences?: number;
  /** What the target cannot, each with the reason that its documentation gives. */
  readonly lacks?: Partial<Record<Feature, string>>;
}

/** What a target of a simpler kind may lack. */
export type Feature =
  /** A load that is stopped before its commit can leave rows behind; its retry must still give the whole. */
  | 'atomic'
  /** Readers see a replaced table before or after, never between. */
  | 'snapshot'
  /** `WriteRequest.audit`. */
  | 'audit'
  /** `WriteRequest.schema`. */
  | 'schema'
  /** Two attempts of different loads at the same time. */
  | 'concurrent'
  /** Of `merge`, strategies other than `upsert`. */
  | 'strategies';

export const COLUMNS: readonly Column[] = [
  { name: 'id', type: 'int8' },
  { name: 'region', type: 'text' },
  { name: 'amount', type: 'decimal(10,2)' },
];

/** Rows with the ids, all of one region. */
export function rowsOf(ids: readonly number[], region = 'north', amount = '1.50'): readonly Row[] {
  return ids.map((id) => ({ id: String(id), region, amount }));
}

const range = (from: number, to: number): readonly number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

function without(row: Row, names: readonly string[]): Row {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)));
}

const EVERY: readonly { readonly name: string; readonly kind: DispositionName; readonly options: LoadOptions }[] = [
  { name: 'append', kind: 'append', options: { disposition: 'append' } },
  { name: 'replace', kind: 'replace', options: { disposition: 'replace' } },
  {
    name: 'replace-partition',
    kind: 'replace-partition',
    options: { disposition: 'replace-partition', partition: { region: 'north' } },
  },
  { name: 'merge', kind: 'merge', options: { disposition: { merge: ['id'] } } },
  { name: 'scd2', kind: 'scd2', options: { disposition: { scd2: ['id'], missing: 'close' } } },
];

/** Runs the suite. */
export function targetConformance(jest: TestFunctions, options: TargetConformanceOptions): void {
  const { describe, test, expect, beforeAll, afterAll } = jest;
  const { name, open, openMs = 60_000, dispositions, lacks = {} } = options;
  const can = (feature: Feature): boolean => lacks[feature] === undefined;

  describe(`${name} is a target`, () => {
    let harness: TargetHarness;
    let attempts: Attempts;
    beforeAll(async () => {
      harness = await open();
      attempts = await createAttempts(harness, COLUMNS);
    }, openMs);
    afterAll(async () => {
      await attempts?.close();
      await harness?.close();
    });

    const rig: Rig = {
      harness: () => harness,
      attempts: () => attempts,
      rows: async (place) =>
        sorted((await harness.rows(place)).map((row) => without(row, [LOAD_COLUMN, VALID_FROM, VALID_TO, DELETED_AT]))),
      versions: async (place) => sorted((await harness.rows(place)).map((row) => without(row, [LOAD_COLUMN]))),
    };
    const state = async (place: Place): Promise<unknown> => [sorted(await harness.rows(place)), await harness.state?.(place)];
    const declared = EVERY.filter(({ kind }) => dispositions.includes(kind));

    test('declares the dispositions that are tested', () => {
      expect([...harness.connector.dispositions].sort()).toEqual([...dispositions].sort());
    });

    describe.each(declared)('$name', ({ options: how }) => {
      const write = (place: Place, rows: readonly Row[], more: Partial<LoadOptions> = {}) =>
        attempts.write(place, rows, { ...how, ...more });

      /** A target without transactions may refuse one of several that write the same load. */
      const writeThrice = async (place: Place): Promise<void> => {
        const runs = ['1', '2', '3'].map((taskInstanceId) => write(place, rowsOf(range(1, 30)), { taskInstanceId }));
        const settled = await Promise.allSettled(runs);
        for (const one of settled) if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'HR_FENCED_COMMIT' });
        expect(settled.some(({ status }) => status === 'fulfilled')).toBe(true);
      };

      test('brings the rows of a first load, and accounts for each', async () => {
        const place = await harness.place();
        const result = await write(place, rowsOf(range(1, 20)));
        expect(await rig.rows(place)).toEqual(sorted(rowsOf(range(1, 20))));
        expect(result).toMatchObject({ rows: 20, counts: { in: 20, out: 20, deduplicated: 0, quarantined: 0 } });
        if (result.kind === 'table') expect(result).toMatchObject({ inserted: 20, updated: 0, deleted: 0, unchanged: 0 });
      });

      test('of no rows at all makes no rows', async () => {
        const place = await harness.place();
        expect(await write(place, [])).toMatchObject({ rows: 0 });
        expect(await rig.rows(place)).toEqual([]);
      });

      test('of a re-run writes nothing', async () => {
        const place = await harness.place();
        await write(place, rowsOf(range(1, 20)));
        const before = await state(place);
        const again = await write(place, rowsOf(range(1, 20)), { attempt: 2, taskInstanceId: '2' });
        if (again.kind === 'table') expect(again).toMatchObject({ inserted: 0, updated: 0, deleted: 0, unchanged: 20 });
        if (again.kind === 'lake') expect(again).toMatchObject({ unchanged: true });
        expect(await state(place)).toEqual(before);
      });

      test('of a re-run with other rows leaves what one load of those rows would', async () => {
        const place = await harness.place();
        const once = await harness.place();
        await write(place, rowsOf([1, 2, 3]));
        await write(place, rowsOf([2, 3, 4], 'north', '9.00'), { attempt: 2 });
        await write(once, rowsOf([2, 3, 4], 'north', '9.00'));
        const kept = typeof how.disposition === 'object' && 'merge' in how.disposition ? rowsOf([1]) : [];
        expect(await rig.versions(place)).toEqual(sorted([...(await rig.versions(once)), ...kept]));
      });

      test('of a late attempt is refused and changes nothing', async () => {
        const place = await harness.place();
        await write(place, rowsOf(range(1, 5)), { attempt: 2 });
        const before = await state(place);
        await expect(write(place, rowsOf(range(1, 9), 'north', '7.00'), { attempt: 1 })).rejects.toMatchObject({
          code: 'HR_FENCED_COMMIT',
          retryable: false,
        });
        expect(await state(place)).toEqual(before);
      });

      test('of another run is not fenced by the attempts of the first', async () => {
        const place = await harness.place();
        await write(place, rowsOf(range(1, 5)), { attempt: 3, taskInstanceId: '1' });
        await expect(write(place, rowsOf(range(1, 5)), { attempt: 1, taskInstanceId: '2' })).resolves.toMatchObject({ rows: 5 });
      });

      test('that is stopped anywhere leaves the rows of before or all of after; its retry gives the whole', async () => {
        const place = await harness.place();
        const whole = await harness.place();
        for (const where of [place, whole]) await write(where, rowsOf([1, 2, 3]), { loadId: 'load-0', until: '2024-01-01T00:00:00.000Z' });
        await write(whole, rowsOf([2, 3, 4, 5], 'north', '2.00'));
        const before = await rig.versions(place);
        const after = await rig.versions(whole);
        let attempt = 1;
        for (let stopAt = 1, stopped = true; stopped && stopAt < 20; stopAt += 1, attempt += 1) {
          const abort = new AbortController();
          let heard = 0;
          const onLog = (): void => {
            heard += 1;
            if (heard === stopAt) abort.abort(new Error('the worker is gone'));
          };
          stopped = await write(place, rowsOf([2, 3, 4, 5], 'north', '2.00'), { attempt, signal: abort.signal, onLog }).then(
            () => false,
            () => true,
          );
          const now = await rig.versions(place);
          if (can('atomic') && stopped) expect([before, after]).toContainEqual(now);
        }
        await write(place, rowsOf([2, 3, 4, 5], 'north', '2.00'), { attempt: attempt + 1 });
        expect(await rig.versions(place)).toEqual(after);
      });

      test('of two attempts at once leaves the rows once', async () => {
        const place = await harness.place();
        const both = await Promise.allSettled([1, 2].map((attempt) => write(place, rowsOf(range(1, 30)), { attempt })));
        for (const one of both) if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'HR_FENCED_COMMIT' });
        expect(both[1]).toMatchObject({ status: 'fulfilled' });
        expect(await rig.rows(place)).toEqual(sorted(rowsOf(range(1, 30))));
      });

      if (can('concurrent')) {
        test('of two runs at once leaves the rows once', async () => {
          const place = await harness.place();
          await writeThrice(place);
          expect(await rig.rows(place)).toEqual(sorted(rowsOf(range(1, 30))));
        });

        test('of two runs at once into a table that is there leaves the rows once', async () => {
          const place = await harness.place();
          await write(place, rowsOf([5]), { loadId: 'load-0', until: '2024-01-01T00:00:00.000Z' });
          await writeThrice(place);
          const appended = how.disposition === 'append' ? rowsOf([5]) : [];
          expect(await rig.rows(place)).toEqual(sorted([...rowsOf(range(1, 30)), ...appended]));
        });
      }

      if (can('audit')) {
        test('shows the table as it would be to an audit, and is published only when that does not throw', async () => {
          const place = await harness.place();
          await write(place, rowsOf([1, 2]), { loadId: 'load-0', until: '2024-01-01T00:00:00.000Z' });
          const before = await state(place);
          const seen: (readonly Row[])[] = [];
          const refused = write(place, rowsOf([2, 3], 'north', '4.00'), {
            audit: async (table) => {
              seen.push(
                await table.query(`select cast(count(*) as char(9)) as n, cast(max(amount) as char(12)) as top from ${table.sql} t`),
              );
              expect(await state(place)).toEqual(before);
              throw new Error('not good enough');
            },
          });
          await expect(refused).rejects.toThrow('not good enough');
          expect(await state(place)).toEqual(before);
          await write(place, rowsOf([2, 3], 'north', '4.00'), { attempt: 2, audit: async () => {} });
          const n = String((await harness.rows(place)).length);
          expect(seen.map(([row]) => [row?.n?.trim(), row?.top?.trim()])).toEqual([[n, '4.00']]);
        });
      }

      if (can('schema')) {
        test('adds and widens columns in the same commit', async () => {
          const place = await harness.place();
          const narrow: readonly Column[] = [
            { name: 'id', type: 'int8' },
            { name: 'region', type: 'text' },
            { name: 'amount', type: 'decimal(4,2)' },
          ];
          await write(place, rowsOf([1]), { loadId: 'load-0', columns: narrow, until: '2024-01-01T00:00:00.000Z' });
          const before = await state(place);
          const note: Column = { name: 'note', type: 'text' };
          const wide: Partial<LoadOptions> = {
            columns: [...COLUMNS, note],
            schema: { add: [note], widen: [{ name: 'amount', type: 'decimal(10,2)' }] },
          };
          const rows = [{ id: '2', region: 'north', amount: '123456.75', note: 'new' }];
          if (can('audit')) {
            const refused = write(place, rows, {
              ...wide,
              audit: async () => {
                throw new Error('no');
              },
            });
            await expect(refused).rejects.toThrow('no');
            expect(await state(place)).toEqual(before);
          }
          await write(place, rows, { ...wide, attempt: 2 });
          expect((await rig.rows(place)).find(({ id }) => id === '2')).toEqual(rows[0]);
          expect(await attempts.withWork({}, async (work) => harness.connector.columns?.(place, work))).toEqual(
            expect.arrayContaining([{ name: 'amount', type: 'decimal(10,2)' }, note]),
          );
        });
      }
    });

    if (dispositions.includes('append') && can('concurrent')) {
      test('appends of many loads at once all arrive, each once', async () => {
        const place = await harness.place();
        const loads = range(1, 6);
        await Promise.all(
          loads.map((n) =>
            attempts.write(place, rowsOf(range(n * 100, n * 100 + 9)), {
              disposition: 'append',
              loadId: `load-${n}`,
              taskInstanceId: `${n}`,
            }),
          ),
        );
        expect(await rig.rows(place)).toEqual(sorted(loads.flatMap((n) => rowsOf(range(n * 100, n * 100 + 9)))));
      });
    }

    if (dispositions.includes('replace')) {
      test('replace leaves nothing of the rows of other loads', async () => {
        const place = await harness.place();
        await attempts.write(place, rowsOf(range(1, 9)), { disposition: 'replace', loadId: 'load-0' });
        await attempts.write(place, rowsOf(range(5, 7), 'south'), { disposition: 'replace', loadId: 'load-1' });
        expect(await rig.rows(place)).toEqual(sorted(rowsOf(range(5, 7), 'south')));
      });

      if (can('snapshot')) {
        test('replace never shows an empty or a half table to readers', async () => {
          const place = await harness.place();
          await attempts.write(place, rowsOf(range(1, 50), 'round 0'), { disposition: 'replace' });
          const seen = new Set<string>();
          let done = false;
          const reader = async (): Promise<void> => {
            while (!done) {
              const rows = await harness.rows(place);
              seen.add(`${rows.length} rows of ${new Set(rows.map(({ region }) => region)).size} loads`);
            }
          };
          const readers = [reader(), reader()];
          for (const round of range(1, 5)) {
            await attempts.write(place, rowsOf(range(1, 50), `round ${round}`), { disposition: 'replace', attempt: round + 1 });
          }
          done = true;
          await Promise.all(readers);
          expect([...seen]).toEqual(['50 rows of 1 loads']);
        });
      }

      if (can('concurrent')) {
        test('replace by several loads at once leaves the rows of one of them', async () => {
          const place = await harness.place();
          await Promise.all(
            range(1, 4).map((n) =>
              attempts.write(place, rowsOf(range(1, 20), `load ${n}`), {
                disposition: 'replace',
                loadId: `load-${n}`,
                taskInstanceId: `${n}`,
              }),
            ),
          );
          const rows = await rig.rows(place);
          expect(rows).toHaveLength(20);
          expect(new Set(rows.map(({ region }) => region)).size).toBe(1);
        });
      }
    }

    if (dispositions.includes('replace-partition')) {
      test('replace-partition leaves the other partitions as they are', async () => {
        const place = await harness.place();
        const put = (region: string, rows: readonly Row[], loadId: string) =>
          attempts.write(place, rows, { disposition: 'replace-partition', partition: { region }, loadId });
        await put('north', rowsOf(range(1, 9), 'north'), 'load-n');
        await put('south', rowsOf(range(1, 5), 'south'), 'load-s');
        await put('north', rowsOf(range(3, 4), 'north', '8.00'), 'load-n2');
        expect(await rig.rows(place)).toEqual(sorted([...rowsOf(range(1, 5), 'south'), ...rowsOf(range(3, 4), 'north', '8.00')]));
      });
    }

    if (dispositions.includes('merge')) mergeConformance(jest, rig, { sequences: options.sequences ?? 15, strategies: can('strategies') });
    if (dispositions.includes('scd2')) historyConformance(jest, rig, { sequences: options.sequences ?? 15 });
  });
}
