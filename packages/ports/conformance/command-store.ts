/** What every CommandStore must do, whatever keeps the rows. */
import type { LoadedRun } from '@headrace/ports';
import {
  ALL_SHARDS,
  move,
  newTasks,
  type StoreConformanceOptions,
  type StoreHarness,
  StoreWorld,
  type TestFunctions,
  taskOf,
} from './store-world.ts';

type LoadedTask = LoadedRun['tasks'][number];

export function commandStoreConformance(jest: TestFunctions, { name, open }: StoreConformanceOptions): void {
  const { describe, test, expect, beforeAll, afterAll } = jest;

  describe(`${name} is a store for commands`, () => {
    let store: StoreHarness;
    let world: StoreWorld;
    beforeAll(async () => {
      store = await open();
      world = new StoreWorld(store, 'commands');
    }, 60_000);
    afterAll(() => store?.close());

    const request = { params: {}, runType: 'manual', triggeredBy: 'test' } as const;

    test('a trigger makes a queued run, pinned to the newest version', async () => {
      const spec = await world.dag([taskOf('a')]);
      await world.save(spec, 2);
      const { runKey, runId } = await store.commands.trigger({
        ...request,
        dagId: spec.dagId,
        runId: 'mine',
        logicalDate: 86_400_000,
        partitionKey: 'north',
      });
      expect(runId).toBe('mine');
      const run = await store.commands.loadRun(spec.dagId, 'mine');
      expect(run).toMatchObject({ runKey, status: 'queued', revision: 0, tasks: [], logicalDate: 86_400_000, partitionKey: 'north' });
      expect(run?.versionId).toBe(await store.commands.latestVersion(spec.dagId));
      const made = [
        await store.commands.trigger({ ...request, dagId: spec.dagId, runAfter: 1 }),
        await store.commands.trigger({ ...request, dagId: spec.dagId, runAfter: 1 }),
      ];
      expect(made[0]?.runId).toBe('manual__1970-01-01T00:00:00.001Z');
      expect(made[1]?.runId).toMatch(/^manual__1970-01-01T00:00:00\.001Z_[0-9a-f]{8}$/);
    });

    test('a trigger refuses what cannot be, or is there already', async () => {
      const { dagId } = await world.dag([taskOf('a')]);
      await store.commands.trigger({ ...request, dagId, runId: 'mine', logicalDate: 1 });
      await expect(store.commands.trigger({ ...request, dagId: 'nobody' })).rejects.toMatchObject({ code: 'HR_DAG_NOT_FOUND' });
      await expect(store.commands.trigger({ ...request, dagId, runId: 'mine' })).rejects.toMatchObject({ code: 'HR_RUN_EXISTS' });
      await expect(store.commands.trigger({ ...request, dagId, runId: 'other', logicalDate: 1 })).rejects.toMatchObject({
        code: 'HR_RUN_EXISTS',
      });
      await expect(store.commands.trigger({ ...request, dagId, runId: 'a/b' })).rejects.toMatchObject({ code: 'HR_INVALID_RUN_ID' });
      await expect(store.commands.setPaused('nobody', true)).rejects.toMatchObject({ code: 'HR_DAG_NOT_FOUND' });
      expect(await store.commands.loadRun(dagId, 'nobody')).toBeUndefined();
    });

    test('a command is saved as a whole, raises the revision, and decisions on the older one are stale', async () => {
      const run = await world.running(await world.dag([taskOf('a'), taskOf('b')]));
      const { runKey, revision } = run;
      const changes = [move(run, 0, { status: 'skipped', attempt: 0 }), move(run, 1, { status: 'skipped', attempt: 0 })];
      expect(await store.commands.saveCommand({ runKey, revision, status: 'failed', changes }, { name: 'cancel', user: 'ada' })).toBe(true);
      const now = await world.loaded(runKey);
      expect(now).toMatchObject({ status: 'failed', revision: revision + 1 });
      expect(await world.states(runKey)).toEqual({ a: 'skipped 0', b: 'skipped 0' });
      expect(await store.commands.saveCommand({ runKey, revision, changes: [] }, { name: 'clear' })).toBe(false);
      expect((await world.decide([{ runKey, revision, changes: [] }])).stale).toEqual([runKey]);
      const outdated = [move(run, 0, { status: 'skipped', attempt: 0 })];
      expect(await store.commands.saveCommand({ runKey, revision: now.revision, changes: outdated }, { name: 'clear' })).toBe(false);
    });

    test('a command on a run that started, or grew, since it was seen is refused', async () => {
      const spec = await world.dag([taskOf('a')]);
      const runKey = await world.trigger(spec);
      const seen = { status: 'queued', tasks: 0 } as const;
      await store.scheduler.startRuns(ALL_SHARDS, 100, async () => newTasks(spec));
      const { revision } = await world.loaded(runKey);
      expect(await store.commands.saveCommand({ runKey, revision, status: 'failed', changes: [] }, { name: 'cancel', seen })).toBe(false);
      const grown = { name: 'cancel', seen: { status: 'running', tasks: 0 } } as const;
      expect(await store.commands.saveCommand({ runKey, revision, status: 'failed', changes: [] }, grown)).toBe(false);
      expect((await world.loaded(runKey)).status).toBe('running');
    });

    test('what is cleared keeps its number and counts anew; a run begins again with its own task instances', async () => {
      const { run, attempt, workerId } = await world.claimed(await world.dag([taskOf('a')]));
      await store.attempts.finish({ ...attempt, to: { status: 'failed', attempt: 1 }, error: { name: 'Error', message: 'no' } }, workerId);
      const { runKey } = run;
      const ended = await world.loaded(runKey);
      await world.decide([{ runKey, revision: ended.revision, status: 'failed', changes: [] }]);
      const failed = await world.loaded(runKey);
      const cleared = {
        runKey,
        revision: failed.revision,
        status: 'queued',
        changes: [move(failed, 0, { status: 'none', attempt: 1 })],
      } as const;
      expect(await store.commands.saveCommand(cleared, { name: 'clear' })).toBe(true);
      await store.scheduler.startRuns(ALL_SHARDS, 100, async () => []);
      const again = await world.loaded(runKey);
      expect(again).toMatchObject({
        status: 'running',
        tasks: [{ taskInstanceId: attempt.taskInstanceId, state: { status: 'none', attempt: 1 } }],
      });
      const { queued } = await world.decide([
        { runKey, revision: again.revision, changes: [move(again, 0, { status: 'scheduled', attempt: 1 })] },
      ]);
      const mine = queued.find((task) => task.runKey === runKey);
      if (mine === undefined) throw new Error('no slot');
      expect(await store.attempts.claim(mine, workerId, 60_000)).toMatchObject({ attempt: 2, triesBefore: 1 });
    });

    test('a run goes on with another version: what is new is added, what is gone is removed, and comes back', async () => {
      const spec = await world.dag([taskOf('a'), taskOf('b')]);
      const run = await world.running(spec);
      const { runKey } = run;
      const next = { ...spec, tasks: [taskOf('b', { priorityWeight: 7 }), taskOf('c')] };
      await world.save(next, 2);
      const versionId = (await store.commands.latestVersion(spec.dagId)) ?? '';
      expect(
        await store.commands.saveCommand({ runKey, revision: 0, changes: [] }, { name: 'clear' }, { versionId, tasks: newTasks(next) }),
      ).toBe(true);
      expect(await world.states(runKey)).toEqual({ a: 'removed 0', b: 'none 0', c: 'none 0' });
      expect((await world.loaded(runKey)).versionId).toBe(versionId);
      const back = { versionId: run.versionId, tasks: newTasks(spec) };
      expect(await store.commands.saveCommand({ runKey, revision: 1, changes: [] }, { name: 'clear' }, back)).toBe(true);
      expect(await world.states(runKey)).toEqual({ a: 'none 0', b: 'none 0', c: 'removed 0' });
    });

    test('a run that has ended, or has not begun, is deleted with all that belongs to it; a live one stays', async () => {
      const spec = await world.dag([taskOf('a')]);
      const { dagId } = spec;
      await store.commands.trigger({ ...request, dagId, runId: 'waiting', runAfter: Date.now() + 86_400_000 });
      expect(await store.commands.deleteRun(dagId, 'waiting')).toBe('deleted');
      expect(await store.commands.loadRun(dagId, 'waiting')).toBeUndefined();
      expect(await store.commands.deleteRun(dagId, 'waiting')).toBe('not_found');
      const run = await world.running(spec);
      expect(await store.commands.deleteRun(dagId, run.runId)).toBe('live');
      expect((await store.commands.loadRun(dagId, run.runId))?.tasks).toHaveLength(1);
      expect(await store.commands.deleteDag(dagId)).toBe('live');
      await end(run);
      expect(await store.commands.deleteRun(dagId, run.runId)).toBe('deleted');
      expect(await store.commands.loadRun(dagId, run.runId)).toBeUndefined();
      expect(await store.commands.deleteRun('nobody', 'x')).toBe('not_found');
    });

    test('of the task instances of a run only a removed one is deleted', async () => {
      const spec = await world.dag([taskOf('a'), taskOf('b')]);
      const run = await world.running(spec);
      const [kept, removed] = run.tasks as [LoadedTask, LoadedTask];
      const decided = { ...decisionOf(run), changes: [move(run, 1, { status: 'removed', attempt: 0 })] };
      expect(await store.commands.saveCommand(decided, { name: 'test' })).toBe(true);
      expect(await store.commands.deleteTaskInstance(kept.taskInstanceId)).toBe('needed');
      expect(await store.commands.deleteTaskInstance(removed.taskInstanceId)).toBe('deleted');
      expect(await store.commands.deleteTaskInstance(removed.taskInstanceId)).toBe('not_found');
      const after = await store.commands.loadRun(spec.dagId, run.runId);
      expect(after?.tasks.map(({ taskId }) => taskId)).toEqual([kept.taskId]);
      expect(after?.revision).toBe(run.revision + 2);
    });

    test('a DAG is deleted with its history, and comes back without it', async () => {
      const spec = await world.dag([taskOf('a')]);
      const { dagId } = spec;
      const run = await world.running(spec);
      await end(run);
      expect(await store.commands.setFavorite('ann', dagId, true)).toBe(true);
      expect(await store.commands.deleteDag(dagId)).toBe('deleted');
      expect(await store.commands.deleteDag(dagId)).toBe('not_found');
      expect(await store.commands.latestVersion(dagId)).toBeUndefined();
      expect(await store.commands.loadRun(dagId, run.runId)).toBeUndefined();
      await world.save(spec);
      expect(await store.commands.latestVersion(dagId)).toBeDefined();
      expect(await store.commands.loadRun(dagId, run.runId)).toBeUndefined();
      expect(await store.commands.setFavorite('ann', dagId, false)).toBe(false);
    });

    test('favourites are kept once, and only of DAGs that exist', async () => {
      const { dagId } = await world.dag([taskOf('a')]);
      expect(await store.commands.setFavorite('ann', dagId, true)).toBe(true);
      expect(await store.commands.setFavorite('ann', dagId, true)).toBe(false);
      expect(await store.commands.setFavorite('bob', dagId, true)).toBe(true);
      expect(await store.commands.setFavorite('ann', dagId, false)).toBe(true);
      await expect(store.commands.setFavorite('ann', 'nobody', true)).rejects.toMatchObject({ code: 'HR_DAG_NOT_FOUND' });
    });

    test('a result is added, replaced and removed by hand, of a success only', async () => {
      const spec = await world.dag([taskOf('a')]);
      const run = await world.running(spec);
      const [{ taskInstanceId }] = run.tasks as [LoadedTask];
      const add = { how: 'add', json: '1' } as const;
      expect(await store.commands.setResult(taskInstanceId, add)).toBe('not_succeeded');
      await end(run);
      expect(await store.commands.setResult(taskInstanceId, { how: 'replace', json: '2' })).toBe('no_result');
      expect(await store.commands.setResult(taskInstanceId, add)).toBe('ok');
      expect(await store.commands.setResult(taskInstanceId, add)).toBe('has_result');
      expect(await store.commands.setResult(taskInstanceId, { how: 'replace', json: '2' })).toBe('ok');
      expect(await store.commands.setResult(taskInstanceId, { how: 'remove' })).toBe('ok');
      expect(await store.commands.setResult(taskInstanceId, { how: 'remove' })).toBe('no_result');
    });

    function decisionOf({ runKey, revision }: LoadedRun) {
      return { runKey, revision, changes: [] };
    }

    /** All of its tasks succeed by hand, and so does the run. */
    async function end(run: LoadedRun): Promise<void> {
      const changes = run.tasks.map((task, place) => move(run, place, { status: 'success', attempt: task.state.attempt }));
      expect(await store.commands.saveCommand({ ...decisionOf(run), changes, status: 'success' }, { name: 'test' })).toBe(true);
    }
  });
}
