/**
 * Deletes runs, and task instances that a run's version of the DAG no longer has.
 *
 * X1. The run's row is locked and compared first, as every decision on it does: it cannot start, or be cleared, meanwhile.
 * X2. What was held by a worker is fenced by having no row; but a run with a task instance that runs is never deleted.
 * X3. Schedulers hear of the run: whoever has it in hand finds it gone.
 */
import type { Deletion } from '@headrace/ports';
import type pg from 'pg';
import type { Queryable } from '../database.ts';
import { tellRuns } from '../notification.ts';
import { transaction } from '../transaction.ts';

const LOCK = 'select id, state from dag_run where dag_id = $1 and run_id = $2 for update';

const IS_LIVE = `
  select exists (select from task_instance where dag_run_id = any($1) and state in ('queued', 'running', 'restarting')) as live`;

/** Tries, results and waits go with their task instances, events and deadlines with their run. Parameter: run keys. */
const PROGRESS = `
  delete from task_progress p using task_instance t where t.dag_run_id = any($1) and p.task_instance_id = t.id`;
const TASKS = 'delete from task_instance where dag_run_id = any($1)';
/** What they have left in the object store goes later: see `retention/objects.ts`. */
const RUNS = `
  with gone as (delete from dag_run where id = any($1) returning dag_id, run_id)
  insert into doomed_object (dag_id, run_id, kind) select dag_id, run_id, 'run' from gone`;

export async function deleteRun(pool: pg.Pool, dagId: string, runId: string): Promise<Deletion> {
  return transaction(pool, async (client) => {
    const { rows } = await client.query<{ id: string; state: string }>(LOCK, [dagId, runId]);
    const [run] = rows;
    if (run === undefined) return 'not_found';
    if (run.state === 'running' || (await hasLiveTasks(client, [run.id]))) return 'live';
    await deleteRuns(client, [run.id]);
    await tellRuns(client, [run.id]);
    return 'deleted';
  });
}

export async function hasLiveTasks(client: Queryable, runKeys: readonly string[]): Promise<boolean> {
  const { rows } = await client.query<{ live: boolean }>(IS_LIVE, [runKeys]);
  return rows[0]?.live === true;
}

/** Of runs that the caller has locked. */
export async function deleteRuns(client: Queryable, runKeys: readonly string[]): Promise<void> {
  for (const statement of [PROGRESS, TASKS, RUNS]) await client.query(statement, [runKeys]);
}

const LOCK_RUN_OF = `
  select r.id from dag_run r where r.id = (select t.dag_run_id from task_instance t where t.id = $1) for no key update`;

export async function deleteTaskInstance(pool: pg.Pool, taskInstanceId: string): Promise<'deleted' | 'needed' | 'not_found'> {
  return transaction(pool, async (client) => {
    const runs = await client.query<{ id: string }>(LOCK_RUN_OF, [taskInstanceId]);
    const [run] = runs.rows;
    if (run === undefined) return 'not_found';
    const deleted = await client.query("delete from task_instance where id = $1 and state = 'removed'", [taskInstanceId]);
    if (deleted.rowCount === 0) return 'needed';
    await client.query('update dag_run set revision = revision + 1 where id = $1', [run.id]);
    await tellRuns(client, [run.id]);
    return 'deleted';
  });
}
