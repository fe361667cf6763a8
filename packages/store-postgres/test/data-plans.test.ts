/** What loads and checks cost to save and to show does not follow how many there have been. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type pg from 'pg';
import { type TestDatabase, testDatabase } from '../../../tests/support/test-database.ts';
import { explainingConnection, planOf, recorded } from './support/recorded-statements.ts';

const HISTORY: ReadonlySet<string> = new Set(['data_load', 'data_check', 'task_progress', 'task_instance']);
const MOST_ROWS = 300;

let db: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  db = await testDatabase();
  await db.sql.query(`
    insert into data_load (dag_id, run_id, task_id, map_index, try_number, task_instance_id, kind, connection, place, partition, partition_key,
      rows_in, rows_out, rows_deduplicated, rows_quarantined, schema_hash, columns)
    select 'dag_' || n % 1000, 'run_' || n, 'load', -1, 1, n, 'lake', 'lake', 'table_' || n % 500, '{}', 'day=' || lpad((n / 5000)::text, 4, '0') || '/',
      1, 1, 0, 0, 'x', '[]'
    from generate_series(1, 50000) n`);
  await db.sql.query(`
    insert into data_check (dag_id, run_id, task_id, map_index, try_number, task_instance_id, connection, place, partition, partition_key, name,
      columns, severity, ok, count, samples)
    select 'dag_' || n % 1000, 'run_' || n, 'load', -1, 1, n, 'lake', 'table_' || n % 500, '{}', '', 'unique', '{id}', 'warn', n % 1000 <> 0, 0, '[]'
    from generate_series(1, 50000) n`);
  await db.sql.query('analyze');
  client = await explainingConnection(db.url);
}, 60_000);

afterAll(async () => {
  await client?.end();
  await db?.drop();
});

test.each<[string, () => Promise<unknown>]>([
  ['the newest loads', () => db.store.dataReports.loads({}, { limit: 50 })],
  ['the next page of loads', () => db.store.dataReports.loads({}, { limit: 50, before: '20000' })],
  ['the loads of a DAG', () => db.store.dataReports.loads({ dagId: 'dag_7' }, { limit: 50 })],
  ['the loads of a table', () => db.store.dataReports.loads({ connection: 'lake', place: 'table_7' }, { limit: 50 })],
  ['the newest load of each partition', () => db.store.dataReports.newestLoads({ connection: 'lake', place: 'table_7' }, { limit: 50 })],
  ['the newest checks', () => db.store.dataReports.checks({}, { limit: 50 })],
  ['the newest checks that failed', () => db.store.dataReports.checks({ ok: false }, { limit: 50 })],
  ['the progress of a run', () => db.store.progress.ofRun('dag_7', 'run_7')],
  [
    'saving progress',
    () =>
      db.store.progress.save([
        { taskInstanceId: '7', attemptId: '00000000-0000-4000-8000-000000000007', phase: 'reading', beganAt: 0, toldAt: 1 },
      ]),
  ],
])('%s: by an index, and few rows', async (_, ask) => {
  const statements = (await recorded(ask)).filter(({ text }) => /data_load|data_check|task_progress/.test(text));
  expect(statements).toHaveLength(1);
  for (const statement of statements) {
    const nodes = (await planOf(client, statement)).filter((node) => HISTORY.has(node['Relation Name'] ?? ''));
    for (const node of nodes) {
      expect(`${node['Node Type']} on ${node['Relation Name']}`).not.toMatch(/^Seq Scan on (data_load|data_check)/);
      const touched = ((node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0)) * (node['Actual Loops'] ?? 1);
      expect(touched).toBeLessThanOrEqual(MOST_ROWS);
    }
  }
});
