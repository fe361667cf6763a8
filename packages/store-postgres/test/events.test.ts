import type { StoreEvent } from '@headrace/ports';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type TestDatabase, testDatabase } from '../../../tests/support/test-database.ts';
import { claimed, dagSpec, decide, queuedTask, saveDag, startedRun, taskSpec, WORKER } from './support/scenario.ts';
import { until } from './support/until.ts';

const SPEC = dagSpec('one', [taskSpec('a')]);

let db: TestDatabase;
let events: StoreEvent[];
let gaps: number;
let stop: () => Promise<void>;

beforeAll(async () => {
  db = await testDatabase();
});

beforeEach(async () => {
  await db.clean();
  await saveDag(db.store, SPEC);
  events = [];
  gaps = 0;
  stop = await db.store.events.listen({
    onEvents: (news) => events.push(...news),
    onGap: () => {
      gaps += 1;
    },
  });
});

afterEach(() => stop());

afterAll(() => db.drop());

const arrived = (count: number) => until(`${count} events`, async () => (events.length >= count ? events.splice(0) : undefined));

describe('a scheduler hears', () => {
  test('of runs, and of every move of a worker from which something follows, in order', async () => {
    const { run, queued } = await queuedTask(db.store, SPEC);
    expect(await arrived(1)).toEqual([{ type: 'run', runKey: run.runKey }]);
    await claimed(db.store, queued);
    await db.store.attempts.release(queued, WORKER);
    await claimed(db.store, queued);
    await db.store.attempts.finish({ ...queued, to: { status: 'up_for_retry', attempt: 1, dueAt: 1_700_000_000_123 } }, WORKER);
    const of = { type: 'task', runKey: run.runKey, taskInstanceId: queued.taskInstanceId };
    expect(await arrived(2)).toEqual([
      { ...of, to: { status: 'queued', attempt: 1 } },
      { ...of, to: { status: 'up_for_retry', attempt: 1, dueAt: 1_700_000_000_123 } },
    ]);
  });

  test('of a DAG that is new, changed, paused or removed', async () => {
    await saveDag(db.store, dagSpec('two', [taskSpec('a')]));
    await saveDag(db.store, dagSpec('two', [taskSpec('a')]));
    await db.store.commands.setPaused('two', true);
    await db.store.catalog.removeFile('two.ts');
    const dag = { type: 'dag', dagId: 'two' };
    expect(await arrived(3)).toEqual([dag, dag, dag]);
  });

  test('of a thousand moves of one commit, packed into few notifications', async () => {
    const wide = dagSpec(
      'wide',
      Array.from({ length: 1_000 }, (_, index) => taskSpec(`t${index}`)),
    );
    await saveDag(db.store, wide);
    await db.sql.query('update pool set slots = 5000');
    await db.store.attempts.register({ workerId: WORKER, hostname: 'h', pid: 1, queues: ['default'], slots: 1_000 }, 60_000);
    const run = await startedRun(db.store, wide);
    const { queued } = await decide(db.store);
    expect(queued).toHaveLength(1_000);
    await arrived(2);
    await Promise.all(queued.map((task) => db.store.attempts.claim(task, WORKER, 60_000)));
    await Promise.all(queued.map((task) => db.store.attempts.finish({ ...task, to: { status: 'success', attempt: 1 } }, WORKER)));
    const moves = await arrived(1_000);
    expect(new Set(moves.map((move) => (move.type === 'task' ? move.taskInstanceId : '')))).toEqual(
      new Set(run.tasks.map((task) => task.taskInstanceId)),
    );
  });

  test('of slots that another scheduler gave to its runs', async () => {
    await db.store.scheduler.heartbeat('owner', 60_000);
    const run = await startedRun(db.store, SPEC);
    const { queued } = await decide(db.store);
    const [given] = queued;
    const heard = await arrived(2);
    expect(heard.at(-1)).toEqual({
      type: 'task',
      runKey: run.runKey,
      taskInstanceId: given?.taskInstanceId,
      to: { status: 'queued', attempt: 1 },
    });
  });

  test('that there was a gap when its connection was cut, and everything after it', async () => {
    const { rowCount } = await db.sql.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'headrace headrace_events' and datname = current_database()",
    );
    expect(rowCount).toBe(1);
    await until('the gap to be told', async () => (gaps === 1 ? true : undefined));
    const { runKey } = await db.store.commands.trigger({ dagId: 'one', params: {}, runType: 'manual', triggeredBy: 'test' });
    expect(await arrived(1)).toEqual([{ type: 'run', runKey }]);
  });
});

test('a worker hears which attempts are no longer its own', async () => {
  const revoked: string[] = [];
  const end = await db.store.attempts.onRevoked((attemptIds) => revoked.push(...attemptIds));
  try {
    const { run, task, queued } = await queuedTask(db.store, SPEC);
    await claimed(db.store, queued);
    await db.store.commands.saveCommand(
      {
        runKey: run.runKey,
        revision: 0,
        status: 'failed',
        changes: [
          {
            taskInstanceId: task.taskInstanceId,
            from: 'running',
            fromAttempt: 1,
            to: { status: 'failed', attempt: 1 },
            reason: 'run cancelled',
          },
        ],
      },
      { name: 'cancel', user: 'ada' },
    );
    expect(await until('the revocation', async () => revoked[0])).toBe(queued.attemptId);
  } finally {
    await end();
  }
});

test('connections that are cut do not end the process, and the store goes on', async () => {
  await db.store.queries.health();
  await db.store.scheduler.now();
  const { rowCount } = await db.sql.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'headrace %' and datname = current_database()",
  );
  expect(rowCount).toBeGreaterThan(2);
  await until('the store to answer', () => db.store.scheduler.now().catch(() => undefined));
  expect((await db.store.queries.health()).workers).toEqual([]);
});
