/**
 * Housekeeping on a database in use: what goes and what stays, that catchup makes no history anew, and that nobody waits for it. The
 * scheduler's own planning, the real statements, a real object store.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DagSpec } from '@headrace/core';
import { cleanUp, planDag, type RetentionPolicy } from '@headrace/engine';
import { createObjectStore } from '@headrace/objects';
import { noMetrics, type ObjectStore } from '@headrace/ports';
import { dagOf, newTasks, taskOf } from '@headrace/ports/conformance/store-world';
import type { PostgresStore } from '@headrace/store-postgres';
import { attemptLogKey, attemptResultKey, runObjectsPrefix } from '@headrace/task-runtime';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import pg from 'pg';
import { type TestDatabase, testDatabase } from '../support/test-database.ts';

const SHARDS = Array.from({ length: 32 }, (_, shard) => shard);
const DAY = 86_400_000;
/** All that has ended is old. */
const NOTHING_OLDER_THAN_NOW = -DAY;

let database: TestDatabase;
let sql: pg.Pool;
let store: PostgresStore;
let objects: ObjectStore;
let folder: string;

beforeAll(async () => {
  database = await testDatabase();
  ({ store, sql } = database);
  folder = mkdtempSync(join(tmpdir(), 'headrace-retention-'));
  objects = createObjectStore(pathToFileURL(folder).href);
}, 60_000);

afterAll(async () => {
  await database?.drop();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

async function clean(
  keepFor: RetentionPolicy['keepFor'] = { runs: NOTHING_OLDER_THAN_NOW },
  more: Partial<Parameters<typeof cleanUp>[0]> = {},
) {
  const now = await store.scheduler.now();
  return cleanUp({ store: store.retention, policy: { keepFor, keepRuns: 0 }, now, objects, objectsOf: runObjectsPrefix, ...more });
}

/** As a scheduler's planner does it. */
async function plan(dagId: string): Promise<number> {
  await store.schedules.requestPlan([dagId]);
  const { created } = await store.scheduler.planDueDags(50, (dag, now) => planDag(dag, now, 100).plan);
  return created.length;
}

async function save(spec: DagSpec, version = 1): Promise<void> {
  const hash = `${spec.dagId}-${version}`;
  await store.catalog.saveFile({ file: `${spec.dagId}.ts`, dags: [{ spec, graphHash: hash }], bundle: { hash, code: '' } });
}

/** Finished runs of a DAG, with many task instances, tries and results. */
async function history(dagId: string, runs: number, tasks: number): Promise<void> {
  await save(dagOf(dagId, [taskOf('a')]));
  await sql.query(
    `insert into dag_run (dag_id, run_id, version_id, run_type, state, run_after, params, triggered_by, started_at, ended_at)
     select d.dag_id, 'run_' || n, d.version_id, 'manual', 'success', now(), '{}', 'test', now(), now() - n * interval '1 second'
     from generate_series(1, $2::integer) n, dag d where d.dag_id = $1`,
    [dagId, runs],
  );
  await sql.query(
    `insert into task_instance (dag_run_id, dag_id, task_id, map_index, state, attempt, max_tries, queue, pool, pool_slots, priority_weight)
     select r.id, r.dag_id, 'a', n, 'success', 1, 1, 'default', 'default_pool', 1, 1
     from dag_run r, generate_series(0, $2::integer - 1) n where r.dag_id = $1`,
    [dagId, tasks],
  );
  await sql.query(`insert into task_try (task_instance_id, attempt, state) select id, 1, 'failed' from task_instance where dag_id = $1`, [
    dagId,
  ]);
  await sql.query(
    `insert into task_result (task_instance_id, attempt, inline_json) select id, 1, '1' from task_instance where dag_id = $1`,
    [dagId],
  );
}

async function count(table: string, dagId: string): Promise<number> {
  const { rows } = await sql.query<{ n: number }>(`select count(*)::integer as n from ${table} where dag_id = $1`, [dagId]);
  return rows[0]?.n ?? 0;
}

test('catchup makes no run anew that was removed, nor does a new version of the DAG', async () => {
  const spec = dagOf('daily', [taskOf('a')], {
    schedule: { kind: 'cron', expression: '@daily', timezone: 'UTC', interval: 'cron' },
    catchup: { kind: 'all' },
    startAt: Date.now() - 20.5 * DAY,
  });
  await save(spec);
  const made = await plan('daily');
  expect(made).toBeGreaterThanOrEqual(19);
  await sql.query(`update dag_run set state = 'success', started_at = now(), ended_at = now() where dag_id = 'daily'`);
  expect(await clean()).toMatchObject({ runs: made - 1 });
  expect(await plan('daily')).toBe(0);
  await save({ ...spec, tags: ['anew'] }, 2);
  expect(await plan('daily')).toBe(0);
  await store.commands.setPaused('daily', true);
  await store.commands.setPaused('daily', false);
  expect(await plan('daily')).toBe(0);
  expect(await count('dag_run', 'daily')).toBe(1);
});

test('logs and results go after their rows, however often it is tried, and nothing else', async () => {
  await history('logged', 3, 1);
  const attempt = (runId: string) => ({ dagId: 'logged', runId, taskId: 'a', mapIndex: 0, attempt: 1 });
  for (const run of ['run_1', 'run_2', 'run_3', 'run_30']) {
    await objects.put(attemptLogKey(attempt(run)), Buffer.from('log'));
    await objects.put(attemptResultKey(attempt(run)), Buffer.from('1'));
  }
  const failing = { ...objects, list: objects.list, delete: async () => Promise.reject(new Error('the object store is away')) };
  await expect(clean(undefined, { objects: failing })).rejects.toThrow('away');
  expect(await count('dag_run', 'logged')).toBe(0);
  expect(await clean()).toMatchObject({ objects: 6 });
  expect(await clean()).not.toHaveProperty('objects');
  const left: string[] = [];
  for (const prefix of ['logs/', 'results/']) for await (const { key } of objects.list(prefix)) left.push(key);
  expect(left).toEqual([attemptLogKey(attempt('run_30')), attemptResultKey(attempt('run_30'))]);
});

test('logs go before their runs where the settings say so', async () => {
  await history('kept', 2, 1);
  const key = attemptLogKey({ dagId: 'kept', runId: 'run_1', taskId: 'a', mapIndex: 0, attempt: 1 });
  await objects.put(key, Buffer.from('log'));
  await clean({ logs: NOTHING_OLDER_THAN_NOW });
  expect(await objects.head(key)).toBeUndefined();
  expect(await count('dag_run', 'kept')).toBe(2);
});

test('no statement removes many rows', async () => {
  await history('large', 3, 3_000);
  await history('small', 300, 3);
  await sql.query('analyze');
  const spy = jest.spyOn(pg.Client.prototype, 'query');
  const sizes: number[] = [];
  try {
    await clean();
    for (const { value } of spy.mock.results) {
      const result = (await (value as unknown as Promise<pg.QueryResult>)) as pg.QueryResult | undefined;
      if (result?.command === 'DELETE' || result?.command === 'INSERT') sizes.push(result.rowCount ?? 0);
    }
  } finally {
    spy.mockRestore();
  }
  expect(await count('task_instance', 'large')).toBe(0);
  expect(await count('dag_run', 'small')).toBe(0);
  expect(sizes.length).toBeGreaterThan(40);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(200);
}, 60_000);

test('a run that somebody has locked, or that has begun anew, is passed over, and the others go; nobody waits for it', async () => {
  await history('busy', 5, 2);
  const client = await sql.connect();
  try {
    await client.query('begin');
    await client.query(`select from dag_run where dag_id = 'busy' and run_id = 'run_3' for update`);
    await sql.query(`update task_instance set state = 'running' where dag_id = 'busy' and dag_run_id = (
      select id from dag_run where dag_id = 'busy' and run_id = 'run_4')`);
    expect(await clean()).toMatchObject({ runs: 3 });
    const live = dagOf('live', [taskOf('a')]);
    await save(live);
    const { runKey } = await store.commands.trigger({ dagId: 'live', params: {}, runType: 'manual', triggeredBy: 'test' });
    const [started] = await store.scheduler.startRuns(SHARDS, 10, async () => newTasks(live));
    expect(started?.runKey).toBe(runKey);
  } finally {
    await client.query('rollback');
    client.release();
  }
  const { rows } = await sql.query(`select run_id from dag_run where dag_id = 'busy' order by run_id`);
  expect(rows).toEqual([{ run_id: 'run_3' }, { run_id: 'run_4' }]);
  await sql.query(`update task_instance set state = 'failed' where dag_id = 'busy'`);
});

test('a dry run counts what then goes', async () => {
  await history('counted', 4, 5);
  const counted = await clean(undefined, { dryRun: true });
  expect(await count('dag_run', 'counted')).toBe(4);
  const removed: string[] = [];
  const metrics = {
    ...noMetrics,
    count: (metric: string, labels = {}, by = 1) => void removed.push(`${metric} ${JSON.stringify(labels)} ${by}`),
  };
  const gone = await clean(undefined, { metrics });
  expect(gone).toMatchObject({ runs: counted?.runs, task_instances: counted?.task_instances });
  expect(removed).toContain(`headrace_housekeeping_removed_total {"kind":"runs"} ${counted?.runs}`);
});
