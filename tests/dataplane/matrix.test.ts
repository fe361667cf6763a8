/**
 * Every source × file format × target × disposition: the same rows, loaded, loaded again after they have changed, and run again. `npm test` does
 * as few cells as cover every pair (source × target, target × disposition, format × root on either side, source through a package);
 * `HEADRACE_MATRIX=all` does them all.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DatasetResult } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { allCells, type Cell, coveringCells, DISPOSITIONS, FORMATS, nameOf, ROOTS, SOURCES, TARGETS } from './cells.ts';
import { declaredBy } from './declared.ts';
import { rowSets, type SetName } from './hard-rows.ts';
import { canonical, deduplicated, type Step, tableAfter } from './model.ts';
import { createWorld, day, endOf, type World } from './world.ts';

const ALL = process.env.HEADRACE_MATRIX === 'all';
const ROWS = ALL ? 300 : 80;
const AT_ONCE = 3;
/** Only against standing still: on a busy machine the server that speaks for MongoDB is slow to update. */
const MOST_MS = ALL ? 300_000 : 60_000;
const SETS = rowSets(ROWS);

const CELLS = allCells(declaredBy);
const CHOSEN = ALL ? CELLS : coveringCells(CELLS);

describe('the matrix', () => {
  test('has every pair that is to be covered', () => {
    const has = (what: (cell: Cell) => boolean): boolean => CHOSEN.some(what);
    for (const source of SOURCES) {
      expect(has((cell) => cell.source === source && cell.packaged)).toBe(true);
      for (const target of TARGETS) expect(has((cell) => cell.source === source && cell.target === target)).toBe(true);
    }
    for (const target of TARGETS)
      for (const disposition of declaredBy(target))
        expect(has((cell) => cell.target === target && cell.disposition === disposition)).toBe(true);
    for (const format of FORMATS) {
      for (const root of ROOTS) {
        expect(has(({ source, from }) => source === format && from === root)).toBe(true);
        expect(has(({ target, into }) => target === format && into === root)).toBe(true);
      }
    }
  });
});

describe(`${CHOSEN.length} of ${CELLS.length} cells`, () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld(SETS);
  }, 600_000);
  afterAll(() => world?.close(), 60_000);

  const groups = TARGETS.flatMap((target) => declaredBy(target).map((disposition) => ({ target, disposition })));
  test.each(groups)(
    '$target, $disposition: tables are what the model says, every row is accounted for, a re-run changes nothing',
    async ({ target, disposition }) => {
      const cells = CHOSEN.filter((cell) => cell.target === target && cell.disposition === disposition);
      const wrong: string[] = [];
      const next = cells.values();
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          for (const cell of next) {
            const table = `t_${CELLS.indexOf(cell)}`;
            await withinTime(cellHolds(world, cell, table)).catch((error: unknown) => wrong.push(`${nameOf(cell)}: ${String(error)}`));
          }
        }),
      );
      expect(wrong).toEqual([]);
    },
    1_200_000,
  );
});

/** Else one cell that waits for ever would hide what all others found. */
async function withinTime(work: Promise<void>): Promise<void> {
  const limit = new AbortController();
  const late = sleep(MOST_MS, undefined, { signal: limit.signal }).then(() => {
    throw new Error(`it is not done after ${MOST_MS} ms`);
  });
  await Promise.race([work, late]).finally(() => {
    limit.abort();
    late.catch(() => {});
  });
}

/** Loads, changes, and runs again. Throws with what differs. */
async function cellHolds(world: World, cell: Cell, table: string): Promise<void> {
  const disposition = DISPOSITIONS[cell.disposition];
  const order: readonly SetName[] = cell.disposition === 'replace-partition' ? ['south', 'first', 'second'] : ['first', 'second'];
  const done: Step[] = [];
  for (const [n, set] of order.entries()) {
    const step = { rows: SETS[set], at: endOf(n + 1) };
    done.push(step);
    const result = await world.run(cell, table, set, { interval: day(n + 1) });
    assertCounts(result, step, deduplicated(step, disposition));
    if (ALL || n === order.length - 1)
      assertSame(canonical(await world.rows(cell, table)), canonical(tableAfter(done, disposition)), `after "${set}"`);
  }
  const again = await world.run(cell, table, 'second', { interval: day(order.length), attempt: 2, taskInstanceId: '2' });
  if (again.kind === 'table' && again.inserted + again.updated + again.deleted > 0)
    throw new Error(`the re-run wrote ${JSON.stringify({ ...again, columns: [] })}`);
  if (again.kind === 'lake' && !again.unchanged) throw new Error('the re-run wrote another snapshot');
  assertSame(canonical(await world.rows(cell, table)), canonical(tableAfter(done, disposition)), 'after the re-run');
}

function assertCounts(result: DatasetResult, { rows }: Step, dropped: number): void {
  const wanted = { in: rows.length, out: rows.length - dropped, deduplicated: dropped, quarantined: 0 };
  if ('counts' in result && JSON.stringify(result.counts) !== JSON.stringify(wanted))
    throw new Error(`counts are ${JSON.stringify(result.counts)}, not ${JSON.stringify(wanted)}`);
  if (result.rows !== wanted.out) throw new Error(`it says ${result.rows} rows, not ${wanted.out}`);
}

function assertSame(found: readonly string[], wanted: readonly string[], when: string): void {
  const [more, less] = [found.filter((row) => !wanted.includes(row)), wanted.filter((row) => !found.includes(row))];
  if (found.length === wanted.length && more.length === 0 && less.length === 0) return;
  throw new Error(`${when}: ${found.length} rows, not ${wanted.length}; has ${more.length} such as ${more[0]}; lacks ${less[0]}`);
}
