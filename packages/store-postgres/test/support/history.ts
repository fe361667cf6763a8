/** A database that has been in use for long: a million finished task instances, and a little that is alive. */
import type pg from 'pg';
import type { TestDatabase } from '../../../../tests/support/test-database.ts';
import { dagSpec, saveDag, taskSpec } from './scenario.ts';

const HISTORY_DAGS = 400;

/** `runs` finished runs of 50 tasks each, every tenth task with an earlier try, all with a result. Foreign keys are not checked row by row: they hold by construction. */
export async function insertHistory(db: TestDatabase, runs: number): Promise<void> {
  const tasks = Array.from({ length: 50 }, (_, index) => taskSpec(`t${index}`));
  for (let dag = 0; dag < HISTORY_DAGS; dag++) await saveDag(db.store, dagSpec(`old_${dag}`, tasks));
  const client = await db.sql.connect();
  try {
    await inBulk(client, runs);
  } finally {
    client.release(true);
  }
  await db.sql.query('analyze');
}

async function inBulk(client: pg.PoolClient, runs: number): Promise<void> {
  await client.query('set session_replication_role = replica');
  await client.query(
    `insert into dag_run (dag_id, run_id, version_id, run_type, state, logical_date, run_after, params, triggered_by, started_at, ended_at)
     select d.dag_id, 'run_' || n, d.version_id, 'scheduled', case when n % 10 = 0 then 'failed' else 'success' end,
       timestamptz '2020-01-01' + n * interval '1 hour', timestamptz '2020-01-01' + n * interval '1 hour', '{}', 'timetable', now(), now()
     from generate_series(1, $1::integer) n join dag d on d.dag_id = 'old_' || n % ${HISTORY_DAGS}`,
    [runs],
  );
  await client.query(
    `insert into task_instance (dag_run_id, dag_id, task_id, state, attempt, attempt_id, max_tries, queue, pool, pool_slots, priority_weight,
       scheduled_at, queued_at, dispatch_sequence, dispatched_at, started_at, ended_at, worker_id, hostname, pid, log_key)
     select r.id, r.dag_id, 't' || n, r.state, 1, gen_random_uuid(), 1, 'default', 'default_pool', 1, 1,
       r.run_after, r.run_after, 1, r.run_after, r.run_after, r.run_after, 'worker', 'host', 1, 'log/' || r.id
     from dag_run r cross join generate_series(0, 49) n`,
  );
  await client.query(`insert into task_try (task_instance_id, attempt, state) select id, 1, 'failed' from task_instance where id % 10 = 0`);
  await client.query(
    `insert into task_result (task_instance_id, attempt, inline_json) select id, 1, '1' from task_instance where id % 2 = 0`,
  );
}
