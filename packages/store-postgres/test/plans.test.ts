/** No hot statement reads history, however long it is, or looks at idle DAGs: shown on a million finished task instances of 400 DAGs. */

import type { TaskSpec } from '@headrace/core';
import { advanceBackfill } from '@headrace/core';
import {
  COUNTED_AHEAD,
  type Listed,
  type Page,
  type QueuedTask,
  type RunDecision,
  type RunFilter,
  type RunRecord,
  silentLog,
  type TaskInstanceFilter,
} from '@headrace/ports';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { type TestDatabase, testDatabase } from '../../../tests/support/test-database.ts';
import { createStore } from '../src/index.ts';
import { insertHistory } from './support/history.ts';
import { explainingConnection, type PlanNode, planOf, recorded, type Statement } from './support/recorded-statements.ts';
import {
  ALL_SHARDS,
  claimed,
  dagSpec,
  decide,
  instancesOf,
  LEASE_MS,
  loaded,
  saveDag,
  startedRun,
  taskSpec,
  WORKER,
} from './support/scenario.ts';

const HISTORY: ReadonlySet<string> = new Set(['task_instance', 'dag_run', 'task_try', 'task_result']);

/** The keys, and the indexes of what is alive. */
const ALLOWED: ReadonlySet<string> = new Set([
  'task_instance_pkey',
  'task_instance_dag_run_id_task_id_map_index_key',
  'task_instance_scheduled',
  'task_instance_live',
  'task_instance_limited',
  'task_instance_deferred',
  'task_instance_due',
  'dag_run_pkey',
  'dag_run_dag_id_run_id_key',
  'dag_run_queued',
  'dag_run_running',
  'dag_run_startable',
  'dag_run_idempotency',
  'dag_run_logical_date',
  'dag_run_backfill_live',
  'task_try_pkey',
  'task_result_pkey',
]);

/** More than all that is alive here, far less than history. */
const MOST_ROWS = 2_000;
const MOST_DAGS = 100;

const LIVE = dagSpec(
  'live',
  Array.from({ length: 20 }, (_, index) => taskSpec(`t${index}`)),
);
const SUCCESS = { status: 'success', attempt: 1 } as const;

let db: TestDatabase;
let client: pg.Client;
let queued: readonly QueuedTask[];
let decision: RunDecision;

beforeAll(async () => {
  db = await testDatabase();
  await insertHistory(db, 20_000);
  await saveDag(db.store, LIVE);
  await db.store.attempts.register({ workerId: WORKER, hostname: 'host', pid: 1, queues: ['default'], slots: 50 }, 600_000);
  await startedRun(db.store, LIVE);
  ({ queued } = await decide(db.store));
  const waiting = await startedRun(db.store, LIVE, 'none');
  decision = {
    runKey: waiting.runKey,
    revision: 0,
    changes: waiting.tasks.map(({ taskInstanceId }) => ({
      taskInstanceId,
      from: 'none',
      fromAttempt: 0,
      to: { status: 'scheduled', attempt: 0 },
      reason: 'all_success',
    })),
  };
  client = await explainingConnection(db.url);
}, 300_000);

afterAll(async () => {
  await client.end();
  await db.drop();
});

test('history is there', async () => {
  const { rows } = await db.sql.query("select count(*)::int as n from task_instance where state in ('success', 'failed')");
  expect(rows).toEqual([{ n: 1_000_000 }]);
});

/** Each carries out the store's own code; its statements are explained before anything else changes. */
describe('history is not read by', () => {
  const first = (): QueuedTask => queued[0] as QueuedTask;

  test('starting runs', async () => {
    await db.store.commands.trigger({ dagId: 'live', params: {}, runType: 'manual', triggeredBy: 'test' });
    await shun(5, () => db.store.scheduler.startRuns(ALL_SHARDS, 10, async () => instancesOf(LIVE)));
  });

  test('triggering a run, and planning schedules', async () => {
    await shun(1, () => db.store.commands.trigger({ dagId: 'live', params: {}, runType: 'manual', triggeredBy: 'test' }));
    await db.sql.query("update dag set next_due_at = now() where dag_id = 'live'");
    await shun(3, () =>
      db.store.scheduler.planDueDags(5, ({ dagId, versionId }) => ({
        dagId,
        runs: [
          { dagId, versionId, runId: 'planned', runType: 'scheduled', logicalDate: 1, intervalStart: 1, intervalEnd: 2, runAfter: 4e12 },
        ],
      })),
    );
  });

  test('planning continuous DAGs, ending overtaken runs, and requests that are sent twice', async () => {
    await db.sql.query("update dag set plan_when_idle = true, ends_other = 'cancel', exclusion = 'partition' where dag_id = 'live'");
    await shun(1, () => db.store.scheduler.planDueDags(5, ({ dagId }) => ({ dagId, runs: [] })));
    await db.sql.query("update dag set next_due_at = now(), plan_when_idle = true, ends_other = 'cancel' where dag_id = 'live'");
    await shun(1, () => db.store.schedules.overtakenRuns(10));
    await shun(1, () => db.store.schedules.requestPlan(['live']));
    const idempotency = { key: 'k', requestHash: 'h' };
    await shun(1, () => db.store.commands.trigger({ dagId: 'live', params: {}, runType: 'manual', triggeredBy: 'test', idempotency }));
    await db.sql.query("update dag set plan_when_idle = false, ends_other = null, exclusion = 'none' where dag_id = 'live'");
  });

  test('backfills', async () => {
    const entries = Array.from({ length: 50 }, (_, position) => {
      const at = Date.UTC(2019, 0, 1) + position * 86_400_000;
      return { position, logicalDate: at, intervalStart: at, intervalEnd: at + 86_400_000, action: { kind: 'create' } } as const;
    });
    const range = { from: Date.UTC(2019, 0, 1), to: Date.UTC(2019, 2, 1), reprocess: 'none', backwards: false } as const;
    const { backfillId } = await db.store.backfills.create({
      ...range,
      dagId: 'live',
      params: {},
      maxActiveRuns: 5,
      priorityClass: -1,
      entries,
    });
    await shun(5, () => db.store.backfills.advance(100, advanceBackfill));
    await shun(1, () =>
      db.store.backfills.existing(
        'live',
        entries.map((entry) => entry.logicalDate),
      ),
    );
    await shun(2, () => db.store.backfills.cancel(backfillId));
    await shun(1, () => db.store.backfills.cancelledRuns(10));
  });

  test('decisions and giving slots', async () => {
    // A store of its own, because a connection prepares what it counts only once.
    const store = createStore({ url: db.url, log: silentLog });
    try {
      await shun(9, () => decide(store, decision));
    } finally {
      await store.close();
    }
  });

  test('finding what is due, lost or unclaimed', async () => {
    await db.store.commands.trigger({
      dagId: 'live',
      params: {},
      runType: 'manual',
      triggeredBy: 'test',
      runAfter: Date.now() + 3_600_000,
    });
    await shun(1, () => db.store.scheduler.nextDue(ALL_SHARDS));
    await shun(1, () => db.store.scheduler.expiredLeases(ALL_SHARDS, 100));
    await shun(1, () => db.store.scheduler.unclaimed(ALL_SHARDS, -1, 100));
    await shun(1, () => db.store.scheduler.redispatch([first()], 100));
    await shun(1, () => db.store.scheduler.activeRuns(ALL_SHARDS));
  });

  test('reading runs, results and states', async () => {
    const { runKey } = first();
    await shun(1, () => db.store.scheduler.loadRuns([runKey, decision.runKey]));
    await shun(1, () => db.store.attempts.results(runKey, ['t0', 't1']));
    await shun(3, () => db.store.queries.tries(first().taskInstanceId));
  });

  test('claims, renewals, endings and releases', async () => {
    const [one, two, three] = queued as [QueuedTask, QueuedTask, QueuedTask];
    const again = { ...three, sequence: 2 };
    await shun(1, () => claimed(db.store, { ...one }));
    await shun(1, () => db.store.attempts.renew([one], WORKER, LEASE_MS));
    await shun(1, () => db.store.attempts.finish({ ...one, to: SUCCESS }, WORKER));
    await claimed(db.store, two);
    await shun(1, () => db.store.attempts.finish({ ...two, to: SUCCESS, result: { kind: 'inline', json: '1' } }, WORKER));
    await shun(2, () => db.store.attempts.finish({ ...two, to: SUCCESS }, WORKER));
    await claimed(db.store, again);
    await shun(1, () => db.store.attempts.release(again, WORKER));
  });

  test('commands', async () => {
    const run = await loaded(db.store, first().runKey);
    const change = run.tasks
      .filter((task) => task.state.status === 'success')
      .map(
        ({ taskInstanceId }) =>
          ({ taskInstanceId, from: 'success', fromAttempt: 1, to: { status: 'none', attempt: 1 }, reason: 'cleared' }) as const,
      );
    expect(change.length).toBeGreaterThan(0);
    await shun(6, () => db.store.commands.saveCommand({ runKey: run.runKey, revision: run.revision, changes: change }, { name: 'clear' }));
  });

  test('gauges', async () => {
    await shun(3, () => db.store.queries.liveCounts());
  });
});

test('what a limit holds back is not read by decisions either, however much it is', async () => {
  const limits = { concurrency: [{ key: 'one', limit: 1 }], rate: [{ key: 'one', tokens: 1, perMs: 3_600_000, burst: 1 }] };
  const many = (more: Partial<TaskSpec>) =>
    Array.from({ length: 10_000 }, (_, index) => taskSpec(`t${index}`, { priorityWeight: 9, ...more }));
  // Starts the runs that are left over from above, too.
  await startedRun(db.store, LIVE);
  for (const spec of [
    dagSpec('held_by_its_dag', many({}), { maxActiveTasks: 1 }),
    dagSpec('held_by_a_key', many({ limits }), { maxActiveTasks: 50_000 }),
    dagSpec('held_by_its_pool', many({ pool: 'nowhere' }), { maxActiveTasks: 50_000 }),
  ]) {
    await saveDag(db.store, spec);
    await startedRun(db.store, spec);
  }
  await db.sql.query('update pool set slots = 1000');
  await decide(db.store);
  const store = createStore({ url: db.url, log: silentLog });
  try {
    const run = await startedRun(db.store, LIVE);
    await shun(7, async () => {
      const { queued, backlog } = await decide(store);
      expect([queued.filter((task) => task.runKey === run.runKey).length, backlog]).toEqual([20, true]);
    });
    await shun(1, () => decide(store));
  } finally {
    await store.close();
  }
}, 60_000);

/** Lists are of history, too: each page, its count and the page after it read what they show and count, and nothing like all of it. */
describe('a page of a long list is read in its order, wherever in the list it is:', () => {
  const FEW = 2_000;
  // As it is where autovacuum has been: pages of finished rows are known to be visible, so that an index alone can be counted.
  // Runs of years do not all begin in one moment, as those that the other tests insert.
  beforeAll(async () => {
    await db.sql.query("update dag_run set started_at = run_after where dag_id like 'old%'");
    await db.sql.query('vacuum (analyze) task_instance, dag_run');
  }, 300_000);

  const runs = (filter: RunFilter) => (page: Page) => db.store.queries.runs(filter, page);
  const tasks = (filter: TaskInstanceFilter) => (page: Page) => db.store.queries.taskInstances(filter, page);

  test.each<[string, (page: Page) => Promise<Listed<unknown>>, string]>([
    ['all runs, the last started first', runs({}), '-start_date'],
    ['all runs by id', runs({}), 'id'],
    ['all runs, the newest first', runs({}), '-run_after'],
    ['failed runs', runs({ statuses: ['failed'] }), '-id'],
    ['runs of a DAG by id', runs({ dagId: 'old_7' }), 'id'],
    ['runs of a DAG, the last started first', runs({ dagId: 'old_7' }), '-start_date'],
    ['failed runs of a DAG', runs({ dagId: 'old_10', statuses: ['failed'] }), '-id'],
    ['all task instances by id', tasks({}), 'id'],
    ['failed task instances by id', tasks({ statuses: ['failed'] }), '-id'],
    ['failed task instances, the last started first', tasks({ statuses: ['failed'] }), '-start_date'],
    ['successful task instances, the last started first', tasks({ statuses: ['success'] }), '-start_date'],
    ['task instances of a run', tasks({ dagId: 'old_7', runId: 'run_407' }), 'map_index'],
  ])('%s', async (_, ask, order) => {
    const reader = await explainingConnection(db.url, 'reads');
    try {
      let cursor: string | undefined = '';
      for (let page = 0; page < 3 && cursor !== undefined; page++) {
        const at: Page = { limit: 20, offset: 0, orderBy: [order], cursor };
        let next: string | undefined;
        const statements = await recorded(async () => ({ next } = await ask(at)));
        for (const statement of statements) {
          const most = statement.text.startsWith('select count(*)') ? COUNTED_AHEAD + FEW : FEW;
          const worst = Math.max(...(await planOf(reader, statement)).map(rowsOf));
          expect({ sql: statement.text, readsTooMuch: worst > most ? worst : false }).toEqual({ sql: statement.text, readsTooMuch: false });
        }
        cursor = next;
      }
    } finally {
      await reader.end();
    }
  });

  test('by cursor every row is seen once, in the order of the list', async () => {
    const seen: string[] = [];
    let cursor: string | undefined = '';
    while (cursor !== undefined) {
      const page: Listed<RunRecord> = await db.store.queries.runs(
        { dagId: 'old_7' },
        { limit: 20, offset: 0, orderBy: ['-start_date'], cursor },
      );
      seen.push(...page.items.map(({ runId }) => runId));
      cursor = page.next;
    }
    const { items, total } = await db.store.queries.runs({ dagId: 'old_7' }, { limit: 100, offset: 0, orderBy: ['-start_date'] });
    expect([seen, seen.length]).toEqual([items.map(({ runId }) => runId), total]);
  });

  test('a list is counted up to a bound after the page, which the answer says', async () => {
    const far = await db.store.queries.taskInstances({}, { limit: 10, offset: 500, orderBy: ['id'] });
    expect([far.total, far.totalIsExact]).toEqual([510 + COUNTED_AHEAD, false]);
    const near = await db.store.queries.taskInstances({ dagId: 'old_7', runId: 'run_407' }, { limit: 10, offset: 0 });
    expect([near.total, near.totalIsExact]).toEqual([50, undefined]);
  });
});

/** Of history: DAGs and their versions are few. */
function rowsOf(node: PlanNode): number {
  const { 'Actual Rows': rows = 0, 'Rows Removed by Filter': removed = 0, 'Actual Loops': loops = 0 } = node;
  if (!HISTORY.has(node['Relation Name'] ?? '')) return 0;
  return (rows + removed) * loops;
}

/** The plans of all statements that `work` sends, of which there must be so many at least. */
async function shun(least: number, work: () => Promise<unknown>): Promise<void> {
  const statements = await recorded(work);
  expect(statements.length).toBeGreaterThanOrEqual(least);
  for (const statement of statements)
    expect({ sql: statement.text, readsHistory: offences(await planOf(client, statement)) }).toEqual({
      sql: statement.text,
      readsHistory: [],
    });
}

function offences(nodes: readonly PlanNode[]): readonly string[] {
  return nodes.flatMap((node) => {
    const index = node['Index Name'];
    const table = node['Relation Name'];
    const rows =
      ((node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)) *
      (node['Actual Loops'] ?? 0);
    if (isHashed(node)) return ['a hashed subplan, which reads all there is'];
    if (table === 'dag' && rows > MOST_DAGS) return [`${rows} DAGs by ${node['Node Type']}`];
    const isHistory = table !== undefined && HISTORY.has(table);
    if (isHistory && node['Node Type'] === 'Seq Scan') return [`sequential scan of ${table}`];
    if (index !== undefined && ofHistory(index) && !ALLOWED.has(index)) return [`scan of index ${index}`];
    if (isHistory && rows > MOST_ROWS) return [`${rows} rows of ${table} by ${node['Node Type']} ${index ?? ''}`];
    return [];
  });
}

function isHashed({ Filter = '', Output = [] }: PlanNode): boolean {
  return [Filter, ...Output].some((expression) => expression.includes('hashed SubPlan'));
}

function ofHistory(index: string): boolean {
  return [...HISTORY].some((table) => index.startsWith(`${table}_`));
}

test('what is found by its key is found by its key, also before Postgres has learnt how much is alive', async () => {
  const young = await testDatabase();
  const wide = dagSpec(
    'wide',
    Array.from({ length: 2_500 }, (_, index) => taskSpec(`t${index}`)),
    { maxActiveTasks: 5_000 },
  );
  const connection = await explainingConnection(young.url);
  try {
    await young.sql.query('alter table task_instance set (autovacuum_enabled = off); update pool set slots = 5000');
    await young.store.attempts.register({ workerId: WORKER, hostname: 'host', pid: 1, queues: ['default'], slots: 5_000 }, 600_000);
    await saveDag(young.store, wide);
    await startedRun(young.store, wide);
    const [one, two] = (await decide(young.store)).queued as [QueuedTask, QueuedTask];
    const statements = await recorded(async () => {
      await young.store.scheduler.redispatch([two], 100);
      await claimed(young.store, one);
      await young.store.attempts.renew([one], WORKER, LEASE_MS);
      await young.store.attempts.release(one, WORKER);
      await claimed(young.store, one);
      await young.store.attempts.finish({ ...one, to: SUCCESS }, WORKER);
      await claimed(young.store, { ...two, sequence: 2 });
      await young.store.attempts.finish({ ...two, to: SUCCESS, result: { kind: 'inline', json: '1' } }, WORKER);
    });
    expect(statements).toHaveLength(6);
    for (const statement of statements) {
      const ways = (await planOf(connection, statement)).filter((node) => node['Index Name']?.startsWith('task_instance') === true);
      expect({ sql: statement.text, ways: ways.map((node) => node['Index Name']) }).toEqual({
        sql: statement.text,
        ways: ['task_instance_pkey'],
      });
    }
  } finally {
    await connection.end();
    await young.drop();
  }
}, 60_000);

test('a statement that reads history is caught', async () => {
  const scan: Statement = { text: "select count(*) from task_instance where log_key = 'nothing'", values: [] };
  expect(offences(await planOf(client, scan))).toEqual([expect.stringMatching(/sequential scan of task_instance|rows of task_instance/)]);
  const list: Statement = { text: 'select id from dag_run where dag_id = $1 order by run_after desc limit 10', values: ['old_1'] };
  expect(offences(await planOf(client, list))).toEqual(['scan of index dag_run_run_after']);
});
