import { admit } from '@headrace/core';
import type { LoadedRun, RunDecision, TaskInstanceChange } from '@headrace/ports';
import { silentLog } from '@headrace/ports';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type TestDatabase, testDatabase } from '../../../tests/support/test-database.ts';
import { createStore } from '../src/index.ts';
import { ALL_SHARDS, claimed, dagSpec, decide, LEASE_MS, saveDag, startedRun, states, taskSpec, WORKER } from './support/scenario.ts';

const PAIR = dagSpec('pair', [taskSpec('a'), taskSpec('b')]);

let db: TestDatabase;

beforeAll(async () => {
  db = await testDatabase();
});

beforeEach(async () => {
  await db.clean();
  await saveDag(db.store, PAIR);
});

afterAll(() => db.drop());

function idOf(run: LoadedRun, taskId: string): string {
  return run.tasks.find((task) => task.taskId === taskId)?.taskInstanceId ?? '';
}

function ready(run: LoadedRun, taskId: string, fromAttempt = 0): TaskInstanceChange {
  return {
    taskInstanceId: idOf(run, taskId),
    from: 'none',
    fromAttempt,
    to: { status: 'scheduled', attempt: fromAttempt },
    reason: 'all_success',
  };
}

function decision(run: LoadedRun, changes: readonly TaskInstanceChange[], more: Partial<RunDecision> = {}): RunDecision {
  return { runKey: run.runKey, revision: run.revision, changes, ...more };
}

describe('a decision', () => {
  test('that makes a task ready gives it its slot at once', async () => {
    const run = await startedRun(db.store, PAIR, 'none');
    const result = await decide(db.store, decision(run, [ready(run, 'a')]));
    expect(result).toMatchObject({ stale: [], backlog: false });
    expect(result.queued).toEqual([
      {
        runKey: run.runKey,
        taskInstanceId: idOf(run, 'a'),
        attempt: 1,
        attemptId: expect.any(String),
        sequence: 1,
        queue: 'default',
        priority: 1,
      },
    ]);
    expect(await states(db.store, run.runKey)).toEqual({ a: 'queued 1', b: 'none 0' });
  });

  test('on a state that has changed leaves nothing of its run, and all of the others', async () => {
    const stale = await startedRun(db.store, PAIR, 'none');
    const good = await startedRun(db.store, PAIR, 'none');
    const wrong = { ...ready(stale, 'b'), fromAttempt: 1 };
    const result = await decide(
      db.store,
      decision(stale, [ready(stale, 'a'), wrong], { status: 'failed' }),
      decision(good, [ready(good, 'a')]),
    );
    expect(result.stale).toEqual([stale.runKey]);
    expect(result.queued.map((task) => task.runKey)).toEqual([good.runKey]);
    expect(await states(db.store, stale.runKey)).toEqual({ a: 'none 0', b: 'none 0' });
    expect(await db.store.queries.run('pair', stale.runId)).toMatchObject({ status: 'running' });
  });

  test('on an older revision of the run, or on a run that has ended, is stale', async () => {
    const run = await startedRun(db.store, PAIR, 'none');
    await db.store.commands.saveCommand(decision(run, []), { name: 'note' });
    expect((await decide(db.store, decision(run, [ready(run, 'a')]))).stale).toEqual([run.runKey]);
    const newer = { ...run, revision: run.revision + 1 };
    expect((await decide(db.store, decision(newer, [], { status: 'success' }))).stale).toEqual([]);
    expect((await decide(db.store, decision(newer, [], { status: 'success' }))).stale).toEqual([run.runKey]);
    const record = await db.store.queries.run('pair', run.runId);
    expect(record?.status).toBe('success');
    expect(record?.endedAt).toBeGreaterThanOrEqual(record?.startedAt ?? Infinity);
  });

  test('on a run or a task instance that does not exist is stale', async () => {
    const run = await startedRun(db.store, PAIR, 'none');
    const other = await startedRun(db.store, PAIR, 'none');
    const result = await decide(db.store, decision({ ...run, runKey: '999999999' }, []), decision(run, [ready(other, 'a')]));
    expect(result.stale).toEqual(['999999999', run.runKey]);
  });

  test('with nothing to save and nothing that waits does nothing', async () => {
    expect(await decide(db.store)).toEqual({ stale: [], created: [], queued: [], backlog: false });
  });

  test('that puts a lost attempt off frees its slot for another task in the same step, unless its lease is valid', async () => {
    await db.sql.query('update pool set slots = 1');
    const run = await startedRun(db.store, PAIR);
    const first = await decide(db.store);
    expect(first.queued).toHaveLength(1);
    expect(first.backlog).toBe(true);
    const [given] = first.queued;
    if (given === undefined) return;
    await claimed(db.store, given);
    const lost: TaskInstanceChange = {
      taskInstanceId: given.taskInstanceId,
      from: 'running',
      fromAttempt: 1,
      to: { status: 'up_for_retry', attempt: 1, dueAt: Date.now() + 60_000 },
      reason: 'attempt lost',
      lost: true,
    };
    expect((await decide(db.store, decision(run, [lost]))).stale).toEqual([run.runKey]);
    await db.sql.query("update task_instance set lease_until = now() - interval '1 second' where state = 'running'");
    const second = await decide(db.store, decision(run, [lost]));
    expect(second.queued.map((task) => task.taskInstanceId)).toEqual([idOf(run, 'b')]);
    expect(second.backlog).toBe(false);
  });

  test('that begins a retry keeps the earlier try', async () => {
    const run = await startedRun(db.store, PAIR, 'none');
    const [given] = (await decide(db.store, decision(run, [ready(run, 'a')]))).queued;
    if (given === undefined) throw new Error('no slot');
    await claimed(db.store, given);
    const error = { name: 'TypeError', message: 'no' };
    await db.store.attempts.finish({ ...given, to: { status: 'up_for_retry', attempt: 1, dueAt: 1_000 }, error, logKey: 'log/1' }, WORKER);
    const due: TaskInstanceChange = {
      taskInstanceId: given.taskInstanceId,
      from: 'up_for_retry',
      fromAttempt: 1,
      to: { status: 'scheduled', attempt: 1 },
      reason: 'retry due',
    };
    const again = await decide(db.store, decision(run, [due]));
    expect(again.queued).toMatchObject([{ attempt: 2, sequence: 1 }]);
    expect(again.queued[0]?.attemptId).not.toBe(given.attemptId);
    const [first, second] = await db.store.queries.tries(given.taskInstanceId);
    expect(first).toMatchObject({ attempt: 1, attemptId: given.attemptId, status: 'failed', error, logKey: 'log/1', workerId: WORKER });
    expect(first?.endedAt).toBeGreaterThanOrEqual(first?.startedAt ?? Infinity);
    expect(second).toMatchObject({ attempt: 2, status: 'queued' });
    expect(second?.error).toBeUndefined();
    expect(second?.startedAt).toBeUndefined();
  });
});

describe('slots', () => {
  test('go to the most urgent first, then to those that wait longest', async () => {
    const spec = dagSpec('urgent', [taskSpec('low'), taskSpec('high', { priorityWeight: 10 }), taskSpec('middle', { priorityWeight: 5 })]);
    await saveDag(db.store, spec);
    await db.sql.query('update pool set slots = 2');
    const run = await startedRun(db.store, spec);
    const { queued, backlog } = await decide(db.store);
    expect(queued.map((task) => task.taskInstanceId)).toEqual([idOf(run, 'high'), idOf(run, 'middle')]);
    expect(backlog).toBe(true);
  });

  test('of a pool that does not exist are given to nobody', async () => {
    const spec = dagSpec('strange', [taskSpec('a', { pool: 'nowhere' }), taskSpec('b')]);
    await saveDag(db.store, spec);
    const run = await startedRun(db.store, spec);
    const { queued, backlog } = await decide(db.store);
    expect(queued.map((task) => task.taskInstanceId)).toEqual([idOf(run, 'b')]);
    expect(backlog).toBe(true);
  });

  test('are not given to tasks of a paused DAG until it goes on', async () => {
    await startedRun(db.store, PAIR);
    await db.store.commands.setPaused('pair', true);
    expect(await decide(db.store)).toEqual({ stale: [], created: [], queued: [], backlog: false });
    await db.store.commands.setPaused('pair', false);
    expect((await decide(db.store)).queued).toHaveLength(2);
  });

  test('are counted by what a task needs', async () => {
    const spec = dagSpec('wide', [taskSpec('big', { poolSlots: 3, priorityWeight: 9 }), taskSpec('a'), taskSpec('b')]);
    await saveDag(db.store, spec);
    await db.sql.query('update pool set slots = 4');
    const run = await startedRun(db.store, spec);
    const { queued } = await decide(db.store);
    expect(queued.map((task) => task.taskInstanceId)).toEqual([idOf(run, 'big'), idOf(run, 'a')]);
  });

  test('leave no more messages in a queue than its workers can soon run', async () => {
    const spec = dagSpec(
      'many',
      Array.from({ length: 1_400 }, (_, index) => taskSpec(`t${index}`, { queue: index < 700 ? 'small' : 'large' })),
      { maxActiveTasks: 5_000 },
    );
    await saveDag(db.store, spec);
    await db.sql.query('update pool set slots = 5000');
    await db.store.attempts.register({ workerId: 'w', hostname: 'h', pid: 1, queues: ['large'], slots: 300 }, LEASE_MS);
    await startedRun(db.store, spec);
    const { queued, backlog } = await decide(db.store);
    expect(queued.filter((task) => task.queue === 'small')).toHaveLength(512);
    expect(queued.filter((task) => task.queue === 'large')).toHaveLength(600);
    expect(backlog).toBe(true);
    expect((await decide(db.store)).queued).toEqual([]);
  });

  test('are found behind thousands that a limit holds back', async () => {
    const blocked = dagSpec(
      'blocked',
      Array.from({ length: 3_000 }, (_, index) => taskSpec(`t${index}`, { priorityWeight: 5 })),
      { maxActiveTasks: 1 },
    );
    await saveDag(db.store, blocked);
    await startedRun(db.store, blocked);
    const run = await startedRun(db.store, PAIR);
    const { queued } = await decide(db.store);
    expect(queued).toHaveLength(3);
    expect(queued.filter((task) => task.runKey === run.runKey)).toHaveLength(2);
  });
});

test('no limit is exceeded while four schedulers give slots and workers come and go', async () => {
  const limited = dagSpec(
    'limited',
    Array.from({ length: 60 }, (_, index) => taskSpec(`t${index}`)),
    { maxActiveTasks: 7 },
  );
  const free = dagSpec(
    'free',
    Array.from({ length: 60 }, (_, index) => taskSpec(`t${index}`, { poolSlots: 1 + (index % 2) })),
  );
  await saveDag(db.store, limited);
  await saveDag(db.store, free);
  await db.sql.query('update pool set slots = 12');
  await startedRun(db.store, limited);
  await startedRun(db.store, free);
  const stores = Array.from({ length: 4 }, () => createStore({ url: db.url, log: silentLog, poolSize: 3 }));
  const seen = new Set<string>();
  let most = { slots: 0, tasks: 0 };
  try {
    await Promise.all(
      stores.map(async (store, index) => {
        for (let idle = 0; idle < 30; ) {
          const { queued } = await store.scheduler.decide({ schedulerId: `s${index}`, runs: [] }, admit);
          const usage = await measure();
          most = { slots: Math.max(most.slots, usage.slots), tasks: Math.max(most.tasks, usage.tasks) };
          idle = queued.length === 0 ? idle + 1 : 0;
          for (const task of queued) {
            expect(seen.has(task.attemptId)).toBe(false);
            seen.add(task.attemptId);
            await claimed(store, task, `w${index}`);
            await store.attempts.finish({ ...task, to: { status: 'success', attempt: task.attempt } }, `w${index}`);
          }
          if (seen.size === 120) break;
        }
      }),
    );
  } finally {
    await Promise.all(stores.map((store) => store.close()));
  }
  expect(seen.size).toBe(120);
  expect(most.slots).toBeLessThanOrEqual(12);
  expect(most.tasks).toBeLessThanOrEqual(7);
  const { rows } = await db.sql.query('select distinct state, attempt from task_instance');
  expect(rows).toEqual([{ state: 'success', attempt: 1 }]);
  expect(await db.store.scheduler.activeRuns(ALL_SHARDS)).toHaveLength(2);
}, 60_000);

async function measure(): Promise<{ slots: number; tasks: number }> {
  const { rows } = await db.sql.query<{ slots: number; tasks: number }>(
    `select coalesce(sum(pool_slots), 0)::int as slots, count(*) filter (where dag_id = 'limited')::int as tasks
     from task_instance where state in ('queued', 'running', 'restarting')`,
  );
  return rows[0] ?? { slots: 0, tasks: 0 };
}
