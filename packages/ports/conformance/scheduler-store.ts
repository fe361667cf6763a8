/** What every SchedulerStore must do, whatever keeps the rows. */
import type { ClaimedAttempt } from '@headrace/ports';
import {
  ALL_SHARDS,
  admitAll,
  admitNone,
  LEASE_MS,
  move,
  newTasks,
  type StoreConformanceOptions,
  type StoreHarness,
  StoreWorld,
  type TestFunctions,
  taskOf,
} from './store-world.ts';

export function schedulerStoreConformance(jest: TestFunctions, { name, open }: StoreConformanceOptions): void {
  const { describe, test, expect, beforeAll, afterAll } = jest;

  describe(`${name} is a scheduler's store`, () => {
    let store: StoreHarness;
    let world: StoreWorld;
    beforeAll(async () => {
      store = await open();
      world = new StoreWorld(store, 'scheduling');
    }, 60_000);
    afterAll(() => store?.close());

    test('starts runs that are due, with their task instances, up to the limit of their DAG', async () => {
      const spec = await world.dag([taskOf('a'), taskOf('b')], { maxActiveRuns: 2 });
      const runKeys = [await world.trigger(spec), await world.trigger(spec), await world.trigger(spec)];
      const { runKey: later } = await store.commands.trigger({
        dagId: spec.dagId,
        runId: 'later',
        runAfter: (await store.scheduler.now()) + 3_600_000,
        params: {},
        runType: 'manual',
        triggeredBy: 'test',
      });
      const started = await store.scheduler.startRuns(ALL_SHARDS, 100, async () => newTasks(spec));
      expect(started.map((run) => run.runKey)).toEqual(runKeys.slice(0, 2));
      expect(started[0]).toMatchObject({ status: 'running', revision: 0, tasks: [{ taskId: 'a', mapIndex: -1 }, { taskId: 'b' }] });
      expect(started[0]?.progress.startedAt).toEqual(expect.any(Number));
      expect(await store.scheduler.startRuns(ALL_SHARDS, 100, async () => newTasks(spec))).toEqual([]);
      expect((await world.loaded(later)).status).toBe('queued');
    });

    test('starts only runs of the shards it is asked for, and none of a paused DAG', async () => {
      const spec = await world.dag([taskOf('a')]);
      const runKey = await world.trigger(spec);
      const shard = Number(BigInt(runKey) % 32n);
      const others = ALL_SHARDS.filter((one) => one !== shard);
      expect((await store.scheduler.startRuns(others, 100, async () => newTasks(spec))).map((run) => run.runKey)).not.toContain(runKey);
      await store.commands.setPaused(spec.dagId, true);
      expect(await store.scheduler.startRuns([shard], 100, async () => newTasks(spec))).toEqual([]);
      await store.commands.setPaused(spec.dagId, false);
      expect((await store.scheduler.startRuns([shard], 100, async () => newTasks(spec))).map((run) => run.runKey)).toEqual([runKey]);
      expect(await store.scheduler.activeRuns([shard])).toContain(runKey);
      expect(await store.scheduler.activeRuns(others)).not.toContain(runKey);
    });

    test('saves a decision as a whole, and gives slots with it', async () => {
      const run = await world.running(await world.dag([taskOf('a'), taskOf('b')]));
      const { runKey, revision } = run;
      const result = await world.decide([
        { runKey, revision, changes: [move(run, 0, { status: 'scheduled', attempt: 0 }), move(run, 1, { status: 'skipped', attempt: 0 })] },
      ]);
      expect(result.stale).toEqual([]);
      expect(result.queued).toEqual([
        {
          runKey,
          taskInstanceId: run.tasks[0]?.taskInstanceId,
          attempt: 1,
          attemptId: expect.stringMatching(/^[0-9a-f-]{36}$/),
          sequence: 1,
          queue: 'default',
          priority: 1,
        },
      ]);
      expect(await world.states(runKey)).toEqual({ a: 'queued 1', b: 'skipped 0' });
    });

    test('saves nothing of a run that has moved on, and says so', async () => {
      const run = await world.running(await world.dag([taskOf('a'), taskOf('b')]));
      const { runKey, revision } = run;
      const wrongFrom = { ...move(run, 1, { status: 'skipped', attempt: 0 }), from: 'scheduled' as const };
      const changes = [move(run, 0, { status: 'scheduled', attempt: 0 }), wrongFrom];
      expect((await world.decide([{ runKey, revision, changes }])).stale).toEqual([runKey]);
      expect((await world.decide([{ runKey, revision: revision + 1, changes: changes.slice(0, 1) }])).stale).toEqual([runKey]);
      expect(await world.states(runKey)).toEqual({ a: 'none 0', b: 'none 0' });
      const ended = [move(run, 0, { status: 'skipped', attempt: 0 }), move(run, 1, { status: 'skipped', attempt: 0 })];
      expect((await world.decide([{ runKey, revision, status: 'success', changes: ended }])).stale).toEqual([]);
      expect((await world.decide([{ runKey, revision, changes: [] }])).stale).toEqual([runKey]);
      expect((await world.loaded(runKey)).status).toBe('success');
    });

    test('adds task instances, gives a node its map index, and remembers the progress', async () => {
      const run = await world.running(await world.dag([taskOf('a'), taskOf('b')]));
      const { runKey, revision } = run;
      const [like] = newTasks(await world.dag([taskOf('a')]));
      if (like === undefined) throw new Error('no task');
      const created = [
        { ...like, mapIndex: 1, state: { status: 'scheduled', attempt: 0 } as const, reason: 'mapped' },
        { ...like, mapIndex: 2, state: { status: 'none', attempt: 0 } as const, reason: 'mapped' },
      ];
      const changes = [{ ...move(run, 0, { status: 'scheduled', attempt: 0 }), mapIndex: 0 }];
      const result = await world.decide([{ runKey, revision, changes, created, progress: { retries: 1 } }], admitNone);
      expect(result.created.map(({ taskId, mapIndex }) => [taskId, mapIndex])).toEqual([
        ['a', 1],
        ['a', 2],
      ]);
      expect(result.backlog).toBe(true);
      expect(await world.states(runKey)).toEqual({ 'a[0]': 'scheduled 0', b: 'none 0', 'a[1]': 'scheduled 0', 'a[2]': 'none 0' });
      expect((await world.loaded(runKey)).progress).toMatchObject({ retries: 1 });
      await world.decide();
    });

    test('asks who gets a slot with what is free, and leaves the others waiting', async () => {
      await store.resizePool(1_000);
      const spec = await world.dag([taskOf('a', { priorityWeight: 5 }), taskOf('b', { priorityWeight: 9 })], { maxActiveTasks: 1 });
      const run = await world.running(spec, 'scheduled');
      let asked: readonly string[] = [];
      const result = await world.decide([], (candidates, capacity) => {
        const mine = candidates.filter((candidate) => candidate.dagId === spec.dagId);
        asked = mine.map((candidate) => candidate.taskInstanceId);
        expect(capacity.dags.get(spec.dagId)).toBe(1);
        return admitAll(candidates, capacity, ({ dagId, priorityWeight }) => dagId === spec.dagId && priorityWeight === 9);
      });
      expect(new Set(asked)).toEqual(new Set(run.tasks.map((task) => task.taskInstanceId)));
      expect(result.queued.map((task) => task.priority)).toEqual([9]);
      expect(result.backlog).toBe(true);
      let again = 0;
      const { queued } = await world.decide([], (candidates, capacity) => {
        again = capacity.dags.get(spec.dagId) ?? 0;
        return admitNone(candidates, capacity);
      });
      expect(again).toBe(0);
      expect(queued).toEqual([]);
    });

    test('ends a run, and lets go of the lost attempt of a worker', async () => {
      const { run, attempt } = await world.claimed(await world.dag([taskOf('a')]));
      const { runKey } = run;
      const now = await world.loaded(runKey);
      const change = move(now, 0, { status: 'up_for_retry', attempt: 1, dueAt: 1 });
      expect((await world.decide([{ runKey, revision: now.revision, changes: [change] }])).stale).toEqual([]);
      expect(await store.attempts.finish({ ...attempt, to: { status: 'success', attempt: 1 } }, 'worker-1')).toBe(false);
      expect(await store.attempts.renew([attempt], 'worker-1', 1_000)).toEqual([]);
      expect(await world.states(runKey)).toEqual({ a: 'up_for_retry 1' });
    });

    test('does not take an attempt for lost whose worker has its lease after all', async () => {
      const { run, attempt } = await world.claimed(await world.dag([taskOf('a')]), -1);
      const { runKey, revision } = await world.loaded(run.runKey);
      const lost = { ...move(await world.loaded(runKey), 0, { status: 'up_for_retry', attempt: 1, dueAt: 1 }), lost: true as const };
      await store.attempts.renew([attempt], 'worker-1', 60_000);
      expect((await world.decide([{ runKey, revision, changes: [lost] }])).stale).toEqual([runKey]);
      await store.attempts.renew([attempt], 'worker-1', -1);
      expect((await world.decide([{ runKey, revision, changes: [lost] }])).stale).toEqual([]);
      expect(await world.states(runKey)).toEqual({ a: 'up_for_retry 1' });
    });

    describe('an attempt whose lease was seen to have ended', () => {
      const workerId = 'worker-1';

      test.each([
        {
          name: 'given back',
          meanwhile: async (attempt: ClaimedAttempt) => store.attempts.release(attempt, workerId),
          state: 'queued 1',
        },
        {
          name: 'given back, and another worker has it',
          meanwhile: async (attempt: ClaimedAttempt) => {
            await store.attempts.release(attempt, workerId);
            return (await store.attempts.claim(attempt, 'worker-2', LEASE_MS)) !== undefined;
          },
          state: 'running 1',
        },
        {
          name: 'renewed',
          meanwhile: async (attempt: ClaimedAttempt) => (await store.attempts.renew([attempt], workerId, LEASE_MS)).length === 1,
          state: 'running 1',
        },
        {
          name: 'ended',
          meanwhile: async (attempt: ClaimedAttempt) =>
            store.attempts.finish({ ...attempt, to: { status: 'success', attempt: 1 } }, workerId),
          state: 'success 1',
        },
      ])('is not taken for lost when it was $name before that is decided', async ({ meanwhile, state }) => {
        const { run, attempt } = await world.claimed(await world.dag([taskOf('a')]), -1);
        const { runKey, revision } = run;
        const found = await store.scheduler.expiredLeases(ALL_SHARDS, 1_000);
        expect(found.map((one) => one.taskInstanceId)).toContain(attempt.taskInstanceId);
        const lost = { ...move(await world.loaded(runKey), 0, { status: 'up_for_retry', attempt: 1, dueAt: 1 }), lost: true as const };
        expect(await meanwhile(attempt)).toBe(true);
        expect((await world.decide([{ runKey, revision, changes: [lost] }])).stale).toEqual([runKey]);
        expect(await world.states(runKey)).toEqual({ a: state });
      });
    });

    test('finds running attempts whose lease has ended', async () => {
      const { run, attempt } = await world.claimed(await world.dag([taskOf('a')]), -1);
      const lost = await store.scheduler.expiredLeases(ALL_SHARDS, 1_000);
      expect(lost.filter((one) => one.runKey === run.runKey)).toEqual([
        { runKey: run.runKey, taskInstanceId: attempt.taskInstanceId, attempt: 1, triesBefore: 0, why: 'lease_expired' },
      ]);
      const others = ALL_SHARDS.filter((shard) => shard !== Number(BigInt(run.runKey) % 32n));
      expect((await store.scheduler.expiredLeases(others, 1_000)).map((one) => one.runKey)).not.toContain(run.runKey);
      await store.attempts.renew([attempt], 'worker-1', 60_000);
      expect((await store.scheduler.expiredLeases(ALL_SHARDS, 1_000)).map((one) => one.runKey)).not.toContain(run.runKey);
    });

    test('sends again what nobody claims, each time under a new sequence, and gives it up at the cap', async () => {
      const { queued } = await world.queued(await world.dag([taskOf('a')]));
      const mine = async () =>
        (await store.scheduler.unclaimed(ALL_SHARDS, -1, 1_000)).filter((task) => task.taskInstanceId === queued.taskInstanceId);
      expect(await mine()).toEqual([queued]);
      const second = { ...queued, sequence: 2 };
      expect(await store.scheduler.redispatch([queued], 2)).toEqual({ send: [second], lost: [] });
      expect(await store.scheduler.redispatch([queued], 2)).toEqual({ send: [], lost: [] });
      const { send, lost } = await store.scheduler.redispatch([second], 2);
      expect(send).toEqual([]);
      expect(lost).toMatchObject([{ taskInstanceId: queued.taskInstanceId, attempt: 1, why: 'never_claimed' }]);
      await store.attempts.claim(queued, 'worker-1', 60_000);
      expect(await store.scheduler.redispatch([second], 9)).toEqual({ send: [], lost: [] });
      expect(await mine()).toEqual([]);
    });

    test('shares the shards among the living', async () => {
      expect(await store.scheduler.heartbeat('one', 60_000)).toEqual(ALL_SHARDS);
      expect(await store.scheduler.heartbeat('two', 60_000)).toEqual([]);
      expect(await store.scheduler.heartbeat('one', 60_000)).toEqual(ALL_SHARDS.slice(0, 16));
      expect(await store.scheduler.heartbeat('two', 60_000)).toEqual(ALL_SHARDS.slice(16));
      await store.scheduler.leave('one');
      expect(await store.scheduler.heartbeat('two', 60_000)).toEqual(ALL_SHARDS);
      expect(await store.scheduler.heartbeat('two', -1)).toEqual(expect.any(Array));
      expect(await store.scheduler.heartbeat('three', 60_000)).toEqual(ALL_SHARDS);
      await store.scheduler.leave('three');
      expect(await store.scheduler.forgetDead(0)).toBe(1);
    });

    test('plans DAGs that are due, and leaves a run alone that is there', async () => {
      const spec = await world.dag([taskOf('a')], { schedule: { kind: 'cron', expression: '@daily', timezone: 'UTC', interval: 'cron' } });
      const day = (place: number) => {
        const start = Date.UTC(2026, 0, place);
        return {
          runId: `scheduled__${place}`,
          runType: 'scheduled' as const,
          logicalDate: start,
          intervalStart: start,
          intervalEnd: start + 86_400_000,
          runAfter: start + 86_400_000,
        };
      };
      const planned = async (days: readonly number[], nextDueAt: number) =>
        store.scheduler.planDueDags(1_000, ({ dagId, versionId }) => ({
          dagId,
          runs: dagId === spec.dagId ? days.map((place) => ({ ...day(place), dagId, versionId })) : [],
          scheduledUpTo: Date.UTC(2026, 0, 3),
          nextDueAt: dagId === spec.dagId ? nextDueAt : Date.UTC(2100, 0, 1),
        }));
      const first = await planned([1, 2], 1);
      expect(first.created).toHaveLength(2);
      const second = await planned([2, 3], Date.UTC(2100, 0, 1));
      expect(second.created).toHaveLength(1);
      expect((await planned([4], 1)).created).toEqual([]);
      expect(await store.commands.runIds(spec.dagId, {})).toEqual(['scheduled__1', 'scheduled__2', 'scheduled__3']);
      expect(await store.commands.runIds(spec.dagId, { gt: day(1).logicalDate, lt: day(3).logicalDate })).toEqual(['scheduled__2']);
      const [runKey = ''] = first.created.slice(1);
      const before = (await store.scheduler.runsBefore([runKey])).get(runKey);
      expect(before?.runKey).toBe(first.created[0]);
    });
  });
}
