/** What a step of housekeeping costs follows what it looks at, not how much history there is. */
import { RETENTION_KINDS } from '@headrace/ports';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type pg from 'pg';
import { type TestDatabase, testDatabase } from '../../../tests/support/test-database.ts';
import { explainingConnection, planOf, recorded } from './support/recorded-statements.ts';
import { dagSpec, saveDag, taskSpec } from './support/scenario.ts';

const LIMIT = 20;
/** Each row that is looked at leads to a few look-ups. */
const MOST_ROWS = 1_000;
const SMALL: ReadonlySet<string> = new Set([
  'worker',
  'scheduler',
  'retention_mark',
  'doomed_object',
  'pool',
  'backfill',
  'wait',
  'dag',
  'audit_chain',
]);

let db: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  db = await testDatabase();
  for (const dagId of ['old_0', 'old_1', 'old_2']) await saveDag(db.store, dagSpec(dagId, [taskSpec('t')]));
  await db.sql.query(`
    insert into dag_run (dag_id, run_id, version_id, run_type, state, logical_date, run_after, params, triggered_by, started_at, ended_at)
    select d.dag_id, 'run_' || n, d.version_id, 'scheduled', 'success', timestamptz '2020-01-01' + n * interval '1 hour',
      timestamptz '2020-01-01' + n * interval '1 hour', '{}', 'timetable', now(), now() - n * interval '1 second'
    from generate_series(1, 6000) n join dag d on d.dag_id = 'old_' || n % 3;
    insert into task_instance (dag_run_id, dag_id, task_id, state, attempt, max_tries, queue, pool, pool_slots, priority_weight)
    select r.id, r.dag_id, 't' || n, r.state, 1, 1, 'default', 'default_pool', 1, 1 from dag_run r cross join generate_series(0, 4) n;
    insert into task_try (task_instance_id, attempt, state) select id, 1, 'failed' from task_instance where id % 3 = 0;
    insert into task_result (task_instance_id, attempt, inline_json) select id, 1, '1' from task_instance where id % 2 = 0;
    insert into asset (name, spec) values ('sales', '{"name":"sales"}');
    insert into asset_event (asset_id, partition_key, extra) select a.id, 'p' || n % 50, '{}' from asset a, generate_series(1, 20000) n;
    insert into notice (key, idempotency_key, event, target, payload, state, delivered_at, version_id)
    select 'n' || n, 'i' || n, 'e', '{}', '{}', case when n % 100 = 0 then 'pending' else 'delivered' end, now(), (select min(id) from dag_version)
    from generate_series(1, 20000) n;
    insert into data_load (dag_id, run_id, task_id, map_index, try_number, task_instance_id, kind, connection, place, partition, partition_key,
      rows_in, rows_out, rows_deduplicated, rows_quarantined, schema_hash, columns)
    select 'd', 'r' || n, 'load', -1, 1, n, 'lake', 'lake', 'table_' || n % 50, '{}', '', 1, 1, 0, 0, 'x', '[]' from generate_series(1, 20000) n;
    insert into lineage_flow (dag_id, task_id, written, kind, reads, inputs, columns, hash, run_id)
    select 'old_' || n % 3, 't' || n, 'lake:lake/t' || n, 'load', '{}', '{}', '[]', 'h', 'run_' || n % 6000 from generate_series(1, 600) n;
    insert into lineage_flow (dag_id, task_id, written, kind, reads, inputs, columns, hash, run_id)
    select 'other_' || n % 100, 't' || n, 'lake:lake/t' || n, 'load', '{}', '{}', '[]', 'h', 'run_' || n from generate_series(1, 20000) n;
    insert into data_check (dag_id, run_id, task_id, map_index, try_number, task_instance_id, connection, place, partition, partition_key, name,
      columns, severity, ok, count, samples)
    select 'd', 'r' || n, 'load', -1, 1, n, 'lake', 'table_' || n % 50, '{}', '', 'unique', '{id}', 'warn', true, 0, '[]' from generate_series(1, 20000) n`);
  await db.sql.query('analyze');
  client = await explainingConnection(db.url);
}, 120_000);

afterAll(async () => {
  await client?.end();
  await db?.drop();
});

test.each(RETENTION_KINDS)('a step over %s: by indexes, and few rows', async (kind) => {
  const step = { before: Date.now() + 86_400_000, limit: LIMIT, keepNewest: 3 };
  const statements = await recorded(async () => {
    await db.store.retention.remove(kind, { ...step, dryRun: true });
    const { next } = await db.store.retention.remove(kind, step);
    if (next !== undefined) await db.store.retention.remove(kind, { ...step, after: next });
  });
  expect(statements.length).toBeGreaterThanOrEqual(1);
  for (const statement of statements) {
    for (const node of await planOf(client, statement)) {
      const table = node['Relation Name'];
      if (table === undefined || SMALL.has(table)) continue;
      expect(`${node['Node Type']} on ${table}: ${statement.text}`).not.toMatch(/^Seq Scan/);
      const touched = ((node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0)) * (node['Actual Loops'] ?? 1);
      expect({ table, few: touched <= MOST_ROWS, text: touched <= MOST_ROWS ? '' : statement.text }).toEqual({
        table,
        few: true,
        text: '',
      });
    }
  }
});
