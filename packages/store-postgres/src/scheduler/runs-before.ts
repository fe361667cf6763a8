/** The runs before runs: for tasks that wait for the past. */
import type { TaskStatus } from '@headrace/core';
import type { RunBefore } from '@headrace/ports';
import type { Queryable } from '../database.ts';

/** Parameter: run keys. The index on logical dates leads to the run before; `offset 0` keeps it a look-up for each. */
const BEFORE = `
  select r.id as run_key, b.id as before_key, t.task_id, t.state
  from dag_run r
  cross join lateral (
    select id from dag_run p where p.dag_id = r.dag_id and p.logical_date < r.logical_date order by p.logical_date desc limit 1
  ) b
  left join lateral (select task_id, state from task_instance where dag_run_id = b.id offset 0) t on true
  where r.id = any($1)`;

interface Row {
  readonly run_key: string;
  readonly before_key: string;
  readonly task_id: string | null;
  readonly state: TaskStatus;
}

export async function runsBefore(db: Queryable, runKeys: readonly string[]): Promise<ReadonlyMap<string, RunBefore>> {
  if (runKeys.length === 0) return new Map();
  const { rows } = await db.query<Row>({ name: 'runs before', text: BEFORE, values: [runKeys] });
  const found = new Map<string, { runKey: string; tasks: Map<string, TaskStatus[]> }>();
  for (const { run_key, before_key, task_id, state } of rows) {
    const before = found.get(run_key) ?? { runKey: before_key, tasks: new Map<string, TaskStatus[]>() };
    found.set(run_key, before);
    if (task_id === null) continue;
    const states = before.tasks.get(task_id);
    if (states === undefined) before.tasks.set(task_id, [state]);
    else states.push(state);
  }
  return found;
}
