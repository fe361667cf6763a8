/**
 * Lets a run go on with another version of its DAG.
 *
 * Promises: every task of that version has a row; a task that is new there, or has come back, waits for its trigger rule;
 * one that is no longer there is `removed` and keeps its tries, results and logs. What is live is left to end.
 */
import type { VersionChange } from '@headrace/ports';
import type { Queryable } from '../database.ts';

const PIN = `update dag_run set version_id = $2 where id = $1`;

/** Parameters: run key, the task ids of the version. */
const REMOVE = `
  update task_instance set state = 'removed', reason = 'not in this version of the DAG', due_at = null
  where dag_run_id = $1 and task_id <> all($2) and state not in ('removed', 'queued', 'running', 'restarting')`;

/** Parameters: run key, then the new rows by column. */
const ADD = `
  insert into task_instance (dag_run_id, dag_id, task_id, state, queue, pool, pool_slots, priority_weight, max_tries)
  select r.id, r.dag_id, t.task_id, 'none', t.queue, t.pool, t.pool_slots, t.priority_weight, t.max_tries
  from dag_run r
  cross join unnest($2::text[], $3::text[], $4::text[], $5::integer[], $6::integer[], $7::integer[])
    as t (task_id, queue, pool, pool_slots, priority_weight, max_tries)
  where r.id = $1
  on conflict (dag_run_id, task_id, map_index) do update
  set queue = excluded.queue, pool = excluded.pool, pool_slots = excluded.pool_slots, priority_weight = excluded.priority_weight,
    max_tries = excluded.max_tries,
    state = case when task_instance.state = 'removed' then 'none' else task_instance.state end`;

export async function changeVersion(client: Queryable, runKey: string, { versionId, tasks }: VersionChange): Promise<void> {
  await client.query(PIN, [runKey, versionId]);
  await client.query(REMOVE, [runKey, tasks.map((task) => task.taskId)]);
  await client.query(ADD, [
    runKey,
    tasks.map((task) => task.taskId),
    tasks.map((task) => task.queue),
    tasks.map((task) => task.pool),
    tasks.map((task) => task.poolSlots),
    tasks.map((task) => task.priorityWeight),
    tasks.map((task) => task.maxTries),
  ]);
}
