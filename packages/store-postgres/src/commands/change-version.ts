/**
 * Lets a run go on with another version of its DAG.
 *
 * Promises: every task of that version has a row; a task that is new there, or has come back, waits for its trigger rule;
 * one that is no longer there is `removed` and keeps its tries, results and logs. What is live is left to end.
 */
import type { VersionChange } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import { insertTasks, limitedRuns, limitsIn } from '../scheduler/insert-tasks.ts';

const PIN = `update dag_run set version_id = $2 where id = $1`;

/** Parameters: run key, the task ids of the version. */
const REMOVE = `
  update task_instance set state = 'removed', reason = 'not in this version of the DAG', due_at = null
  where dag_run_id = $1 and task_id <> all($2) and state not in ('removed', 'queued', 'running', 'restarting')`;

/** All instances of a task, mapped or not. Parameters: run key, then what each task needs by column. */
const KEEP = `
  update task_instance i
  set queue = t.queue, pool = t.pool, pool_slots = t.pool_slots, priority_weight = t.priority_weight, max_tries = t.max_tries, limits = t.limits,
    state = case when i.state = 'removed' then 'none' else i.state end
  from unnest($2::text[], $3::text[], $4::text[], $5::integer[], $6::integer[], $7::integer[], $8::jsonb[])
    as t (task_id, queue, pool, pool_slots, priority_weight, max_tries, limits)
  where i.dag_run_id = $1 and i.task_id = t.task_id
  returning i.task_id`;

export async function changeVersion(client: Queryable, runKey: string, { versionId, tasks }: VersionChange): Promise<void> {
  await client.query(PIN, [runKey, versionId]);
  await client.query(REMOVE, [runKey, tasks.map((task) => task.taskId)]);
  const [run] = await limitedRuns(client, [runKey]);
  const { rows } = await client.query<{ task_id: string }>(KEEP, [
    runKey,
    tasks.map((task) => task.taskId),
    tasks.map((task) => task.queue),
    tasks.map((task) => task.pool),
    tasks.map((task) => task.poolSlots),
    tasks.map((task) => task.priorityWeight),
    tasks.map((task) => task.maxTries),
    run === undefined ? [] : limitsIn(run, tasks),
  ]);
  const kept = new Set(rows.map((row) => row.task_id));
  const added = tasks.filter((task) => !kept.has(task.taskId)).map((task) => ({ ...task, state: { status: 'none', attempt: 0 } as const }));
  if (added.length > 0) await insertTasks(client, [runKey], added);
}
