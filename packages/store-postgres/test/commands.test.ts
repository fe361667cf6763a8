import { DagNotFoundError, type LoadedRun, type TaskInstanceChange } from '@headrace/ports';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type TestDatabase, testDatabase } from '../../../tests/support/test-database.ts';
import {
  ALL_SHARDS,
  claimed,
  dagSpec,
  decide,
  instancesOf,
  loaded,
  queuedTask,
  saveDag,
  states,
  taskSpec,
  WORKER,
} from './support/scenario.ts';

const SPEC = dagSpec('one', [taskSpec('a')]);

let db: TestDatabase;

beforeAll(async () => {
  db = await testDatabase();
});

beforeEach(async () => {
  await db.clean();
  await saveDag(db.store, SPEC);
});

afterAll(() => db.drop());

function cleared(run: LoadedRun): readonly TaskInstanceChange[] {
  return run.tasks.map((task) => ({
    taskInstanceId: task.taskInstanceId,
    from: task.state.status,
    fromAttempt: task.state.attempt,
    to: { status: 'none', attempt: task.state.attempt },
    reason: 'cleared',
  }));
}

async function succeeded(): Promise<LoadedRun> {
  const { run, queued } = await queuedTask(db.store, SPEC);
  await claimed(db.store, queued);
  await db.store.attempts.finish(
    { ...queued, to: { status: 'success', attempt: 1 }, result: { kind: 'inline', json: '42' }, logKey: 'log/1' },
    WORKER,
  );
  await decide(db.store, { runKey: run.runKey, revision: 0, status: 'success', changes: [] });
  return loaded(db.store, run.runKey);
}

test('a run that a task asked for knows which', async () => {
  const parent = { dagId: 'one', runId: 'outer', taskId: 'a' };
  const request = { dagId: 'one', params: {}, runType: 'manual', triggeredBy: 'operator' } as const;
  await db.store.commands.trigger({ ...request, runId: 'inner', parent });
  await db.store.commands.trigger({ ...request, runId: 'alone' });
  expect((await db.store.queries.run('one', 'inner'))?.parent).toEqual(parent);
  expect(await db.store.queries.run('one', 'alone')).not.toHaveProperty('parent');
});

describe('a cleared task of a finished run', () => {
  test('runs anew, and its earlier try keeps its log, its result and its times', async () => {
    const run = await succeeded();
    const [task] = run.tasks;
    const id = task?.taskInstanceId ?? '';
    expect(
      await db.store.commands.saveCommand(
        { runKey: run.runKey, revision: 0, status: 'queued', changes: cleared(run) },
        { name: 'clear', user: 'ada' },
      ),
    ).toBe(true);

    expect(await db.store.queries.run('one', run.runId)).toMatchObject({ status: 'queued' });
    expect((await db.store.queries.run('one', run.runId))?.endedAt).toBeUndefined();
    expect((await db.store.queries.taskInstance('one', run.runId, 'a', -1))?.logKey).toBeUndefined();
    expect(await db.store.queries.tries(id)).toMatchObject([{ attempt: 1, status: 'success', logKey: 'log/1' }]);
    expect(await db.store.attempts.results(run.runKey, ['a'])).toEqual(new Map());
    expect(await db.store.queries.result(id)).toBeUndefined();
    expect(await db.store.queries.result(id, 1)).toEqual({ kind: 'inline', json: '42' });

    const [again] = await db.store.scheduler.startRuns(ALL_SHARDS, 10, async () => instancesOf(SPEC));
    expect(again).toMatchObject({ runKey: run.runKey, revision: 1, status: 'running' });
    const change: TaskInstanceChange = {
      taskInstanceId: id,
      from: 'none',
      fromAttempt: 1,
      to: { status: 'scheduled', attempt: 1 },
      reason: 'none upstream',
    };
    const { queued } = await decide(db.store, { runKey: run.runKey, revision: 1, changes: [change] });
    expect(queued).toMatchObject([{ attempt: 2 }]);
    if (queued[0] === undefined) return;
    expect(await claimed(db.store, queued[0])).toMatchObject({ attempt: 2, triesBefore: 1 });
    expect((await db.store.queries.tries(id)).map((one) => [one.attempt, one.status])).toEqual([
      [1, 'success'],
      [2, 'running'],
    ]);
  });

  test('leaves a record of who asked', async () => {
    const run = await succeeded();
    await db.store.commands.saveCommand({ runKey: run.runKey, revision: 0, changes: cleared(run) }, { name: 'clear', user: 'ada' });
    const { rows } = await db.sql.query('select name, username, detail from run_event where dag_run_id = $1', [run.runKey]);
    expect(rows).toEqual([
      {
        name: 'clear',
        username: 'ada',
        detail: { tasks: [{ taskInstanceId: run.tasks[0]?.taskInstanceId, from: 'success', to: 'none' }] },
      },
    ]);
  });
});

describe('a command', () => {
  test('on a run that has moved on saves nothing', async () => {
    const run = await succeeded();
    const command = { runKey: run.runKey, revision: 0, changes: cleared(run) };
    const [first, second] = await Promise.all([
      db.store.commands.saveCommand(command, { name: 'clear' }),
      db.store.commands.saveCommand(command, { name: 'clear' }),
    ]);
    expect([first, second].sort()).toEqual([false, true]);
    const late = { ...command, revision: 1, changes: [{ ...cleared(run)[0], from: 'failed' }] as readonly TaskInstanceChange[] };
    expect(await db.store.commands.saveCommand(late, { name: 'clear' })).toBe(false);
    expect(await states(db.store, run.runKey)).toEqual({ a: 'none 1' });
  });

  test('that cancels a running run fences its attempts', async () => {
    const { run, queued } = await queuedTask(db.store, SPEC);
    await claimed(db.store, queued);
    const change: TaskInstanceChange = {
      taskInstanceId: queued.taskInstanceId,
      from: 'running',
      fromAttempt: 1,
      to: { status: 'failed', attempt: 1 },
      reason: 'run cancelled',
    };
    expect(
      await db.store.commands.saveCommand({ runKey: run.runKey, revision: 0, status: 'failed', changes: [change] }, { name: 'cancel' }),
    ).toBe(true);
    expect(await db.store.attempts.renew([queued], WORKER, 60_000)).toEqual([]);
    expect(await db.store.attempts.finish({ ...queued, to: { status: 'success', attempt: 1 } }, WORKER)).toBe(false);
    const record = await db.store.queries.taskInstance('one', run.runId, 'a', -1);
    expect(record).toMatchObject({ status: 'failed', reason: 'run cancelled' });
    expect(record?.error).toBeUndefined();
  });

  test('on a DAG or a run that does not exist says so', async () => {
    await expect(db.store.commands.setPaused('nope', true)).rejects.toThrow(DagNotFoundError);
    expect(await db.store.commands.loadRun('one', 'nope')).toBeUndefined();
  });

  test('can note something on a run, and take the note away', async () => {
    const run = await succeeded();
    await db.store.commands.setNote(run.runKey, 'looked at it');
    expect((await db.store.queries.run('one', run.runId))?.note).toBe('looked at it');
    await db.store.commands.setNote(run.runKey, null);
    expect((await db.store.queries.run('one', run.runId))?.note).toBeUndefined();
    expect(await db.store.commands.loadRun('one', run.runId)).toEqual(run);
  });
});
