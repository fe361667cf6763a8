/** What every DataReportStore must do, and the AttemptStore that fills it. */
import type { DataReport, DataReportStore, FinishedAttempt, NewCheck, NewLoad } from '@headrace/ports';
import { type StoreHarness, StoreWorld, type TestFunctions, taskOf } from './store-world.ts';

export type DataReportHarness = StoreHarness & { readonly dataReports: DataReportStore };

export function loadOf(more: Partial<NewLoad> = {}): NewLoad {
  return {
    kind: 'lake',
    connection: 'lake',
    place: 'raw/sales',
    partition: {},
    rowsIn: 5,
    rowsOut: 3,
    rowsDeduplicated: 1,
    rowsQuarantined: 1,
    unchanged: false,
    schemaHash: 'ab12',
    columns: [{ name: 'id', type: 'bigint' }],
    ...more,
  };
}

export function checkOf(more: Partial<NewCheck> = {}): NewCheck {
  return {
    connection: 'lake',
    place: 'raw/sales',
    partition: {},
    name: 'not_null',
    columns: ['id'],
    severity: 'block',
    ok: true,
    count: 0,
    samples: [],
    ...more,
  };
}

const PAGE = { limit: 100 };

export function dataReportStoreConformance(
  jest: TestFunctions,
  { name, open }: { readonly name: string; readonly open: () => Promise<DataReportHarness> },
): void {
  const { describe, test, expect, beforeAll, afterAll } = jest;

  describe(`${name} keeps what tasks read and wrote`, () => {
    let harness: DataReportHarness;
    let world: StoreWorld;
    let reports: DataReportStore;
    beforeAll(async () => {
      harness = await open();
      world = new StoreWorld(harness, 'data');
      reports = harness.dataReports;
    }, 60_000);
    afterAll(() => harness?.close());

    /** An attempt that ends with this report. */
    async function ended(data: DataReport, to: 'success' | 'failed' | 'up_for_retry' = 'success', given: Partial<FinishedAttempt> = {}) {
      const { attempt, workerId } = await world.claimed(await world.dag([taskOf('load')]));
      const state = { attempt: attempt.attempt };
      const outcome: FinishedAttempt = {
        taskInstanceId: attempt.taskInstanceId,
        attemptId: attempt.attemptId,
        to: to === 'up_for_retry' ? { status: to, dueAt: 0, ...state } : { status: to, ...state },
        data,
        ...given,
      };
      return { attempt, outcome, workerId, recorded: await harness.attempts.finish(outcome, workerId) };
    }

    test('with all that a load tells, and with whose it is', async () => {
      const full = loadOf({
        kind: 'table',
        loadId: 'L1',
        disposition: 'merge',
        partition: { year: '2017', day: '19' },
        rowsInserted: 1,
        rowsUpdated: 2,
        rowsDeleted: 0,
        rowsUnchanged: 4,
        bytes: 9_007_199_254_740_991,
        version: 7,
        drift: [{ table: 'sales', change: 'column_added', column: 'x\u0000y', action: 'evolve' }],
        cursor: { name: 'c', before: null, after: { value: '2017-06-19' } },
        quarantine: '_quarantine/a.parquet',
      });
      const { attempt, outcome, workerId } = await ended({ loads: [full, loadOf()], checks: [checkOf(), checkOf({ ok: false })] });
      const kept = await reports.loads({ dagId: attempt.dagId }, PAGE);
      expect(kept).toHaveLength(2);
      expect(kept[1]).toMatchObject({
        ...full,
        drift: [{ table: 'sales', change: 'column_added', action: 'evolve' }],
        dagId: attempt.dagId,
        runId: attempt.runId,
        taskId: 'load',
        mapIndex: -1,
        attempt: 1,
        taskInstanceId: attempt.taskInstanceId,
        checks: 2,
        checksFailed: 1,
      });
      for (const absent of ['loadId', 'drift', 'cursor', 'rowsInserted', 'intervalStart', 'quarantine'])
        expect(kept[0]).not.toHaveProperty(absent);
      // The answer to the first call was lost.
      expect(await harness.attempts.finish(outcome, workerId)).toBe(true);
      expect(await reports.loads({ dagId: attempt.dagId }, PAGE)).toHaveLength(2);
    });

    test('with a failure the checks that led to it', async () => {
      const failing = checkOf({ ok: false, count: 3, samples: ['id=null'], severity: 'block', stage: 'staging', detail: { name: 'mine' } });
      for (const to of ['failed', 'up_for_retry'] as const) {
        const { attempt } = await ended({ loads: [], checks: [failing] }, to);
        expect(await reports.checks({ dagId: attempt.dagId }, PAGE)).toMatchObject([{ ...failing, taskId: 'load', attempt: 1 }]);
        expect(await reports.loads({ dagId: attempt.dagId }, PAGE)).toEqual([]);
      }
    });

    test('but nothing of an attempt that was replaced', async () => {
      const stranger = { attemptId: '00000000-0000-4000-8000-00000000dead' };
      const { attempt, recorded } = await ended({ loads: [loadOf()], checks: [checkOf()] }, 'success', stranger);
      expect(recorded).toBe(false);
      expect(await reports.loads({ dagId: attempt.dagId }, PAGE)).toEqual([]);
      expect(await reports.checks({ dagId: attempt.dagId }, PAGE)).toEqual([]);
    });

    test('in pages, newest first, by any filter', async () => {
      const place = 'raw/paged';
      const of = (n: number, more: Partial<NewLoad> = {}) => loadOf({ place, loadId: `p${n}`, ...more });
      const { attempt } = await ended({
        loads: [of(1), of(2, { rowsQuarantined: 0, rowsIn: 4, drift: [{ change: 'type_widened' }] }), of(3, { partition: { day: 'x' } })],
        checks: [checkOf({ place }), checkOf({ place, ok: false, name: 'unique' })],
      });
      const ids = async (filter: object, page = {}) =>
        (await reports.loads({ place, ...filter }, { ...PAGE, ...page })).map(({ loadId }) => loadId);
      expect(await ids({})).toEqual(['p3', 'p2', 'p1']);
      const [, second] = await reports.loads({ place }, PAGE);
      expect(await ids({}, { before: second?.id })).toEqual(['p1']);
      expect(await ids({}, { limit: 1 })).toEqual(['p3']);
      expect(await ids({ quarantined: true })).toEqual(['p3', 'p1']);
      expect(await ids({ drifted: true })).toEqual(['p2']);
      expect(await ids({ partition: 'day=x/' })).toEqual(['p3']);
      expect(await ids({ loadId: 'p1' })).toEqual(['p1']);
      expect(await ids({ connection: 'other' })).toEqual([]);
      const { dagId, runId } = attempt;
      expect(await ids({ dagId, runId, taskId: 'load', mapIndex: -1 })).toHaveLength(3);
      expect(await ids({ runId: 'other' })).toEqual([]);
      const at = second?.committedAt ?? 0;
      expect(await ids({ at: { gte: at - 1_000, lte: at + 1_000 } })).toHaveLength(3);
      expect(await ids({ at: { gt: at + 1_000 } })).toEqual([]);
      const checks = async (filter: object) => (await reports.checks({ place, ...filter }, PAGE)).map((check) => check.name);
      expect(await checks({})).toEqual(['unique', 'not_null']);
      expect(await checks({ ok: false })).toEqual(['unique']);
      expect(await checks({ ok: true })).toEqual(['not_null']);
      expect(await checks({ name: 'unique', dagId })).toEqual(['unique']);
    });

    test('and knows the newest load of each partition', async () => {
      const place = 'raw/partitioned';
      for (const [day, rows] of [
        ['01', 1],
        ['02', 2],
        ['01', 3],
      ] as const)
        await ended({ loads: [loadOf({ place, partition: { day }, rowsIn: rows + 2, rowsOut: rows })], checks: [] });
      const found = async (page: object) =>
        (await reports.newestLoads({ connection: 'lake', place }, { ...PAGE, ...page })).map((load) => [load.partition.day, load.rowsOut]);
      expect(await found({})).toEqual([
        ['01', 3],
        ['02', 2],
      ]);
      expect(await found({ after: 'day=01/' })).toEqual([['02', 2]]);
      expect(await found({ limit: 1 })).toEqual([['01', 3]]);
    });
  });
}
