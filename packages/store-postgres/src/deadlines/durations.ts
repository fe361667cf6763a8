/** How long the newest successful runs of a DAG took, and their tasks: bounded look-ups in an index of them, never a scan of history. */
import type { TaskDurations } from '@headrace/core';
import type { Queryable } from '../database.ts';

/** Parameters: DAG, how many runs. */
const RUNS = `
  select extract(epoch from ended_at - queued_at) * 1000 as ms
  from dag_run where dag_id = $1 and state = 'success' and ended_at is not null order by ended_at desc limit $2`;

export async function runDurations(db: Queryable, dagId: string, runs: number): Promise<readonly number[]> {
  const { rows } = await db.query<{ ms: string }>({ name: 'run durations', text: RUNS, values: [dagId, runs] });
  return rows.map((row) => Math.max(0, Number(row.ms)));
}

/** Parameters: DAG, how many runs. What never began (skipped) tells nothing. */
const TASKS = `
  with newest as materialized (
    select id from dag_run where dag_id = $1 and state = 'success' and ended_at is not null order by ended_at desc limit $2
  ),
  spans as (
    select t.task_id, extract(epoch from max(t.ended_at) - min(coalesce(t.first_started_at, t.started_at))) * 1000 as ms
    from newest n cross join lateral (select * from task_instance i where i.dag_run_id = n.id offset 0) t
    where t.state = 'success' and t.started_at is not null
    group by n.id, t.task_id
  )
  select task_id, count(*) as runs, avg(ms) as mean, percentile_disc(0.9) within group (order by ms) as p90
  from spans group by task_id`;

export async function taskDurations(db: Queryable, dagId: string, runs: number): Promise<readonly TaskDurations[]> {
  const { rows } = await db.query<{ task_id: string; runs: string; mean: string; p90: string }>({
    name: 'task durations',
    text: TASKS,
    values: [dagId, runs],
  });
  return rows.map((row) => ({
    taskId: row.task_id,
    runs: Number(row.runs),
    meanMs: Math.max(0, Math.round(Number(row.mean))),
    p90Ms: Math.max(0, Math.round(Number(row.p90))),
  }));
}
