/** New rows of task instances: those with which runs begin, and those that come to be while a run goes on. */
import type { CreatedTaskInstance, NewTaskInstance } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import { dueAtOf } from '../task-state.ts';
import { timestampOrNull } from '../timestamp.ts';

/** Every run in $1 gets the same task instances, given by column in $2 to $12. */
const INSERT = `
  insert into task_instance (dag_run_id, dag_id, task_id, map_index, state, attempt, due_at, scheduled_at, queue, pool, pool_slots,
    priority_weight, max_tries, reason)
  select r.id, r.dag_id, t.task_id, t.map_index, t.state, t.attempt, t.due_at, case when t.state = 'scheduled' then now() end,
    t.queue, t.pool, t.pool_slots, t.priority_weight, t.max_tries, t.reason
  from dag_run r
  cross join unnest($2::text[], $3::integer[], $4::text[], $5::integer[], $6::timestamptz[], $7::text[], $8::text[], $9::integer[],
    $10::integer[], $11::integer[], $12::text[])
    as t (task_id, map_index, state, attempt, due_at, queue, pool, pool_slots, priority_weight, max_tries, reason)
  where r.id = any($1)
  order by r.id`;

type NewRow = NewTaskInstance & Partial<Pick<CreatedTaskInstance, 'mapIndex' | 'reason'>>;

export async function insertTasks(client: Queryable, runKeys: readonly string[], tasks: readonly NewRow[]): Promise<void> {
  await client.query({ name: 'insert tasks', text: INSERT, values: parameters(runKeys, tasks) });
}

export interface InsertedTask {
  readonly runKey: string;
  readonly taskInstanceId: string;
  readonly taskId: string;
  readonly mapIndex: number;
}

/** Those that the run has already are left as they are, and are not in the answer. */
export async function addTasks(client: Queryable, runKey: string, tasks: readonly CreatedTaskInstance[]): Promise<readonly InsertedTask[]> {
  const { rows } = await client.query<{ id: string; task_id: string; map_index: number }>({
    name: 'add tasks',
    text: `${INSERT} on conflict (dag_run_id, task_id, map_index) do nothing returning id, task_id, map_index`,
    values: parameters([runKey], tasks),
  });
  return rows.map((row) => ({ runKey, taskInstanceId: row.id, taskId: row.task_id, mapIndex: row.map_index }));
}

function parameters(runKeys: readonly string[], tasks: readonly NewRow[]): unknown[] {
  return [
    runKeys,
    tasks.map((task) => task.taskId),
    tasks.map((task) => task.mapIndex ?? -1),
    tasks.map((task) => task.state.status),
    tasks.map((task) => task.state.attempt),
    tasks.map((task) => timestampOrNull(dueAtOf(task.state))),
    tasks.map((task) => task.queue),
    tasks.map((task) => task.pool),
    tasks.map((task) => task.poolSlots),
    tasks.map((task) => task.priorityWeight),
    tasks.map((task) => task.maxTries),
    tasks.map((task) => task.reason ?? null),
  ];
}
