import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type TestDatabase, testDatabase } from '../../../tests/support/test-database.ts';
import {
  claimed,
  dagSpec,
  decide,
  LEASE_MS,
  loaded,
  queuedTask,
  saveDag,
  startedRun,
  states,
  taskSpec,
  WORKER,
} from './support/scenario.ts';

const SPEC = dagSpec('one', [taskSpec('a')]);
const SUCCESS = { status: 'success', attempt: 1 } as const;

let db: TestDatabase;

beforeAll(async () => {
  db = await testDatabase();
});

beforeEach(async () => {
  await db.clean();
  await saveDag(db.store, SPEC);
  await db.store.attempts.register({ workerId: WORKER, hostname: 'host', pid: 7, queues: ['default'], slots: 4 }, 60_000);
});

afterAll(() => db.drop());

describe('a claim', () => {
  test('gives the attempt all it needs to run', async () => {
    const { run, queued } = await queuedTask(db.store, SPEC);
    const attempt = await claimed(db.store, queued);
    expect(attempt).toMatchObject({
      taskInstanceId: queued.taskInstanceId,
      attemptId: queued.attemptId,
      runKey: run.runKey,
      dagId: 'one',
      runId: run.runId,
      taskId: 'a',
      mapIndex: -1,
      attempt: 1,
      triesBefore: 0,
      maxTries: 1,
      versionId: run.versionId,
      runType: 'manual',
      params: { day: 1 },
    });
    expect(await states(db.store, run.runKey)).toEqual({ a: 'running 1' });
    expect(await db.store.queries.taskInstance('one', run.runId, 'a', -1)).toMatchObject({ workerId: WORKER, hostname: 'host', pid: 7 });
  });

  test('is for one worker alone, who may ask again', async () => {
    const { queued } = await queuedTask(db.store, SPEC);
    const answers = await Promise.all(
      ['worker-1', 'worker-2', 'worker-3'].map((worker) => db.store.attempts.claim(queued, worker, LEASE_MS)),
    );
    expect(answers.filter((answer) => answer !== undefined)).toHaveLength(1);
    const winner = ['worker-1', 'worker-2', 'worker-3'][answers.findIndex((answer) => answer !== undefined)] ?? '';
    expect(await db.store.attempts.claim(queued, winner, LEASE_MS)).toEqual({
      ...answers.find((answer) => answer !== undefined),
      claimedAt: expect.any(Number),
    });
    expect(await db.store.attempts.claim(queued, 'worker-4', LEASE_MS)).toBeUndefined();
  });

  test('of an attempt that was replaced is refused', async () => {
    const { queued } = await queuedTask(db.store, SPEC);
    const other = { ...queued, attemptId: '00000000-0000-4000-8000-000000000000' };
    expect(await db.store.attempts.claim(other, WORKER, LEASE_MS)).toBeUndefined();
  });

  test('that Postgres cannot read fails alone', async () => {
    const { queued } = await queuedTask(db.store, SPEC);
    const [forged, honest] = await Promise.allSettled([
      db.store.attempts.claim({ taskInstanceId: 'x', attemptId: 'not a uuid' }, WORKER, LEASE_MS),
      db.store.attempts.claim(queued, WORKER, LEASE_MS),
    ]);
    expect(forged.status).toBe('rejected');
    expect(honest).toMatchObject({ status: 'fulfilled', value: { attemptId: queued.attemptId } });
  });
});

describe('an ending', () => {
  test('is recorded once, with its result, and the same again when the answer was lost', async () => {
    const { run, queued } = await queuedTask(db.store, SPEC);
    await claimed(db.store, queued);
    const ending = { ...queued, to: SUCCESS, result: { kind: 'inline', json: '{"rows":"12n"}' }, logKey: 'logs/1' } as const;
    expect(await db.store.attempts.finish(ending, WORKER)).toBe(true);
    expect(await db.store.attempts.finish(ending, WORKER)).toBe(true);
    expect(await states(db.store, run.runKey)).toEqual({ a: 'success 1' });
    expect(await db.store.attempts.results(run.runKey, ['a', 'b'])).toEqual(new Map([['a', { kind: 'inline', json: '{"rows":"12n"}' }]]));
  });

  test('keeps where a large result is', async () => {
    const { run, queued } = await queuedTask(db.store, SPEC);
    await claimed(db.store, queued);
    const result = { kind: 'object', key: 'results/1', size: 5_000_000 } as const;
    await db.store.attempts.finish({ ...queued, to: SUCCESS, result }, WORKER);
    expect(await db.store.attempts.results(run.runKey, ['a'])).toEqual(new Map([['a', result]]));
  });

  test('by a worker that does not hold the attempt changes nothing', async () => {
    const { run, queued } = await queuedTask(db.store, SPEC);
    await claimed(db.store, queued);
    expect(await db.store.attempts.finish({ ...queued, to: SUCCESS }, 'worker-2')).toBe(false);
    expect(await states(db.store, run.runKey)).toEqual({ a: 'running 1' });
  });

  test('of an attempt that was lost meanwhile changes nothing', async () => {
    const { run, queued } = await queuedTask(db.store, SPEC);
    await claimed(db.store, queued);
    await db.sql.query("update task_instance set lease_until = now() - interval '1 second' where id = $1", [queued.taskInstanceId]);
    const { stale } = await decide(db.store, {
      runKey: run.runKey,
      revision: run.revision,
      changes: [
        {
          taskInstanceId: queued.taskInstanceId,
          from: 'running',
          fromAttempt: 1,
          to: { status: 'up_for_retry', attempt: 1, dueAt: 5 },
          reason: 'lost',
          lost: true,
        },
      ],
    });
    expect(stale).toEqual([]);
    expect(await db.store.attempts.finish({ ...queued, to: SUCCESS, result: { kind: 'inline', json: '1' } }, WORKER)).toBe(false);
    expect(await states(db.store, run.runKey)).toEqual({ a: 'up_for_retry 1' });
    expect(await db.store.queries.result(queued.taskInstanceId, 1)).toBeUndefined();
    expect(await db.store.queries.taskInstance('one', run.runId, 'a', -1)).toMatchObject({
      error: { name: 'AttemptLost' },
      reason: 'lost',
    });
  });

  test('of an attempt that was told to restart is none, without a result', async () => {
    const { run, queued } = await queuedTask(db.store, SPEC);
    await claimed(db.store, queued);
    await db.store.commands.saveCommand(
      {
        runKey: run.runKey,
        revision: run.revision,
        changes: [
          {
            taskInstanceId: queued.taskInstanceId,
            from: 'running',
            fromAttempt: 1,
            to: { status: 'restarting', attempt: 1 },
            reason: 'cleared while running',
          },
        ],
      },
      { name: 'clear' },
    );
    expect(await db.store.attempts.renew([queued], WORKER, LEASE_MS)).toEqual([]);
    expect(await db.store.attempts.finish({ ...queued, to: SUCCESS, result: { kind: 'inline', json: '1' } }, WORKER)).toBe(true);
    expect(await states(db.store, run.runKey)).toEqual({ a: 'none 1' });
    expect(await db.store.queries.result(queued.taskInstanceId, 1)).toBeUndefined();
  });

  test('that does not count as a try is counted apart', async () => {
    const { run, queued } = await queuedTask(db.store, SPEC);
    await claimed(db.store, queued);
    await db.store.attempts.finish({ ...queued, to: { status: 'scheduled', attempt: 1 } }, WORKER);
    const again = (await decide(db.store)).queued[0];
    expect(again).toMatchObject({ taskInstanceId: queued.taskInstanceId, attempt: 2, sequence: 1 });
    if (again === undefined) return;
    expect(await claimed(db.store, again)).toMatchObject({ attempt: 2, triesBefore: 1 });
    const tries = await db.store.queries.tries(queued.taskInstanceId);
    expect(tries.map(({ attempt, status }) => [attempt, status])).toEqual([
      [1, 'restarting'],
      [2, 'running'],
    ]);
    expect((await loaded(db.store, run.runKey)).status).toBe('running');
  });

  test('keeps an error with whatever characters user code put into it', async () => {
    const { run, queued } = await queuedTask(db.store, SPEC);
    await claimed(db.store, queued);
    const error = { name: 'Error', message: 'a\0b \ud800 \\u0000 {"quoted"}' };
    expect(await db.store.attempts.finish({ ...queued, to: { status: 'failed', attempt: 1 }, error }, WORKER)).toBe(true);
    const record = await db.store.queries.taskInstance('one', run.runId, 'a', -1);
    expect(record?.error).toEqual({ name: 'Error', message: 'ab \ufffd \\u0000 {"quoted"}' });
  });
});

describe('a lease', () => {
  test('is renewed for what the worker still holds, and only that is answered', async () => {
    const { queued } = await queuedTask(db.store, SPEC);
    const other = await queuedTask(db.store, SPEC);
    await claimed(db.store, queued);
    await claimed(db.store, other.queued, 'worker-2');
    expect(await db.store.attempts.renew([queued, other.queued], WORKER, LEASE_MS)).toEqual([queued.attemptId]);
    expect(await db.store.attempts.renew([], WORKER, LEASE_MS)).toEqual([]);
  });

  test('that ended makes the attempt lost, one that was renewed does not', async () => {
    const { run, queued } = await queuedTask(db.store, SPEC);
    const shard = [Number(run.runKey) % 32];
    await claimed(db.store, queued, WORKER, 0);
    expect(await db.store.scheduler.expiredLeases(shard, 10)).toEqual([
      { runKey: run.runKey, taskInstanceId: queued.taskInstanceId, attempt: 1, triesBefore: 0, why: 'lease_expired' },
    ]);
    expect(await db.store.scheduler.expiredLeases([(Number(run.runKey) + 1) % 32], 10)).toEqual([]);
    await db.store.attempts.renew([queued], WORKER, LEASE_MS);
    expect(await db.store.scheduler.expiredLeases(shard, 10)).toEqual([]);
  });
});

describe('a release', () => {
  test('puts the attempt back as if it had not been claimed', async () => {
    const { run, queued } = await queuedTask(db.store, SPEC);
    await claimed(db.store, queued);
    expect(await db.store.attempts.release(queued, 'worker-2')).toBe(false);
    expect(await db.store.attempts.release(queued, WORKER)).toBe(true);
    expect(await states(db.store, run.runKey)).toEqual({ a: 'queued 1' });
    expect(await db.store.attempts.release(queued, WORKER)).toBe(false);
    expect(await claimed(db.store, queued, 'worker-2')).toMatchObject({ attempt: 1 });
  });
});

describe('a message that nobody claims', () => {
  test('is sent again with the next sequence, until the cap', async () => {
    const { run, queued } = await queuedTask(db.store, SPEC);
    const shard = [Number(run.runKey) % 32];
    expect(await db.store.scheduler.unclaimed(shard, 60_000, 10)).toEqual([]);
    expect(await db.store.scheduler.unclaimed(shard, -1, 10)).toEqual([queued]);
    expect(await db.store.scheduler.redispatch([queued], 2)).toEqual({ send: [{ ...queued, sequence: 2 }], lost: [] });
    // The same finding again is old: somebody has sent it since.
    expect(await db.store.scheduler.redispatch([queued], 2)).toEqual({ send: [], lost: [] });
    expect(await db.store.scheduler.redispatch([{ ...queued, sequence: 2 }], 2)).toEqual({
      send: [],
      lost: [{ runKey: run.runKey, taskInstanceId: queued.taskInstanceId, attempt: 1, triesBefore: 0, why: 'never_claimed' }],
    });
  });

  test('is not sent again when it was claimed meanwhile', async () => {
    const { queued } = await queuedTask(db.store, SPEC);
    await claimed(db.store, queued);
    expect(await db.store.scheduler.redispatch([queued], 5)).toEqual({ send: [], lost: [] });
  });
});

test('two hundred callers at once are all served', async () => {
  const spec = dagSpec(
    'wide',
    Array.from({ length: 200 }, (_, index) => taskSpec(`t${index}`)),
  );
  await db.sql.query('update pool set slots = 1000');
  await db.store.attempts.register({ workerId: WORKER, hostname: 'host', pid: 7, queues: ['default'], slots: 200 }, 60_000);
  await saveDag(db.store, spec);
  await startedRun(db.store, spec);
  const wide = (await decide(db.store)).queued;
  const attempts = await Promise.all(wide.map((queued) => db.store.attempts.claim(queued, WORKER, LEASE_MS)));
  expect(attempts.map((attempt) => attempt?.attemptId)).toEqual(wide.map((queued) => queued.attemptId));
  const recorded = await Promise.all(
    wide.map((queued, index) =>
      db.store.attempts.finish({ ...queued, to: SUCCESS, result: { kind: 'inline', json: String(index) } }, WORKER),
    ),
  );
  expect(recorded.every((one) => one)).toBe(true);
  const { rows } = await db.sql.query(
    "select count(*)::int as n from task_result r join task_instance t on t.id = r.task_instance_id where t.task_id = 't' || r.inline_json",
  );
  expect(rows).toEqual([{ n: 200 }]);
});
