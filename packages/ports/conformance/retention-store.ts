/** What every RetentionStore must do. What is old is said by the caller: here, all that has ended. */
import type { DagSpec, Instant } from '@headrace/core';
import type {
  AssetStore,
  BackfillStore,
  DataReportStore,
  LineageStore,
  NoticeStore,
  RetentionKind,
  RetentionStep,
  RetentionStore,
  ScheduleStore,
} from '@headrace/ports';
import { checkOf, loadOf } from './data-report-store.ts';
import { ALL_SHARDS, move, newTasks, type StoreHarness, StoreWorld, type TestFunctions, taskOf } from './store-world.ts';

export type RetentionStoreHarness = StoreHarness & {
  readonly retention: RetentionStore;
  readonly schedules: ScheduleStore;
  readonly backfills: BackfillStore;
  readonly notices: NoticeStore;
  readonly assets: AssetStore;
  readonly dataReports: DataReportStore;
  readonly lineage: LineageStore;
};

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const T0 = Date.UTC(2026, 0, 1);

export function retentionStoreConformance(
  jest: TestFunctions,
  { name, open }: { readonly name: string; readonly open: () => Promise<RetentionStoreHarness> },
): void {
  const { describe, test, expect, beforeAll, afterAll } = jest;

  describe(`${name} removes what is old`, () => {
    let harness: RetentionStoreHarness;
    let world: StoreWorld;
    let later: Instant;
    beforeAll(async () => {
      harness = await open();
      world = new StoreWorld(harness, 'retention');
      later = (await harness.scheduler.now()) + 30 * DAY;
    }, 60_000);
    afterAll(() => harness?.close());

    /** Step by step to the end. */
    async function removeAll(kind: RetentionKind, more: Partial<RetentionStep> = {}): Promise<Record<string, number>> {
      const sum: Record<string, number> = {};
      let after: string | undefined;
      do {
        const step = { before: later, limit: 2, ...more, ...(after === undefined ? {} : { after }) };
        const { removed, next } = await harness.retention.remove(kind, step);
        for (const [what, count] of Object.entries(removed)) sum[what] = (sum[what] ?? 0) + count;
        after = next;
      } while (after !== undefined);
      return sum;
    }

    /** Scheduled runs of a DAG, a day apart; all have ended but those of `live`. */
    async function scheduled(
      count: number,
      live: readonly number[] = [],
    ): Promise<{ readonly spec: DagSpec; readonly keys: readonly string[] }> {
      const spec = await world.dag([taskOf('a'), taskOf('b')], { schedule: { kind: 'continuous' } });
      await harness.schedules.requestPlan([spec.dagId]);
      const { created: keys } = await harness.scheduler.planDueDags(50, ({ dagId, versionId }) => ({
        dagId,
        runs: Array.from({ length: dagId === spec.dagId ? count : 0 }, (_, day) => ({
          dagId,
          versionId,
          runId: `day_${day}`,
          runType: 'scheduled' as const,
          logicalDate: T0 + day * DAY,
          intervalStart: T0 + day * DAY,
          intervalEnd: T0 + (day + 1) * DAY,
          runAfter: T0 + (day + 1) * DAY,
        })),
      }));
      await harness.scheduler.startRuns(ALL_SHARDS, 100, async ({ dagId }) => (dagId === spec.dagId ? newTasks(spec) : []));
      for (const [index, runKey] of keys.entries()) if (!live.includes(index)) await end(runKey);
      return { spec, keys };
    }

    async function end(runKey: string): Promise<void> {
      const run = await world.loaded(runKey);
      const changes = run.tasks.map((_, place) => move(run, place, { status: 'skipped', attempt: 0 }));
      const { stale } = await world.decide([{ runKey, revision: run.revision, status: 'success', changes }]);
      if (stale.length > 0) throw new Error('the run could not be ended');
    }

    async function ended(spec: DagSpec): Promise<string> {
      const { runKey } = await world.running(spec);
      await end(runKey);
      return runKey;
    }

    const left = async (keys: readonly string[]): Promise<readonly number[]> => {
      const there = new Set((await harness.scheduler.loadRuns(keys)).map(({ runKey }) => runKey));
      return keys.flatMap((key, index) => (there.has(key) ? [index] : []));
    };

    async function gone(): Promise<readonly string[]> {
      const doomed = await harness.retention.doomedObjects(1_000);
      await harness.retention.forgetObjects(doomed.map(({ id }) => id));
      return doomed.map(({ dagId, runId, kinds }) => `${dagId} ${runId} ${kinds.join('+')}`);
    }

    test('runs with their task instances, but not the newest scheduled one; counted first, then done', async () => {
      const { spec, keys } = await scheduled(5);
      expect(await removeAll('runs', { dryRun: true })).toEqual({ runs: 4, task_instances: 8 });
      expect(await left(keys)).toEqual([0, 1, 2, 3, 4]);
      expect(await removeAll('runs')).toEqual({ runs: 4, task_instances: 8 });
      expect(await left(keys)).toEqual([4]);
      expect(await removeAll('runs')).toEqual({ runs: 0, task_instances: 0 });
      expect(await gone()).toEqual([0, 1, 2, 3].map((day) => `${spec.dagId} day_${day} logs+results`));
      expect(await gone()).toEqual([]);
    });

    test('but no run younger than asked', async () => {
      const { keys } = await scheduled(2);
      expect(await removeAll('runs', { before: T0 - 1 })).toEqual({ runs: 0, task_instances: 0 });
      expect(await left(keys)).toEqual([0, 1]);
      await removeAll('runs');
    });

    test('but neither runs that are alive, nor the one before each, nor the newest', async () => {
      const { keys } = await scheduled(7, [3]);
      await removeAll('runs');
      expect(await left(keys)).toEqual([2, 3, 6]);
      await end(keys[3] as string);
      await removeAll('runs');
      expect(await left(keys)).toEqual([6]);
    });

    test('but not as many of the newest of a DAG as are asked for', async () => {
      const { keys } = await scheduled(6);
      await removeAll('runs', { keepNewest: 4 });
      expect(await left(keys)).toEqual([2, 3, 4, 5]);
      const manual = await world.dag([taskOf('a')]);
      const runs = [await ended(manual), await ended(manual), await ended(manual)];
      await removeAll('runs', { keepNewest: 2 });
      expect(await left(runs)).toEqual([1, 2]);
      await removeAll('runs');
      expect(await left(runs)).toEqual([]);
    });

    test('but no run of a DAG whose backfill is open', async () => {
      const { spec, keys } = await scheduled(4);
      const { backfillId } = await harness.backfills.create({
        dagId: spec.dagId,
        from: T0,
        to: T0 + DAY,
        params: {},
        reprocess: 'none',
        backwards: false,
        maxActiveRuns: 1,
        priorityClass: -1,
        entries: [{ position: 0, logicalDate: T0, intervalStart: T0, intervalEnd: T0 + DAY, action: { kind: 'create' } }],
      });
      await removeAll('runs');
      expect(await left(keys)).toEqual([0, 1, 2, 3]);
      await harness.backfills.cancel(backfillId);
      await removeAll('runs');
      expect(await left(keys)).toEqual([3]);
    });

    test('but not the objects of a run that was made again under its id', async () => {
      const spec = await world.dag([taskOf('a')]);
      await gone();
      const trigger = async () =>
        (await harness.commands.trigger({ dagId: spec.dagId, runId: 'again', params: {}, runType: 'manual', triggeredBy: 'test' })).runKey;
      const first = await trigger();
      await harness.scheduler.startRuns(ALL_SHARDS, 100, async () => newTasks(spec));
      await end(first);
      await removeAll('runs');
      await trigger();
      expect(await gone()).toEqual([]);
    });

    test('logs and results of runs that stay, once, and again when such a run has been carried out anew', async () => {
      const { spec, keys } = await scheduled(1);
      await gone();
      await removeAll('results');
      await gone();
      expect(await removeAll('logs', { dryRun: true })).toMatchObject({ logs: expect.any(Number) as unknown as number });
      await removeAll('logs');
      expect(await gone()).toContain(`${spec.dagId} day_0 logs`);
      await removeAll('logs');
      expect(await gone()).toEqual([]);
      const run = await world.loaded(keys[0] as string);
      await harness.commands.saveCommand(
        { runKey: run.runKey, revision: run.revision, status: 'queued', changes: [move(run, 0, { status: 'none', attempt: 0 })] },
        { name: 'clear' },
      );
      await harness.scheduler.startRuns(ALL_SHARDS, 100, async () => []);
      const again = await world.loaded(run.runKey);
      await world.decide([
        {
          runKey: run.runKey,
          revision: again.revision,
          status: 'success',
          changes: [move(again, 0, { status: 'skipped', attempt: 0 })],
        },
      ]);
      await removeAll('logs');
      expect(await gone()).toEqual([`${spec.dagId} day_0 logs`]);
    });

    test('notices that were delivered or given up, and none that wait', async () => {
      const target = { kind: 'webhook', connection: 'c' } as const;
      await harness.notices.tell(['one', 'two', 'three'].map((key) => ({ key, target, payload: { event: 'run.failure' } })));
      const claimed = await harness.notices.claim('deliverer', 2, 60_000);
      const outcomes = [{ kind: 'delivered' }, { kind: 'dead', error: 'x' }] as const;
      await harness.notices.settle(
        claimed.flatMap(({ id, attempt }, index) => {
          const outcome = outcomes[index];
          return outcome === undefined ? [] : [{ id, attempt, outcome }];
        }),
      );
      expect(await removeAll('notices', { dryRun: true })).toEqual({ notices: 2 });
      expect(await removeAll('notices')).toEqual({ notices: 2 });
      expect(await removeAll('notices')).toEqual({ notices: 0 });
      expect((await harness.notices.list({}, { limit: 10, offset: 0 })).items).toHaveLength(1);
    });

    test('loads but the newest of each place, and all checks', async () => {
      for (const place of ['raw/a', 'raw/a', 'raw/b']) {
        const { attempt, workerId } = await world.claimed(await world.dag([taskOf('load')]));
        const { taskInstanceId, attemptId } = attempt;
        const data = { loads: [loadOf({ place })], checks: [checkOf({ place })] };
        await harness.attempts.finish({ taskInstanceId, attemptId, to: { status: 'success', attempt: attempt.attempt }, data }, workerId);
      }
      expect(await removeAll('data_loads', { dryRun: true })).toEqual({ data_loads: 1 });
      expect(await removeAll('data_loads')).toEqual({ data_loads: 1 });
      expect(await removeAll('data_checks')).toEqual({ data_checks: 3 });
      expect((await harness.dataReports.loads({}, { limit: 10 })).map(({ place }) => place).sort()).toEqual(['raw/a', 'raw/b']);
    });

    test('events of assets but the newest of each partition, and those that somebody has to look at', async () => {
      await world.dag([taskOf('make', { outlets: ['kept'] })], { assets: [{ name: 'kept' }] });
      const event = (partition?: string) => harness.assets.addEvent({ asset: 'kept', ...(partition === undefined ? {} : { partition }) });
      for (const partition of [undefined, 'a', undefined, 'b', 'a', 'a']) await event(partition);
      expect(await removeAll('asset_events', { dryRun: true })).toEqual({ asset_events: 3 });
      expect(await removeAll('asset_events')).toEqual({ asset_events: 3 });
      await world.dag([taskOf('use')], { schedule: { kind: 'assets', when: { kind: 'asset', name: 'kept' } } });
      await event();
      await event();
      expect(await removeAll('asset_events')).toEqual({ asset_events: 1 });
    });

    test('versions that nobody refers to, with their bundles', async () => {
      const spec = await world.dag([taskOf('a')]);
      const runKey = await ended(spec);
      for (const version of [2, 3, 4]) await world.save({ ...spec, tags: [`v${version}`] }, version);
      const versions = await removeAll('dag_versions', { dryRun: true });
      expect(await removeAll('dag_versions')).toEqual(versions);
      const { versionId } = await world.loaded(runKey);
      expect((await harness.scheduler.loadVersion(versionId)).dagId).toBe(spec.dagId);
      expect(await removeAll('dag_versions')).toEqual({ dag_versions: 0 });
      expect((await removeAll('bundles')).bundles).toBeGreaterThanOrEqual(2);
      await removeAll('runs');
      expect(await removeAll('dag_versions')).toEqual({ dag_versions: 1 });
      expect(
        (await harness.commands.trigger({ dagId: spec.dagId, params: {}, runType: 'manual', triggeredBy: 'test' })).runId,
      ).toBeTruthy();
    });

    test('versions but the newest of each DAG, as many as are asked for', async () => {
      await removeAll('dag_versions');
      const spec = await world.dag([taskOf('a')]);
      for (const version of [2, 3, 4, 5]) await world.save({ ...spec, tags: [`v${version}`] }, version);
      expect(await removeAll('dag_versions', { keepNewest: 5 })).toEqual({ dag_versions: 0 });
      expect(await removeAll('dag_versions', { keepNewest: 3, dryRun: true })).toEqual({ dag_versions: 2 });
      expect(await removeAll('dag_versions', { keepNewest: 3 })).toEqual({ dag_versions: 2 });
      expect(await removeAll('dag_versions', { keepNewest: 3 })).toEqual({ dag_versions: 0 });
      expect(await removeAll('dag_versions')).toEqual({ dag_versions: 2 });
    });

    test('what tasks told of data with the last run that told it', async () => {
      const place = (name: string) => ({ connector: 'lake', connection: 'lake', name });
      const spec = await world.dag([taskOf('load')]);
      /** A run that has ended, and told what it read. */
      const told = async (read: string): Promise<string> => {
        const { run, attempt, workerId } = await world.claimed(spec);
        const { taskInstanceId, attemptId } = attempt;
        const data = { loads: [loadOf({ lineage: { reads: [place(read)], writes: [place('mart')] } })], checks: [] };
        await harness.attempts.finish({ taskInstanceId, attemptId, to: { status: 'success', attempt: attempt.attempt }, data }, workerId);
        const { revision } = await world.loaded(run.runKey);
        await world.decide([{ runKey: run.runKey, revision, status: 'success', changes: [] }]);
        return run.runKey;
      };
      const reads = async () => (await harness.lineage.flows({ dagId: spec.dagId }, 10)).flatMap((flow) => flow.reads);
      const keys = [await told('raw/a'), await told('raw/b'), await told('raw/b'), await told('raw/b')];
      // It is the second that is named; the third and the fourth told the same soon after.
      for (const keepNewest of [3, 2, 1]) {
        await removeAll('runs', { keepNewest });
        expect([(await left(keys)).length, await reads()]).toEqual([keepNewest, ['lake:lake/raw/b']]);
      }
      expect(await removeAll('runs', { dryRun: true })).toMatchObject({ runs: 1 });
      expect(await reads()).toEqual(['lake:lake/raw/b']);
      await removeAll('runs');
      expect([await left(keys), await reads()]).toEqual([[], []]);
    });

    test('workers that died long ago', async () => {
      await harness.attempts.register({ workerId: 'dead', hostname: 'h', pid: 1, queues: ['default'], slots: 1 }, 0);
      expect(await removeAll('processes', { before: T0 })).toEqual({ processes: 0 });
      expect((await removeAll('processes', { dryRun: true })).processes).toBeGreaterThan(0);
      expect((await removeAll('processes')).processes).toBeGreaterThan(0);
      expect(await removeAll('processes')).toEqual({ processes: 0 });
    });

    test('beside no other process that does the same', async () => {
      const { retention } = harness;
      const inner = await retention.exclusively(async () => [await retention.exclusively(async () => 'both'), 'one']);
      expect(inner).toEqual([undefined, 'one']);
      expect(await retention.exclusively(async () => 'again')).toBe('again');
    });
  });
}
