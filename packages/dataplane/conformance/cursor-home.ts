/**
 * What every target that keeps cursors must do: rows and cursor change in one commit, from where the rows were read and from nowhere else.
 * Of two loads that read from the same place one is committed.
 */
import { type CursorHome, type StoredCursor, sameCursor } from '@headrace/dataplane';
import type { CursorMove, CursorState, Place } from '@headrace/sdk';
import { type Attempts, createAttempts, type Row, type TargetHarness } from './attempts.ts';
import { COLUMNS, rowsOf } from './target.ts';
import { sorted, type TestFunctions } from './target-rig.ts';

export interface CursorHomeConformanceOptions {
  readonly name: string;
  /** As for the conformance of the target. */
  readonly open: () => Promise<TargetHarness>;
  readonly openMs?: number;
  /** Why two loads at the same time are not tried: for a server that only imitates the real one. */
  readonly alone?: string;
}

const APPEND = { disposition: 'append' } as const;

/** Strings of every kind that a database might write in another way, and a position with members in no order. */
const FIRST: CursorState = {
  value: '2024-02-29 23:59:59.999999+00',
  boundary: ['00ab', 'ffcd'],
  boundaryFrom: '2024-02-29 21:59:59.999999+00',
  position: { lsn: '16/B374D848', files: ['a', 'ä', "it's", '"', '\\', ''], big: '9223372036854775807', a: { z: 1, b: [2, null, true] } },
};
const SECOND: CursorState = { value: '2024-03-01 00:00:00+00', boundary: ['0001'], boundaryFrom: '2024-02-29 22:00:00+00' };

/** Runs the suite. */
export function cursorHomeConformance(jest: TestFunctions, { name, open, openMs = 60_000, alone }: CursorHomeConformanceOptions): void {
  const { describe, test, expect, beforeAll, afterAll } = jest;

  describe(`${name} keeps cursors`, () => {
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

    const home = (): CursorHome => {
      const { cursors } = harness.connector;
      if (cursors === undefined) throw new TypeError('The target keeps no cursors');
      return cursors;
    };
    const read = (place: Place, cursor = 'sales'): Promise<CursorState | undefined> =>
      attempts.withWork({}, (work) => home().read(place, cursor, work));
    const list = (place: Place): Promise<readonly StoredCursor[]> => attempts.withWork({}, (work) => home().list(place, work));
    const set = (place: Place, state: CursorState | undefined, cursor = 'sales'): Promise<void> =>
      attempts.withWork({}, (work) => home().set(place, cursor, state, work));
    const ids = async (place: Place): Promise<readonly string[]> =>
      (await harness.rows(place)).map(({ id }) => id ?? 'null').sort((a, b) => Number(a) - Number(b));
    const move = (before: CursorState | null, after: CursorState, cursor = 'sales'): CursorMove => ({ name: cursor, before, after });
    const write = (place: Place, rows: readonly Row[], loadId: string, cursor: CursorMove, attempt = 1) =>
      attempts.write(place, rows, { ...APPEND, loadId, cursor, attempt });
    const code = (promise: Promise<unknown>): Promise<unknown> =>
      promise.then(
        () => 'committed',
        (error: unknown) => (error as { code?: unknown }).code ?? error,
      );

    test('has none before the first load', async () => {
      const place = await harness.place();
      expect(await read(place)).toBeUndefined();
      expect(await list(place)).toEqual([]);
    });

    test('moves it with the rows, and gives back every character', async () => {
      const place = await harness.place();
      const result = await write(place, rowsOf([1, 2]), 'a', move(null, FIRST));
      expect(result.cursor).toEqual(move(null, FIRST));
      expect(await read(place)).toEqual(FIRST);
      await write(place, rowsOf([3]), 'b', move(FIRST, SECOND));
      expect(await read(place)).toEqual(SECOND);
      expect(await ids(place)).toEqual(['1', '2', '3']);
    });

    test('takes the same load again, and changes nothing', async () => {
      const place = await harness.place();
      await write(place, rowsOf([1, 2]), 'a', move(null, FIRST));
      await write(place, rowsOf([1, 2]), 'a', move(null, FIRST), 2);
      expect(await ids(place)).toEqual(['1', '2']);
      expect(await read(place)).toEqual(FIRST);
    });

    test('moves it also with a load of no rows, and with rows that are there already', async () => {
      const place = await harness.place();
      await write(place, rowsOf([1]), 'a', move(null, FIRST));
      await write(place, [], 'b', move(FIRST, SECOND));
      expect(await read(place)).toEqual(SECOND);
      await set(place, undefined);
      await write(place, rowsOf([1]), 'a', move(null, FIRST), 2);
      expect(await read(place)).toEqual(FIRST);
      expect(await ids(place)).toEqual(['1']);
    });

    test('refuses rows that were read from elsewhere, and writes none of them', async () => {
      const place = await harness.place();
      await write(place, rowsOf([1]), 'a', move(null, FIRST));
      expect(await code(write(place, rowsOf([2]), 'b', move(null, SECOND)))).toBe('HR_CURSOR_MOVED');
      expect(await code(write(place, rowsOf([2]), 'b', move(SECOND, FIRST)))).toBe('HR_CURSOR_MOVED');
      expect(await ids(place)).toEqual(['1']);
      expect(await read(place)).toEqual(FIRST);
    });

    if (alone === undefined)
      test('commits one of two loads that read from the same place', async () => {
        const place = await harness.place();
        await write(place, rowsOf([1]), 'a', move(null, FIRST));
        const third: CursorState = { value: '2024-03-02 00:00:00+00' };
        const outcomes = await Promise.all([
          code(write(place, rowsOf([2]), 'b', move(FIRST, SECOND))),
          code(write(place, rowsOf([3]), 'c', move(FIRST, third))),
        ]);
        expect([...outcomes].sort()).toEqual(['HR_CURSOR_MOVED', 'committed']);
        const first = outcomes[0] === 'committed';
        expect(await ids(place)).toEqual(['1', first ? '2' : '3']);
        expect(sameCursor(await read(place), first ? SECOND : third)).toBe(true);
      });

    if (alone === undefined)
      test('commits one of two first loads', async () => {
        const place = await harness.place();
        const outcomes = await Promise.all([
          code(write(place, rowsOf([2]), 'b', move(null, FIRST))),
          code(write(place, rowsOf([3]), 'c', move(null, SECOND))),
        ]);
        expect([...outcomes].sort()).toEqual(['HR_CURSOR_MOVED', 'committed']);
        expect(await ids(place)).toEqual([outcomes[0] === 'committed' ? '2' : '3']);
      });

    test('leaves the cursor to others when a load has none', async () => {
      const place = await harness.place();
      await write(place, rowsOf([1]), 'a', move(null, FIRST));
      await attempts.write(place, rowsOf([7]), { ...APPEND, loadId: 'interval' });
      expect(await read(place)).toEqual(FIRST);
      expect(sorted(await harness.rows(place))).toHaveLength(2);
    });

    test('lists, sets and forgets them', async () => {
      const place = await harness.place();
      const from = Date.now();
      await write(place, rowsOf([1]), 'a', move(null, FIRST, 'one'));
      await write(place, rowsOf([2]), 'b', move(null, SECOND, 'two'));
      const listed = await list(place);
      expect(listed.map((each) => [each.name, each.state, typeof each.loadId]).sort()).toEqual([
        ['one', FIRST, 'string'],
        ['two', SECOND, 'string'],
      ]);
      for (const each of listed) {
        expect(each.table).toContain(String(place.settings.name));
        // The clock is the server's.
        expect(Math.abs(each.updatedAt.getTime() - from)).toBeLessThan(3_600_000);
      }
      await set(place, { value: '2020-01-01 00:00:00+00' }, 'one');
      expect((await list(place)).find((each) => each.name === 'one')).toMatchObject({ state: { value: '2020-01-01 00:00:00+00' } });
      expect((await list(place)).find((each) => each.name === 'one')?.loadId).toBeUndefined();
      expect(await code(write(place, rowsOf([3]), 'c', move(FIRST, SECOND, 'one')))).toBe('HR_CURSOR_MOVED');
      await set(place, undefined, 'one');
      expect(await read(place, 'one')).toBeUndefined();
      const { name: _, ...anywhere } = place.settings;
      const everywhere = await list({ ...place, settings: anywhere });
      expect(everywhere.filter((each) => each.name === 'two').map(({ state }) => state)).toContainEqual(SECOND);
      expect(await ids(place)).toEqual(['1', '2']);
    });
  });
}
