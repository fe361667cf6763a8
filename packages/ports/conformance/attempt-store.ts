/** What every AttemptStore must do, whatever keeps the rows. */
import type { StoreEvent } from '@headrace/ports';
import { move, type StoreConformanceOptions, type StoreHarness, StoreWorld, type TestFunctions, taskOf } from './store-world.ts';

export function attemptStoreConformance(jest: TestFunctions, { name, open }: StoreConformanceOptions): void {
  const { describe, test, expect, beforeAll, afterAll } = jest;

  describe(`${name} is a worker's store`, () => {
    let store: StoreHarness;
    let world: StoreWorld;
    beforeAll(async () => {
      store = await open();
      world = new StoreWorld(store, 'attempts');
    }, 60_000);
    afterAll(() => store?.close());

    const run1 = () => world.dag([taskOf('a')]);

    test('a claim tells everything about the attempt, and the same worker the same again', async () => {
      await store.attempts.register({ workerId: 'worker-1', hostname: 'host', pid: 7, queues: ['default'], slots: 4 }, 60_000);
      const spec = await run1();
      const { run, queued } = await world.queued(spec);
      const { taskInstanceId, attemptId } = queued;
      const claimed = await store.attempts.claim(queued, 'worker-1', 60_000);
      expect(claimed).toMatchObject({
        taskInstanceId,
        attemptId,
        runKey: run.runKey,
        dagId: spec.dagId,
        runId: run.runId,
        taskId: 'a',
        mapIndex: -1,
        attempt: 1,
        triesBefore: 0,
        maxTries: 3,
        versionId: run.versionId,
        runType: 'manual',
        params: { day: 2 },
      });
      expect(claimed?.claimedAt).toBe(claimed?.firstStartedAt);
      const again = await store.attempts.claim(queued, 'worker-1', 60_000);
      expect({ ...again, claimedAt: 0 }).toEqual({ ...claimed, claimedAt: 0 });
      expect(await store.attempts.claim(queued, 'worker-2', 60_000)).toBeUndefined();
      expect(await store.attempts.claim({ taskInstanceId, attemptId: crypto.randomUUID() }, 'worker-1', 60_000)).toBeUndefined();
      expect(await world.states(run.runKey)).toEqual({ a: 'running 1' });
    });

    test('an ending is recorded once, and is said to be recorded again', async () => {
      const { run, attempt, workerId } = await world.claimed(await run1());
      const outcome = {
        ...attempt,
        to: { status: 'success', attempt: 1 } as const,
        result: { kind: 'inline', json: '{"rows":3}' } as const,
      };
      expect(await store.attempts.finish(outcome, 'somebody else')).toBe(false);
      expect(await store.attempts.finish({ ...outcome, attemptId: crypto.randomUUID() }, workerId)).toBe(false);
      expect(await store.attempts.finish(outcome, workerId)).toBe(true);
      expect(await store.attempts.finish(outcome, workerId)).toBe(true);
      expect(await store.attempts.finish({ ...attempt, to: { status: 'failed', attempt: 1 } }, workerId)).toBe(false);
      expect(await world.states(run.runKey)).toEqual({ a: 'success 1' });
      expect([...(await store.attempts.results(run.runKey, ['a', 'b']))]).toEqual([['a', outcome.result]]);
      const ref = { taskInstanceId: attempt.taskInstanceId, attempt: 1 };
      expect([...(await store.attempts.resultRefs(run.runKey, ['a'], -1))]).toEqual([['a', ref]]);
      expect(await store.attempts.resultsOf([{ ...ref, attempt: 9 }, ref])).toEqual([undefined, outcome.result]);
    });

    test('what counts as a try is counted, and what does not is not', async () => {
      const spec = await run1();
      const { run, attempt, workerId } = await world.claimed(spec);
      await store.attempts.finish({ ...attempt, to: { status: 'scheduled', attempt: 1 } }, workerId);
      const { queued } = await world.decide();
      const again = queued.find((task) => task.taskInstanceId === attempt.taskInstanceId);
      if (again === undefined) throw new Error('no slot');
      expect(again.attempt).toBe(2);
      expect(again.attemptId).not.toBe(attempt.attemptId);
      expect(await store.attempts.claim(again, workerId, 60_000)).toMatchObject({ attempt: 2, triesBefore: 1 });
      await store.attempts.finish({ ...again, to: { status: 'up_for_retry', attempt: 2, dueAt: 4_102_444_800_000 } }, workerId);
      const [task] = (await world.loaded(run.runKey)).tasks;
      expect(task?.state).toEqual({ status: 'up_for_retry', attempt: 2, dueAt: 4_102_444_800_000 });
    });

    test('a decision is kept with the success that made it', async () => {
      const { run, attempt, workerId } = await world.claimed(await run1());
      const decision = { items: 3, follow: ['b'] };
      await store.attempts.finish({ ...attempt, to: { status: 'success', attempt: 1, decision } }, workerId);
      expect((await world.loaded(run.runKey)).tasks[0]?.state).toEqual({ status: 'success', attempt: 1, decision });
    });

    test('an attempt is given back as if it had not been claimed', async () => {
      const { run, attempt, workerId } = await world.claimed(await run1());
      expect(await store.attempts.release(attempt, 'somebody else')).toBe(false);
      expect(await store.attempts.release(attempt, workerId)).toBe(true);
      expect(await store.attempts.release(attempt, workerId)).toBe(false);
      expect(await world.states(run.runKey)).toEqual({ a: 'queued 1' });
      expect(await store.attempts.claim(attempt, 'worker-2', 60_000)).toMatchObject({ attempt: 1 });
    });

    test('a renewal answers with what is still the own', async () => {
      const first = await world.claimed(await run1());
      const second = await world.claimed(await run1());
      const unknown = { taskInstanceId: first.attempt.taskInstanceId, attemptId: crypto.randomUUID() };
      const answer = await store.attempts.renew([first.attempt, second.attempt, unknown], 'worker-1', 60_000);
      expect([...answer].sort()).toEqual([first.attempt.attemptId, second.attempt.attemptId].sort());
      expect(await store.attempts.renew([first.attempt], 'worker-2', 60_000)).toEqual([]);
      expect(await store.attempts.renew([], 'worker-1', 60_000)).toEqual([]);
    });

    test('one that is told to restart is revoked, keeps its lease, and ends as none whatever it says', async () => {
      const revoked: string[] = [];
      const stop = await store.attempts.onRevoked((attemptIds) => revoked.push(...attemptIds));
      const { run, attempt, workerId } = await world.claimed(await run1());
      const now = await world.loaded(run.runKey);
      const decision = { runKey: run.runKey, revision: now.revision, changes: [move(now, 0, { status: 'restarting', attempt: 1 })] };
      expect(await store.commands.saveCommand(decision, { name: 'clear' })).toBe(true);
      expect(await store.attempts.renew([attempt], workerId, 60_000)).toEqual([]);
      expect(await store.attempts.release(attempt, workerId)).toBe(false);
      const outcome = { ...attempt, to: { status: 'success', attempt: 1 } as const, result: { kind: 'inline', json: '1' } as const };
      expect(await store.attempts.finish(outcome, workerId)).toBe(true);
      expect(await world.states(run.runKey)).toEqual({ a: 'none 1' });
      expect((await store.attempts.results(run.runKey, ['a'])).size).toBe(0);
      await eventually(() => revoked.includes(attempt.attemptId));
      await stop();
    });

    test('endings and releases are told, claims are not', async () => {
      const heard: StoreEvent[] = [];
      const stop = await store.events.listen({ onEvents: (events) => heard.push(...events), onGap() {} });
      const { run, attempt, workerId } = await world.claimed(await run1());
      await store.attempts.release(attempt, workerId);
      await store.attempts.claim(attempt, workerId, 60_000);
      await store.attempts.finish({ ...attempt, to: { status: 'up_for_retry', attempt: 1, dueAt: 4_102_444_800_000 } }, workerId);
      const mine = () => heard.filter((event) => event.type === 'task' && event.runKey === run.runKey);
      await eventually(() => mine().length >= 2);
      const { taskInstanceId } = attempt;
      expect(mine()).toEqual([
        { type: 'task', runKey: run.runKey, taskInstanceId, to: { status: 'queued', attempt: 1 } },
        { type: 'task', runKey: run.runKey, taskInstanceId, to: { status: 'up_for_retry', attempt: 1, dueAt: 4_102_444_800_000 } },
      ]);
      await stop();
    });

    test('the bundle of a version is what was saved', async () => {
      const spec = await run1();
      const { run } = await world.queued(spec);
      expect(await store.attempts.bundle(run.versionId)).toMatchObject({
        dagId: spec.dagId,
        code: 'export default 1',
        file: `${spec.dagId}.ts`,
        spec,
      });
      await expect(store.attempts.bundle('999999')).rejects.toMatchObject({ code: 'HR_NO_SUCH_ROW' });
    });
  });
}

async function eventually(condition: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error('What the test waits for did not happen within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
