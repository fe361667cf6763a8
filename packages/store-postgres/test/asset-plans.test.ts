/** What asset events cost follows what changed: not how many events there were, how long queues are, or how many consumers wait. */

import { consumer, finishTask, planByCore, producer, saveDag } from '@headrace/ports/conformance/asset-store';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type pg from 'pg';
import { type TestDatabase, testDatabase } from '../../../tests/support/test-database.ts';
import { explainingConnection, type PlanNode, planOf, recorded } from './support/recorded-statements.ts';

const TABLES: ReadonlySet<string> = new Set([
  'asset_event',
  'queued_asset_event',
  'run_asset_event',
  'dag_run',
  'task_instance',
  'dag',
  'asset',
]);
/** More than what the events below concern, far less than what there is. */
const MOST_ROWS = 100;

let db: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  db = await testDatabase();
  const idle = Array.from({ length: 400 }, (_, index) =>
    consumer(`idle_${index}`, {
      kind: 'all',
      of: [
        { kind: 'asset', name: 'old' },
        { kind: 'asset', name: 'never' },
      ],
    }),
  );
  await db.store.catalog.saveFile({
    file: 'idle.ts',
    dags: idle.map((spec) => ({ spec, graphHash: spec.dagId })),
    bundle: { hash: 'code', code: '' },
  });
  await saveDag(db.store, producer('shop', 'fresh', { name: 'daily', partitions: { kind: 'time', every: 'day', timezone: 'UTC' } }));
  await saveDag(
    db.store,
    consumer('report', {
      kind: 'all',
      of: [
        { kind: 'asset', name: 'fresh' },
        { kind: 'asset', name: 'old' },
      ],
    }),
  );
  await db.store.commands.setPaused('report', true);
  await db.sql.query(`
    with e as (
      insert into asset_event (asset_id, partition_key, extra, at)
      select a.id, case when n % 2 = 0 then 'p' || n % 1000 end, '{}', now() - n * interval '1 second'
      from asset a cross join generate_series(1, 100000) n where a.name in ('old', 'fresh')
      returning id, asset_id, partition_key
    )
    insert into queued_asset_event (dag_id, event_id, asset_id, partition_key, triggers, looked)
    select 'idle_' || e.id % 400, e.id, e.asset_id, coalesce(e.partition_key, ''), true, true from e join asset a on a.id = e.asset_id
    where a.name = 'old' and e.id % 8 < 2`);
  await db.sql.query(`
    insert into dag_run (dag_id, run_id, version_id, run_type, state, run_after, params, triggered_by)
    select 'report', 'old_' || n, d.version_id, 'asset_triggered', 'success', now(), '{}', 'asset' from generate_series(1, 20000) n, dag d where d.dag_id = 'report'`);
  await db.sql.query(
    'insert into run_asset_event (dag_run_id, event_id) select r.id, e.id from dag_run r join asset_event e on e.id = r.id',
  );
  await db.sql.query('analyze');
  await db.store.commands.setPaused('report', false);
  client = await explainingConnection(db.url);
}, 120_000);

afterAll(async () => {
  await client?.end();
  await db?.drop();
});

test('history is there', async () => {
  const { rows } = await db.sql.query(
    'select (select count(*)::int from asset_event) as events, (select count(*)::int from queued_asset_event) as queued',
  );
  expect(rows).toEqual([{ events: 200_000, queued: 25_000 }]);
});

test('recording an event', async () => {
  await cheap(2, () => finishTask(db.store, 'shop', [{ asset: 'fresh' }]));
  await cheap(2, () => db.store.assets.addEvent({ asset: 'daily', partition: '2026-11-21' }));
});

test('looking at what came, which leads to nothing', async () => {
  await cheap(4, async () => expect(await db.store.assets.triggerConsumers(100, planByCore)).toMatchObject({ looked: 1, created: [] }));
});

test('making a run', async () => {
  const { rows } = await db.sql.query<{ id: string }>(
    `with e as (insert into asset_event (asset_id, extra) select id, '{}' from asset where name = 'old' returning id, asset_id)
     insert into queued_asset_event (dag_id, event_id, asset_id, partition_key, triggers, looked)
     select 'report', id, asset_id, '', true, false from e returning event_id as id`,
  );
  expect(rows).toHaveLength(1);
  await cheap(8, async () => expect((await db.store.assets.triggerConsumers(100, planByCore)).created).toHaveLength(1));
});

test('asking for the newest events, for the first since an instant, and for what made a run', async () => {
  await cheap(1, () => db.store.assets.newestEvents(['old', 'fresh', 'daily']));
  await cheap(1, () => db.store.assets.eventsSince('fresh', undefined, Date.now() - 20_000));
  await cheap(1, () => db.store.assets.eventsSince('fresh', 'p2', Date.now() - 20_000_000));
  const { rows } = await db.sql.query<{ id: string }>('select max(id) as id from dag_run');
  await cheap(1, () => db.store.assets.triggeringEvents(rows[0]?.id ?? ''));
});

/** The plans of all statements about assets that `work` sends, of which there must be so many at least. */
async function cheap(least: number, work: () => Promise<unknown>): Promise<void> {
  const statements = (await recorded(work)).filter((statement) => /asset/.test(statement.text));
  expect(statements.length).toBeGreaterThanOrEqual(least);
  for (const statement of statements) {
    expect({ sql: statement.text, reads: reads(await planOf(client, statement)) }).toEqual({ sql: statement.text, reads: [] });
  }
}

function reads(nodes: readonly PlanNode[]): readonly string[] {
  return nodes.flatMap((node) => {
    const table = node['Relation Name'];
    if (table === undefined || !TABLES.has(table)) return [];
    const rows = ((node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0)) * (node['Actual Loops'] ?? 0);
    if (node['Node Type'] === 'Seq Scan') return [`sequential scan of ${table}`];
    return rows > MOST_ROWS ? [`${rows} rows of ${table} by ${node['Node Type']} ${node['Index Name'] ?? ''}`] : [];
  });
}
