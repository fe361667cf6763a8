/** What every store must do for planning: what runs are kept apart, held, replaced and overtaken, and requests that are sent twice. */
import type { DagSpec, Instant } from '@headrace/core';
import type { CommandStore, DueDag, PlannedRun, SchedulePlan, SchedulerStore, ScheduleStore } from '@headrace/ports';

type TestFunctions = Pick<typeof import('@jest/globals'), 'describe' | 'test' | 'expect' | 'beforeAll' | 'afterAll' | 'beforeEach'>;

export interface ScheduleStoreHarness {
  readonly schedules: ScheduleStore;
  readonly scheduler: SchedulerStore;
  readonly commands: CommandStore;
  /** Empties the store and registers the DAG. */
  begin(spec: DagSpec): Promise<void>;
  end(runKey: string): Promise<void>;
  /** As a command that clears the run. */
  clear(runKey: string): Promise<void>;
  /** Lets go of a run that was held. */
  letGo(runKey: string): Promise<void>;
  /** Notes that the run is being cancelled. */
  setEnding(runKey: string): Promise<void>;
  close(): Promise<void>;
}

const SHARDS = Array.from({ length: 32 }, (_, shard) => shard);
const HOUR = 3_600_000;

const SPEC: DagSpec = {
  formatVersion: 1,
  dagId: 'shop',
  tags: [],
  owners: [],
  schedule: { kind: 'continuous' },
  catchup: { kind: 'off' },
  maxActiveRuns: 5,
  maxActiveTasks: 10,
  pausedUponCreation: false,
  paramsDefault: {},
  tasks: [],
};

export function scheduleStoreConformance(
  jest: TestFunctions,
  { name, open }: { readonly name: string; readonly open: () => Promise<ScheduleStoreHarness> },
): void {
  const { describe, test, expect, beforeAll, beforeEach, afterAll } = jest;

  describe(`${name} plans`, () => {
    let harness: ScheduleStoreHarness;
    let dates = 0;
    beforeAll(async () => {
      harness = await open();
    }, 60_000);
    beforeEach(() => harness.begin(SPEC));
    afterAll(() => harness?.close());

    const start = () => harness.scheduler.startRuns(SHARDS, 100, async () => []);
    const started = async (): Promise<readonly string[]> => (await start()).map((run) => run.runId);
    const trigger = () => harness.commands.trigger({ dagId: 'shop', params: {}, runType: 'manual', triggeredBy: 'test' });

    /** Plans the DAG now, with these runs and whatever else is to hold. */
    async function plan(
      runs: readonly Partial<PlannedRun>[],
      more: Partial<SchedulePlan> = {},
    ): Promise<{ readonly created: readonly string[]; readonly seen: readonly DueDag[] }> {
      await harness.schedules.requestPlan(['shop']);
      const seen: DueDag[] = [];
      const { created } = await harness.scheduler.planDueDags(10, (dag) => {
        seen.push(dag);
        return { dagId: dag.dagId, runs: runs.map((run) => planned(dag, run)), ...more };
      });
      return { created, seen };
    }

    function planned(dag: DueDag, run: Partial<PlannedRun>): PlannedRun {
      const at: Instant = ++dates * HOUR;
      const { dagId, versionId } = dag;
      return {
        dagId,
        versionId,
        runId: `planned_${dates}`,
        runType: 'scheduled',
        logicalDate: at,
        intervalStart: at,
        intervalEnd: at,
        runAfter: at,
        ...run,
      };
    }

    test('again on demand, and not what is paused', async () => {
      const nextDueAt = (await harness.scheduler.now()) + HOUR;
      expect((await plan([], { nextDueAt })).seen).toHaveLength(1);
      expect((await harness.scheduler.planDueDags(10, (dag) => ({ dagId: dag.dagId, runs: [] }))).looked).toBe(0);
      expect((await plan([], { nextDueAt })).seen).toHaveLength(1);
      await harness.commands.setPaused('shop', true);
      await harness.schedules.requestPlan(['shop', 'nope']);
      expect(await harness.scheduler.planDueDags(10, (dag) => ({ dagId: dag.dagId, runs: [] }))).toEqual({ created: [], looked: 0 });
    });

    test('with what was scheduled last, start and end, and the runs that have not ended', async () => {
      const { created } = await plan([{ runId: 'one' }, { runId: 'two', partitionKey: 'p' }], { scheduledFrom: 5, scheduledUpTo: 7 });
      await start();
      await harness.end(created[0] ?? '');
      const { runKey } = await trigger();
      const { seen } = await plan([]);
      expect(seen[0]).toMatchObject({ scheduledFrom: 5, scheduledUpTo: 7 });
      expect(seen[0]?.unended).toEqual([
        { runKey: created[1], status: 'running', partitionKey: 'p' },
        { runKey, status: 'queued' },
      ]);
      expect((await plan([])).seen[0]).toMatchObject({ scheduledFrom: 5, scheduledUpTo: 7 });
    });

    test('as soon as a DAG is idle that asked for it, and not before', async () => {
      const { created } = await plan([{ runId: 'one' }], { whenIdle: true });
      const look = () => harness.scheduler.planDueDags(10, (dag) => ({ dagId: dag.dagId, runs: [] }));
      expect((await look()).looked).toBe(0);
      await start();
      expect((await look()).looked).toBe(0);
      expect(await harness.scheduler.nextDue(SHARDS)).toBeUndefined();
      await harness.end(created[0] ?? '');
      expect(await harness.scheduler.nextDue(SHARDS)).toBeLessThanOrEqual(await harness.scheduler.now());
      expect((await look()).looked).toBe(1);
      expect((await look()).looked).toBe(0);
    });

    test('runs that are held, which stay queued until they are let go', async () => {
      const { created } = await plan([{ runId: 'held', heldFor: 'assets' }]);
      expect(await started()).toEqual([]);
      expect(await harness.scheduler.nextDue(SHARDS)).toBeUndefined();
      await harness.letGo(created[0] ?? '');
      expect(await started()).toEqual(['held']);
    });

    test('runs that take the place of others that have not begun', async () => {
      const { created } = await plan([{ runId: 'begun' }, { runId: 'waiting', runAfter: Date.UTC(2100, 0, 1) }]);
      await start();
      const taken = await plan([{ runId: 'new', runAfter: Date.UTC(2100, 0, 1) }], { replaces: created });
      expect((await plan([])).seen[0]?.unended?.map((run) => run.runKey)).toEqual([created[0], taken.created[0]]);
    });

    test('runs that are kept apart: one runs at a time, whatever made it', async () => {
      await plan([{ runId: 'one' }, { runId: 'two' }], { exclusion: 'dag' });
      const [one] = await start();
      expect(one?.runId).toBe('one');
      const { runKey } = await trigger();
      expect(await started()).toEqual([]);
      expect(await harness.scheduler.nextDue(SHARDS)).toBeUndefined();
      await harness.end(one?.runKey ?? '');
      const [two] = await start();
      expect(two?.runId).toBe('two');
      expect(await started()).toEqual([]);
      await harness.end(two?.runKey ?? '');
      expect((await start()).map((run) => run.runKey)).toEqual([runKey]);
      await plan([]);
      await trigger();
      // The newest plan no longer keeps them apart.
      expect(await started()).toHaveLength(1);
    });

    test('runs of partitions that are kept apart: one of each at a time', async () => {
      const parts = ['a', 'a', 'b', undefined, 'b'];
      const runs = parts.map((partitionKey, index) => ({
        runId: `${partitionKey ?? '-'}${index}`,
        ...(partitionKey === undefined ? {} : { partitionKey }),
      }));
      await plan(runs, { exclusion: 'partition' });
      const first = await start();
      expect(first.map((run) => run.runId).sort()).toEqual(['-3', 'a0', 'b2']);
      expect(await started()).toEqual([]);
      for (const run of first) if (run.runId === 'b2') await harness.end(run.runKey);
      expect(await started()).toEqual(['b4']);
    });

    test('which runs are overtaken: those that go on while a scheduled one waits', async () => {
      const policy = { exclusion: 'dag', endsOther: 'cancel' } as const;
      await plan([{ runId: 'one' }], policy);
      const [one] = await start();
      expect(await harness.schedules.overtakenRuns(10)).toEqual([]);
      await trigger();
      expect(await harness.schedules.overtakenRuns(10)).toEqual([]);
      await plan([{ runId: 'later', runAfter: Date.UTC(2100, 0, 1) }], policy);
      expect(await harness.schedules.overtakenRuns(10)).toEqual([]);
      await plan([{ runId: 'two' }], policy);
      expect(await harness.schedules.overtakenRuns(10)).toEqual([{ dagId: 'shop', runId: 'one', how: 'cancel' }]);
      expect(await harness.schedules.overtakenRuns(0)).toEqual([]);
      // Only its teardowns are left.
      await harness.setEnding(one?.runKey ?? '');
      expect(await harness.schedules.overtakenRuns(10)).toEqual([]);
      await plan([], { exclusion: 'dag', endsOther: 'terminate' });
      expect(await harness.schedules.overtakenRuns(10)).toEqual([{ dagId: 'shop', runId: 'one', how: 'terminate' }]);
      await plan([]);
      expect(await harness.schedules.overtakenRuns(10)).toEqual([]);
    });

    test('which runs are overtaken: none by a run that somebody cleared, nor by one of another partition', async () => {
      const policy = { exclusion: 'partition', endsOther: 'cancel' } as const;
      const { created } = await plan([{ runId: 'a1', partitionKey: 'a' }], policy);
      await start();
      await harness.end(created[0] ?? '');
      await plan(
        [
          { runId: 'a2', partitionKey: 'a' },
          { runId: 'b1', partitionKey: 'b' },
        ],
        policy,
      );
      await start();
      await harness.clear(created[0] ?? '');
      expect(await harness.schedules.overtakenRuns(10)).toEqual([]);
      await plan([{ runId: 'b2', partitionKey: 'b' }], policy);
      expect((await harness.schedules.overtakenRuns(10)).map((run) => run.runId)).toEqual(['b1']);
    });

    test('nothing for a request that was sent before: it is answered with its run', async () => {
      const request = { dagId: 'shop', params: {}, runType: 'manual', triggeredBy: 'test' } as const;
      const idempotency = { key: 'k', requestHash: 'same' };
      const first = await harness.commands.trigger({ ...request, idempotency, logicalDate: 5 });
      const again = await Promise.all([1, 2, 3].map(() => harness.commands.trigger({ ...request, idempotency, logicalDate: 5 })));
      const same = { runKey: first.runKey, runId: first.runId };
      expect(again).toMatchObject([same, same, same]);
      const at = await Promise.all(
        [1, 2, 3, 4].map(() => harness.commands.trigger({ ...request, idempotency: { key: 'at once', requestHash: 'h' } })),
      );
      expect(new Set(at.map((run) => run.runKey)).size).toBe(1);
      await expect(harness.commands.trigger({ ...request, idempotency: { key: 'k', requestHash: 'other' } })).rejects.toMatchObject({
        code: 'HR_IDEMPOTENCY_KEY_REUSED',
      });
      await expect(harness.commands.trigger({ ...request, logicalDate: 5 })).rejects.toMatchObject({ code: 'HR_RUN_EXISTS' });
    });
  });
}
