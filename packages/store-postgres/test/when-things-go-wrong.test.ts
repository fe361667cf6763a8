/** Notices, pauses, explanations and versions in Postgres, and the plans of what schedulers and workers ask again and again. */
import type { RunDecision } from '@headrace/ports';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { type TestDatabase, testDatabase } from '../../../tests/support/test-database.ts';
import { insertHistory } from './support/history.ts';
import { explainingConnection, planOf, recorded } from './support/recorded-statements.ts';
import { claimed, dagSpec, decide, queuedTask, saveDag, startedRun, taskSpec } from './support/scenario.ts';

const PAGER = { kind: 'webhook', connection: 'pager' } as const;

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
}, 60_000);
afterAll(() => db.drop());

const notices = async (event: string) => (await db.store.notices.list({ event }, { limit: 100, offset: 0 })).items;

describe('a notice is saved', () => {
  const told = (key: string) => ({ key, target: PAGER, payload: { event: `test.${key}`, dagId: 'told' } });

  test('with the outcome of an attempt, once, or not at all when the attempt is fenced', async () => {
    const spec = dagSpec('told', [taskSpec('a')]);
    await saveDag(db.store, spec);
    const { queued } = await queuedTask(db.store, spec);
    await claimed(db.store, queued);
    const ending = { ...queued, to: { status: 'success', attempt: 1 } } as const;
    expect(await db.store.attempts.finish({ ...ending, notices: [told('late')] }, 'somebody-else')).toBe(false);
    expect(await db.store.attempts.finish({ ...ending, notices: [told('done')] }, 'worker-1')).toBe(true);
    expect(await db.store.attempts.finish({ ...ending, notices: [told('done')] }, 'worker-1')).toBe(true);
    expect([(await notices('test.late')).length, (await notices('test.done')).length]).toEqual([0, 1]);
  });

  test('with a decision, or not at all when the run has moved on', async () => {
    const spec = dagSpec('told_too', [taskSpec('a')]);
    await saveDag(db.store, spec);
    const { runKey } = await startedRun(db.store, spec);
    const decision = { runKey, changes: [], status: 'failed' } as const;
    await decide(db.store, { ...decision, revision: 7, notices: [told('stale')] });
    await decide(db.store, { ...decision, revision: 0, notices: [told('decided')] });
    expect([(await notices('test.stale')).length, (await notices('test.decided')).length]).toEqual([0, 1]);
  });
});

describe('a DAG that fails again and again', () => {
  const spec = dagSpec('flaky', [taskSpec('a')], { maxConsecutiveFailedRuns: 2 });
  const paused = { key: 'paused', target: PAGER, payload: { event: 'dag.paused', dagId: 'flaky' } };

  async function end(status: 'success' | 'failed', key: string): Promise<void> {
    const { runKey } = await startedRun(db.store, spec);
    const failureStreak = { limit: 2, notices: [{ ...paused, key: `${paused.key} ${key}` }] };
    const decision: RunDecision = { runKey, revision: 0, changes: [], status, failureStreak };
    await decide(db.store, decision);
  }

  test('pauses itself in the decision that ends the run, tells so, and shows why; un-pausing begins anew', async () => {
    await saveDag(db.store, spec);
    for (const status of ['failed', 'success', 'failed'] as const) await end(status, status);
    expect((await db.store.queries.dag('flaky'))?.paused).toBe(false);
    await end('failed', 'now');
    const dag = await db.store.queries.dag('flaky');
    expect(dag).toMatchObject({ paused: true, pausedReason: expect.stringContaining('2 runs in a row failed') });
    expect((await notices('dag.paused')).map((one) => one.key)).toEqual(['paused now']);
    await db.store.commands.setPaused('flaky', false);
    expect((await db.store.queries.dag('flaky'))?.pausedReason).toBeUndefined();
    await end('failed', 'later');
    expect((await db.store.queries.dag('flaky'))?.paused).toBe(false);
  });
});

describe('what explains', () => {
  test('every limit of a task instance, with what is used of it', async () => {
    const limits = { maxActive: 3, concurrency: [{ key: 'api', limit: 2 }], rate: [{ key: 'api', tokens: 1, perMs: 60_000, burst: 1 }] };
    const spec = dagSpec('limited', [taskSpec('a', { limits, pool: 'small', poolSlots: 2 })], { maxActiveTasks: 5 });
    await saveDag(db.store, spec);
    await db.store.pools.create({ name: 'small', slots: 3, includeDeferred: false });
    const { task } = await queuedTask(db.store, spec);
    const waiting = await startedRun(db.store, spec);
    await decide(db.store);
    const standing = await db.store.explain.slot(waiting.tasks[0]?.taskInstanceId ?? '');
    expect(standing).toMatchObject({ pool: 'small', poolSlots: 2, poolSize: 3, poolUsed: 2, dagActive: 1, maxActiveTasks: 5 });
    expect(standing?.keys).toEqual(
      expect.arrayContaining([
        { key: 'task:limited/a', limit: 3, held: 1 },
        { key: 'key:api', limit: 2, held: 1 },
      ]),
    );
    expect(standing?.rates).toEqual([{ key: 'api', tokens: 1, perMs: 60_000, burst: 1, fullAt: expect.any(Number) }]);
    expect((await db.store.explain.slot(task.taskInstanceId))?.poolUsed).toBe(2);
    expect(await db.store.explain.slot('999999999')).toBeUndefined();
  });

  test('what keeps a run queued', async () => {
    const spec = dagSpec('narrow', [taskSpec('a')], { maxActiveRuns: 1, overlap: 'buffer_all' });
    await saveDag(db.store, spec);
    const active = await startedRun(db.store, spec);
    await db.store.commands.trigger({ dagId: 'narrow', params: {}, runType: 'manual', triggeredBy: 'test', runId: 'second' });
    const { runKey } = await db.store.commands.trigger({
      dagId: 'narrow',
      params: {},
      runType: 'manual',
      triggeredBy: 'test',
      runId: 'third',
    });
    await db.store.commands.setPaused('narrow', true);
    expect(await db.store.explain.run(runKey)).toMatchObject({
      status: 'queued',
      paused: true,
      activeRuns: 1,
      activeRunIds: [active.runId],
      maxActiveRuns: 1,
      queuedBefore: 1,
      overlap: 'buffer_all',
    });
    expect(await db.store.explain.run('999999999')).toBeUndefined();
  });
});

test('versions are listed and loaded with their code', async () => {
  await saveDag(db.store, dagSpec('versioned', [taskSpec('a')]), 'export const first = 1');
  await saveDag(db.store, dagSpec('versioned', [taskSpec('b')]), 'export const second = 2');
  const page = { limit: 10, offset: 0, orderBy: ['-version_number'] };
  const { items, total } = await db.store.versions.list({ dagId: 'versioned' }, page);
  expect([items.map((one) => one.number), total]).toEqual([[2, 1], 2]);
  expect((await db.store.versions.list({ dagId: 'versioned', number: 1 }, page)).items).toHaveLength(1);
  expect(await db.store.versions.load('versioned', 1)).toMatchObject({
    code: 'export const first = 1',
    spec: { tasks: [{ taskId: 'a' }] },
  });
  expect(await db.store.versions.load('versioned', 3)).toBeUndefined();
});

describe('no table of history is read as a whole by', () => {
  let client: pg.Client;
  beforeAll(async () => {
    await insertHistory(db, 400);
    await db.sql.query(
      `insert into notice (key, idempotency_key, event, target, payload, state, delivered_at)
       select 'old ' || n, 'old' || n, 'x', '{}', '{}', 'delivered', now() from generate_series(1, 20000) n`,
    );
    await db.sql.query('analyze');
    const deadlines = [{ name: 'd', from: { kind: 'run_queued' }, withinMs: 0, predict: true, notify: [PAGER] }] as const;
    await saveDag(db.store, dagSpec('due', [taskSpec('a')], { deadlines }));
    await startedRun(db.store, dagSpec('due', [taskSpec('a')]));
    await db.store.notices.tell([{ key: 'new', target: PAGER, payload: { event: 'x' } }]);
    client = await explainingConnection(db.url);
  }, 120_000);
  afterAll(() => client.end());

  async function shun(least: number, work: () => Promise<unknown>): Promise<void> {
    const statements = await recorded(work);
    expect(statements.length).toBeGreaterThanOrEqual(least);
    for (const statement of statements) {
      for (const node of await planOf(client, statement)) {
        const scan = `${node['Node Type']} on ${node['Relation Name'] ?? ''}`;
        expect(scan).not.toMatch(/^Seq Scan on (notice|deadline|dag_run|task_instance|dag_version)$/);
        const read = ((node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0)) * (node['Actual Loops'] ?? 1);
        expect([scan, read < 2_000]).toEqual([scan, true]);
      }
    }
  }

  test('delivering notices', async () => {
    await shun(1, () => db.store.notices.claim('d', 10, 60_000));
    await shun(1, () => db.store.notices.dueIn());
    await shun(1, () => db.store.notices.settle([{ id: '1', attempt: 1, outcome: { kind: 'delivered' } }]));
    await shun(1, () => db.store.notices.tell([{ key: 'another', target: PAGER, payload: { event: 'x' } }]));
  });

  test('looking after deadlines', async () => {
    const unwatched = await db.store.deadlines.unwatched(10);
    expect(unwatched.map((run) => run.dagId)).toEqual(['due']);
    await shun(1, () => db.store.deadlines.unwatched(10));
    const runKey = unwatched[0]?.runKey ?? '';
    await shun(1, () => db.store.deadlines.watch([{ runKey, name: 'd', dueAt: 1, checkAt: 1 }]));
    await shun(1, () => db.store.deadlines.nextCheck());
    await shun(3, () =>
      db.store.deadlines.judge(10, async (due) =>
        due.map((one) => ({
          runKey: one.runKey,
          name: one.name,
          state: 'missed',
          notices: [{ key: 'm', target: PAGER, payload: { event: 'm' } }],
        })),
      ),
    );
    await shun(1, () => db.store.deadlines.expectations());
  });
});
