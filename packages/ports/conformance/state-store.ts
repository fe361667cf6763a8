/** What every StateStore must do: those who follow changes of state begin with its answer, and look at it again for what has gone. */
import type { StateStore } from '@headrace/ports';
import { move, type StoreHarness, StoreWorld, type TestFunctions, taskOf } from './store-world.ts';

export interface StateStoreHarness extends StoreHarness {
  readonly states: StateStore;
}

const NOWHERE = '999999999';

export function stateStoreConformance(
  jest: TestFunctions,
  { name, open }: { readonly name: string; readonly open: () => Promise<StateStoreHarness> },
): void {
  const { describe, test, expect, beforeAll, afterAll } = jest;

  describe(`${name} tells in which states runs and tasks are`, () => {
    let store: StateStoreHarness;
    let world: StoreWorld;
    beforeAll(async () => {
      store = await open();
      world = new StoreWorld(store, 'states');
    }, 60_000);
    afterAll(() => store?.close());

    /** Of one DAG, as texts. */
    async function told(dagId: string, ...runKeys: string[]) {
      const { runs, tasks } = await store.states.states(runKeys);
      return {
        runs: runs.filter((run) => run.dagId === dagId).map(({ runKey, status }) => `${runKey} ${status}`),
        tasks: tasks
          .filter((task) => task.dagId === dagId)
          .map(({ taskId, status, attempt }) => `${taskId} ${status} ${attempt}`)
          .sort(),
      };
    }

    test('a store without runs has nothing to tell', async () => {
      expect(await store.states.states([])).toEqual({ runs: [], tasks: [] });
      expect(await store.states.states([NOWHERE])).toEqual({ runs: [], tasks: [] });
    });

    test('of a run that waits only to whoever names it', async () => {
      const { dagId } = await world.dag([taskOf('a')]);
      const { runKey } = await store.commands.trigger({ dagId, params: {}, runType: 'manual', triggeredBy: 'test' });
      expect(await told(dagId)).toEqual({ runs: [], tasks: [] });
      expect(await told(dagId, runKey)).toEqual({ runs: [`${runKey} queued`], tasks: [] });
    });

    test('of runs that run to everybody; of their tasks those that hold a slot, and the others to whoever names the run', async () => {
      const spec = await world.dag([taskOf('a'), taskOf('b', { upstream: ['a'] })]);
      const { dagId } = spec;
      const { runKey } = await world.running(spec, 'none');
      const first = await world.loaded(runKey);
      expect(await told(dagId)).toEqual({ runs: [`${runKey} running`], tasks: [] });
      expect(await told(dagId, runKey)).toEqual({ runs: [`${runKey} running`], tasks: ['a none 0', 'b none 0'] });

      await world.decide([{ runKey, revision: first.revision, changes: [move(first, 0, { status: 'scheduled', attempt: 0 })] }]);
      expect((await told(dagId)).tasks).toEqual(['a queued 1']);
      const state = (await world.loaded(runKey)).tasks[0];
      expect(await told(dagId, runKey)).toEqual({ runs: [`${runKey} running`], tasks: ['a queued 1', 'b none 0'] });
      expect(state?.state).toMatchObject({ status: 'queued', attempt: 1 });
    });

    test('also of a task that runs, and of one that is taken back while it does', async () => {
      const spec = await world.dag([taskOf('a')]);
      const { run } = await world.claimed(spec);
      expect((await told(spec.dagId)).tasks).toEqual(['a running 1']);
      const now = await world.loaded(run.runKey);
      await world.decide([{ runKey: run.runKey, revision: now.revision, changes: [move(now, 0, { status: 'restarting', attempt: 1 })] }]);
      expect((await told(spec.dagId)).tasks).toEqual(['a restarting 1']);
    });

    test('of a run that has ended only to whoever names it, with all of its tasks, each once', async () => {
      const spec = await world.dag([taskOf('a'), taskOf('b')]);
      const { dagId } = spec;
      const { runKey, revision } = await world.running(spec, 'none');
      const run = await world.loaded(runKey);
      const changes = [move(run, 0, { status: 'skipped', attempt: 0 }), move(run, 1, { status: 'skipped', attempt: 0 })];
      await store.commands.saveCommand({ runKey, revision, status: 'failed', changes }, { name: 'cancel' });
      expect(await told(dagId)).toEqual({ runs: [], tasks: [] });
      expect(await told(dagId, runKey, runKey, NOWHERE)).toEqual({ runs: [`${runKey} failed`], tasks: ['a skipped 0', 'b skipped 0'] });
    });

    test('with everything that is needed to say of what', async () => {
      const spec = await world.dag([taskOf('a')]);
      const { run } = await world.claimed(spec);
      const { runKey, runId } = run;
      const { runs, tasks } = await store.states.states([runKey]);
      expect(runs.find((one) => one.runKey === runKey)).toEqual({ runKey, dagId: spec.dagId, runId, runType: 'manual', status: 'running' });
      expect(tasks.find((one) => one.runKey === runKey)).toEqual({
        taskInstanceId: run.tasks[0]?.taskInstanceId,
        runKey,
        dagId: spec.dagId,
        runId,
        taskId: 'a',
        mapIndex: -1,
        attempt: 1,
        status: 'running',
      });
    });
  });
}
