/** Years of finished task instances, made in the database itself. */
import type pg from 'pg';

const TASKS_PER_RUN = 10;
/** One run in so many failed, at its last task. */
const FAILED_OF = 100;

/**
 * Adds so many finished task instances, as those of runs of the DAG `bench_chain_10`, one in a hundred of which failed, and lets the
 * database take notice.
 */
export async function addHistory(sql: pg.Pool, taskInstances: number): Promise<void> {
  const client = await sql.connect();
  try {
    await insertHistory(client, taskInstances);
  } finally {
    client.release(true);
  }
  await sql.query('vacuum analyze task_instance');
  await sql.query('vacuum analyze dag_run');
  await sql.query('checkpoint');
}

async function insertHistory(sql: pg.PoolClient, taskInstances: number): Promise<void> {
  // Foreign keys hold by construction; looking each of them up would take longer than all the rest.
  await sql.query('set session_replication_role = replica');
  await sql.query(
    `insert into dag_run (dag_id, run_id, version_id, run_type, state, run_after, params, triggered_by, queued_at, started_at, ended_at)
     select dag_id, 'history-' || n, version_id, 'manual', case when n % $2::int = 0 then 'failed' else 'success' end, at, '{}', 'test', at, at, at + interval '1 minute'
     from dag, generate_series(1, $1::int) n, lateral (select now() - interval '3 years' + n * interval '15 minutes' as at) t
     where dag_id = 'bench_chain_10'`,
    [taskInstances / TASKS_PER_RUN, FAILED_OF],
  );
  await sql.query(
    `insert into task_instance (dag_run_id, dag_id, task_id, state, attempt, attempt_id, max_tries, queue, pool, pool_slots, priority_weight,
       scheduled_at, queued_at, started_at, ended_at, dispatch_sequence, worker_id)
     select r.id, r.dag_id, 'step_' || lpad(n::text, 3, '0'), case when n = $1::int - 1 then r.state else 'success' end, 1, gen_random_uuid(), 1, 'default', 'default_pool', 1, 1,
       r.started_at, r.started_at, r.started_at, r.ended_at, 1, 'history'
     from dag_run r, generate_series(0, $1::int - 1) n
     where r.run_id like 'history-%'`,
    [TASKS_PER_RUN],
  );
}
