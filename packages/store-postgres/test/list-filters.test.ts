/** Every filter and every order of the lists, each told from its opposite on a few rows; cursors through orders with and without values. */
import { UnknownOrderError } from '@headrace/ports';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type TestDatabase, testDatabase } from '../../../tests/support/test-database.ts';
import { ALL_SHARDS, claimed, dagSpec, decide, instancesOf, saveDag, taskSpec, WORKER } from './support/scenario.ts';

const SALES = dagSpec('sales_daily', [taskSpec('extract', { kind: 'extract' }), taskSpec('load', { pool: 'nowhere' })], {
  tags: ['sales', 'daily'],
  owners: ['ann'],
});
const STOCK = dagSpec('stock_hourly', [taskSpec('count')], { tags: ['stock'], owners: ['bob'] });
const ALL = { limit: 100, offset: 0 };

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  await saveDag(db.store, SALES);
  await saveDag(db.store, STOCK);
  const trigger = (runId: string, more: object = {}) =>
    db.store.commands.trigger({ dagId: 'sales_daily', runId, params: {}, runType: 'manual', triggeredBy: 'cli', runAfter: 1_000, ...more });
  await trigger('one', { user: 'ann', partitionKey: 'north', params: { city: 'Kiel' } });
  await trigger('two', { user: 'bob' });
  await db.store.scheduler.startRuns(ALL_SHARDS, 1, async () => instancesOf(SALES));
  await trigger('later', { runAfter: 4e12 });
  await db.sql.query('update dag_run set started_at = to_timestamp(10), ended_at = to_timestamp(13) where run_id = $1', ['one']);
  await db.store.attempts.register({ workerId: WORKER, hostname: 'host', pid: 7, queues: ['default'], slots: 4 }, 60_000);
  const { queued } = await decide(db.store);
  for (const task of queued) {
    await claimed(db.store, task);
    await db.store.attempts.finish({ ...task, to: { status: 'success', attempt: 1 }, result: { kind: 'inline', json: '7' } }, WORKER);
  }
  await db.store.commands.setFavorite('ann', 'stock_hourly', true);
}, 60_000);
afterAll(() => db.drop());

type DagFilter = Parameters<TestDatabase['store']['queries']['dags']>[0];
type RunFilter = Parameters<TestDatabase['store']['queries']['runs']>[0];
type TaskFilter = Parameters<TestDatabase['store']['queries']['taskInstances']>[0];

test.each<[DagFilter, string[]]>([
  [{ anyTags: ['daily', 'stock'] }, ['sales_daily', 'stock_hourly']],
  [{ dagIdPattern: 'stock | nothing' }, ['stock_hourly']],
  [{ dagIds: [] }, []],
  [{ dagIds: ['stock_hourly'] }, ['stock_hourly']],
  [{ owners: ['ann', 'eve'] }, ['sales_daily']],
  [{ hasImportErrors: true }, []],
  [{ hasImportErrors: false, paused: false }, ['sales_daily', 'stock_hourly']],
  [{ lastRunStatus: 'queued' }, ['sales_daily']],
  [{ bundleHash: 'nothing' }, []],
  [{ hasAssetSchedule: true }, []],
  [{ hasAssetSchedule: false, assetDependency: 'lake://x' }, []],
  [{ run: { statuses: ['running'], startedAt: { gte: 10_000 }, endedAt: { lt: 13_001 } } }, ['sales_daily']],
  [{ run: { statuses: ['failed'] } }, []],
  [{ scheduleKinds: ['manual', 'cron'], favorite: { user: 'ann', is: true } }, ['stock_hourly']],
  [{ favorite: { user: 'ann', is: false } }, ['sales_daily']],
])('DAGs by %j', async (filter, expected) => {
  const { items, total } = await db.store.queries.dags(filter, { ...ALL, orderBy: ['dag_id'] });
  expect([items.map(({ dagId }) => dagId), total]).toEqual([expected, expected.length]);
});

test.each<[RunFilter, string[]]>([
  [{ dagIds: ['stock_hourly'] }, []],
  [{ dagIdPattern: 'SALES', runIdPattern: 'o' }, ['one', 'two']],
  [{ userPattern: 'an%' }, ['one']],
  [{ partitionKeyPattern: 'nor' }, ['one']],
  [{ paramsContain: 'Kiel' }, ['one']],
  [{ versions: [1], statuses: ['running', 'queued'] }, ['one', 'two', 'later']],
  [{ versions: [2] }, []],
  [{ bundleHash: 'x' }, []],
  [{ duration: { gte: 3_000, lt: 3_001 } }, ['one']],
  [{ duration: { gt: 3_000 } }, []],
  [{ updatedAt: { lte: 13_000 } }, ['one']],
])('runs by %j', async (filter, expected) => {
  const { items } = await db.store.queries.runs(filter, { ...ALL, orderBy: ['id'] });
  expect(items.map(({ runId }) => runId)).toEqual(expected);
});

test.each<[TaskFilter, string[]]>([
  [{ runIds: ['one', 'two'], statuses: ['success', 'none', 'scheduled'] }, ['extract', 'load']],
  [{ statuses: ['success'] }, ['extract']],
  [{ kinds: ['extract'] }, ['extract']],
  [{ kindPattern: 'tas' }, ['load']],
  [{ taskIdPattern: 'oad', dagIdPattern: 'sales', runIdPattern: 'on', poolPattern: 'nowh', queuePattern: 'def' }, ['load']],
  [{ mapIndexes: [-1], attempts: [1], versions: [1] }, ['extract']],
  [{ mapped: true }, []],
  [{ startedAt: { gte: 1 }, endedAt: { gte: 1 }, updatedAt: { gte: 1 }, duration: { gte: 0 }, runAfter: { lte: 1_000 } }, ['extract']],
  [{ dagIds: ['stock_hourly'] }, []],
])('task instances by %j', async (filter, expected) => {
  const { items, total } = await db.store.queries.taskInstances(filter, { ...ALL, orderBy: ['task_id'] });
  expect([items.map(({ taskId }) => taskId), total]).toEqual([expected, expected.length]);
});

describe('what is known of DAGs', () => {
  test('counts, tags, warnings, favourites, results', async () => {
    const { queries } = db.store;
    expect(await queries.runCounts({})).toEqual([
      { dagId: 'sales_daily', counts: { queued: 2, running: 1 } },
      { dagId: 'stock_hourly', counts: {} },
    ]);
    expect(await queries.runCounts({ dagIds: ['stock_hourly'] })).toEqual([{ dagId: 'stock_hourly', counts: {} }]);
    expect(await queries.tags({ pattern: 's' }, { ...ALL, orderBy: ['-name'] })).toMatchObject({ items: ['stock', 'sales'], total: 2 });
    expect((await queries.tags({ dagIds: ['stock_hourly'] }, ALL)).items).toEqual(['stock']);
    const warnings = await queries.warnings({}, { ...ALL, orderBy: ['dag_id', '-timestamp', 'warning_type', 'message'] });
    expect(warnings.items).toMatchObject([
      { dagId: 'sales_daily', kind: 'non-existent pool', message: expect.stringContaining('"nowhere"') },
    ]);
    expect(await queries.favorites('ann')).toEqual(['stock_hourly']);
    const results = await queries.results({ dagId: 'sales_daily', runId: 'one' }, ALL);
    expect(results.items.map(({ taskId }) => taskId)).toEqual(['extract']);
    expect((await queries.results({ taskIdPattern: 'load' }, ALL)).total).toBe(0);
    expect((await queries.importErrors(ALL, { filePattern: 'x' })).total).toBe(0);
  });
});

describe('by cursor', () => {
  const orders = [
    ['id'],
    ['-id'],
    ['start_date'],
    ['-start_date'],
    ['state', '-start_date'],
    ['-end_date', 'run_id'],
    ['-run_after'],
    ['logical_date'],
  ];
  test.each(orders)('runs in the order %s %s are those by offset', async (...orderBy) => {
    const seen: string[] = [];
    let cursor: string | undefined = '';
    while (cursor !== undefined) {
      const page: Awaited<ReturnType<typeof db.store.queries.runs>> = await db.store.queries.runs(
        {},
        { limit: 1, offset: 0, orderBy, cursor },
      );
      seen.push(...page.items.map(({ runId }) => runId));
      cursor = page.next;
    }
    const { items } = await db.store.queries.runs({}, { ...ALL, orderBy });
    expect(seen).toEqual(items.map(({ runId }) => runId));
    expect(seen).toHaveLength(3);
  });

  test('a cursor is of one order, and nothing else is one', async () => {
    const { next = '' } = await db.store.queries.runs({}, { limit: 1, offset: 0, orderBy: ['-id'] });
    for (const [cursor, orderBy] of [
      [next, ['id']],
      [next, ['-start_date']],
      ['nonsense', ['-id']],
      [Buffer.from('["x",null]').toString('base64url'), ['-id']],
    ] as const)
      await expect(db.store.queries.runs({}, { limit: 1, offset: 0, orderBy, cursor })).rejects.toMatchObject({
        code: 'HR_INVALID_CURSOR',
      });
    await expect(db.store.queries.runs({}, { ...ALL, orderBy: ['colour'] })).rejects.toBeInstanceOf(UnknownOrderError);
  });
});
