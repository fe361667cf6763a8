import { UnknownOrderError } from '@headrace/ports';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type TestDatabase, testDatabase } from '../../../tests/support/test-database.ts';
import { ALL_SHARDS, claimed, dagSpec, decide, instancesOf, saveDag, taskSpec, WORKER } from './support/scenario.ts';

const SALES = dagSpec('sales_daily', [taskSpec('extract', { queue: 'extract' }), taskSpec('load', { priorityWeight: 5 })], {
  tags: ['sales', 'daily'],
});
const STOCK = dagSpec('stock_hourly', [taskSpec('count')], { tags: ['stock'] });
const ALL = { limit: 100, offset: 0 };
const DAY = 86_400_000;

let db: TestDatabase;

beforeAll(async () => {
  db = await testDatabase();
  await saveDag(db.store, SALES);
  await saveDag(db.store, STOCK);
  await db.store.commands.setPaused('stock_hourly', true);
  for (let day = 1; day <= 5; day++) {
    const date = day * DAY;
    await db.store.commands.trigger({
      dagId: 'sales_daily',
      runId: `day_${day}`,
      logicalDate: date,
      runAfter: date,
      params: { day },
      runType: day === 5 ? 'manual' : 'scheduled',
      triggeredBy: 'cli',
    });
  }
  await db.store.scheduler.startRuns(ALL_SHARDS, 3, async () => instancesOf(SALES));
  await db.store.attempts.register({ workerId: WORKER, hostname: 'host', pid: 7, queues: ['default', 'extract'], slots: 4 }, 60_000);
  const { queued } = await decide(db.store);
  for (const task of queued.slice(0, 2)) {
    await claimed(db.store, task);
    await db.store.attempts.finish({ ...task, to: { status: 'success', attempt: 1 } }, WORKER);
  }
});

afterAll(() => db.drop());

describe('DAGs', () => {
  test('are found by pattern, tags and pause', async () => {
    const ids = async (filter: Parameters<typeof db.store.queries.dags>[0]) =>
      (await db.store.queries.dags(filter, ALL)).items.map((dag) => dag.dagId);
    expect(await ids({})).toEqual(['sales_daily', 'stock_hourly']);
    expect(await ids({ dagIdPattern: 'SALES' })).toEqual(['sales_daily']);
    expect(await ids({ dagIdPattern: 's%hour' })).toEqual(['stock_hourly']);
    expect(await ids({ tags: ['daily', 'sales'] })).toEqual(['sales_daily']);
    expect(await ids({ tags: ['daily', 'stock'] })).toEqual([]);
    expect(await ids({ paused: true })).toEqual(['stock_hourly']);
    expect(await ids({ dagIdPattern: "'; drop table dag; --" })).toEqual([]);
  });

  test('are ordered by what the API allows, and by nothing else', async () => {
    const { items } = await db.store.queries.dags({}, { ...ALL, orderBy: ['-dag_id'] });
    expect(items.map((dag) => dag.dagId)).toEqual(['stock_hourly', 'sales_daily']);
    const byRun = await db.store.queries.dags({}, { ...ALL, orderBy: ['last_run_start_date', '-last_run_state'] });
    expect(byRun.total).toBe(2);
    for (const column of ['version_id', 'dag_id; drop table dag', 'constructor', '']) {
      await expect(db.store.queries.dags({}, { ...ALL, orderBy: [column] })).rejects.toThrow(UnknownOrderError);
    }
    await expect(db.store.queries.dags({}, { ...ALL, orderBy: ['nope'] })).rejects.toThrow(/use one of dag_display_name, dag_id/);
  });
});

describe('runs', () => {
  test('come in pages that do not overlap', async () => {
    const first = await db.store.queries.runs({ dagId: 'sales_daily' }, { limit: 2, offset: 0, orderBy: ['state', '-run_after'] });
    const second = await db.store.queries.runs({ dagId: 'sales_daily' }, { limit: 3, offset: 2, orderBy: ['state', '-run_after'] });
    expect(first.total).toBe(5);
    expect([...first.items, ...second.items].map((run) => run.runId)).toEqual(['day_5', 'day_4', 'day_3', 'day_2', 'day_1']);
  });

  test('are found by state, type, name and dates', async () => {
    const ids = async (filter: Parameters<typeof db.store.queries.runs>[0]) =>
      (await db.store.queries.runs(filter, { ...ALL, orderBy: ['logical_date'] })).items.map((run) => run.runId);
    expect(await ids({ statuses: ['running'] })).toEqual(['day_1', 'day_2', 'day_3']);
    expect(await ids({ statuses: [] })).toEqual([]);
    expect(await ids({ runTypes: ['manual'] })).toEqual(['day_5']);
    expect(await ids({ runIdPattern: '_4' })).toEqual(['day_1', 'day_2', 'day_3', 'day_4', 'day_5'].filter((id) => /.4/.test(id)));
    expect(await ids({ logicalDate: { gte: 2 * DAY, lt: 4 * DAY } })).toEqual(['day_2', 'day_3']);
    expect(await ids({ runAfter: { gt: 2 * DAY, lte: 4 * DAY } })).toEqual(['day_3', 'day_4']);
    expect(await ids({ startedAt: { gte: 0 } })).toHaveLength(3);
    expect(await ids({ endedAt: { gte: 0 } })).toEqual([]);
  });

  test('can be ordered by every column that the API has', async () => {
    const columns = [
      'id',
      'state',
      'dag_id',
      'run_id',
      'logical_date',
      'run_after',
      'start_date',
      'end_date',
      'updated_at',
      'conf',
      'duration',
      'dag_run_id',
    ];
    for (const column of columns) {
      const { items } = await db.store.queries.runs({}, { ...ALL, orderBy: [`-${column}`] });
      expect(items).toHaveLength(5);
    }
  });
});

describe('task instances', () => {
  test('are found by DAG, run, task, state, queue and pool', async () => {
    const count = async (filter: Parameters<typeof db.store.queries.taskInstances>[0]) =>
      (await db.store.queries.taskInstances(filter, ALL)).total;
    expect(await count({})).toBe(6);
    expect(await count({ dagId: 'sales_daily', runId: 'day_1' })).toBe(2);
    expect(await count({ taskId: 'load' })).toBe(3);
    expect(await count({ statuses: ['success'] })).toBe(2);
    expect(await count({ queues: ['extract'] })).toBe(3);
    expect(await count({ pools: ['nope'] })).toBe(0);
  });

  test('can be ordered by every column that the API has', async () => {
    const columns = [
      'id',
      'state',
      'duration',
      'start_date',
      'end_date',
      'map_index',
      'try_number',
      'logical_date',
      'run_after',
      'data_interval_start',
      'data_interval_end',
      'rendered_map_index',
      'operator',
      'task_id',
    ];
    for (const column of columns) {
      const { items } = await db.store.queries.taskInstances({}, { ...ALL, orderBy: [column] });
      expect(items).toHaveLength(6);
    }
  });

  test('tell what run they belong to', async () => {
    expect(await db.store.queries.taskInstance('sales_daily', 'day_1', 'load', -1)).toMatchObject({
      dagId: 'sales_daily',
      runId: 'day_1',
      logicalDate: DAY,
      versionNumber: 1,
      priorityWeight: 5,
    });
    expect(await db.store.queries.taskInstance('sales_daily', 'day_1', 'load', 3)).toBeUndefined();
    expect(await db.store.queries.tries('99999999')).toEqual([]);
  });
});

test('live counts tell of what is going on now', async () => {
  expect(await db.store.queries.liveCounts()).toEqual({
    runs: { queued: 2, running: 3 },
    tasks: { queued: 4 },
    pools: [{ pool: 'default_pool', slots: 128, used: 4, waiting: 0, byState: { queued: 4 } }],
    queues: [
      { queue: 'default', queued: 1, running: 0, oldestMs: expect.any(Number) },
      { queue: 'extract', queued: 3, running: 0, oldestMs: expect.any(Number) },
    ],
    waits: {},
    backfills: {},
    notices: { pending: 0, dead: 0 },
    importErrors: 0,
  });
});

test('health tells who is alive', async () => {
  await db.store.scheduler.heartbeat('s1', 60_000);
  await db.store.scheduler.heartbeat('s2', 0);
  const { schedulers, workers } = await db.store.queries.health();
  expect(schedulers.map(({ id, alive }) => [id, alive])).toEqual([
    ['s1', true],
    ['s2', false],
  ]);
  expect(workers).toMatchObject([{ id: WORKER, hostname: 'host', alive: true, slots: 4, queues: ['default', 'extract'] }]);
});

test('reads can change nothing', async () => {
  const { Database } = await import('../src/database.ts');
  const { noMetrics, silentLog } = await import('@headrace/ports');
  const database = new Database({ url: db.url, poolSize: 2, applicationName: 'test', log: silentLog, metrics: noMetrics });
  try {
    await expect(database.lane('reads').query('delete from pool')).rejects.toThrow(/read-only/);
  } finally {
    await database.close();
  }
});
