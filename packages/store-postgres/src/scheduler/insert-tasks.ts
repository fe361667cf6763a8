/** New rows of task instances: those with which runs begin, and those that come to be while a run goes on. */
import type { CreatedTaskInstance, NewTaskInstance } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import { storableLimits, storedLimits } from '../stored-limits.ts';
import { dueAtOf } from '../task-state.ts';
import { timestampOrNull } from '../timestamp.ts';

/** Every run in $1 gets the same task instances, given by column in $2 to $13. */
const INSERT = `
  insert into task_instance (dag_run_id, dag_id, task_id, map_index, state, attempt, due_at, scheduled_at, queue, pool, pool_slots,
    priority_class, priority_weight, max_tries, reason, limits)
  select r.id, r.dag_id, t.task_id, t.map_index, t.state, t.attempt, t.due_at, case when t.state = 'scheduled' then now() end,
    t.queue, t.pool, t.pool_slots, r.priority_class, t.priority_weight, t.max_tries, t.reason, t.limits
  from dag_run r
  cross join unnest($2::text[], $3::integer[], $4::text[], $5::integer[], $6::timestamptz[], $7::text[], $8::text[], $9::integer[],
    $10::integer[], $11::integer[], $12::text[], $13::jsonb[])
    as t (task_id, map_index, state, attempt, due_at, queue, pool, pool_slots, priority_weight, max_tries, reason, limits)
  where r.id = any($1)
  order by r.id`;

type NewRow = NewTaskInstance & Partial<Pick<CreatedTaskInstance, 'mapIndex' | 'reason'>>;

export async function insertTasks(client: Queryable, runKeys: readonly string[], tasks: readonly NewRow[]): Promise<void> {
  if (!tasks.some((task) => task.limits !== undefined)) {
    await client.query({ name: 'insert tasks', text: INSERT, values: parameters(runKeys, tasks, []) });
    return;
  }
  for (const run of await limitedRuns(client, runKeys)) {
    await client.query({ name: 'insert tasks', text: INSERT, values: parameters([run.id], tasks, limitsIn(run, tasks)) });
  }
}

export interface InsertedTask {
  readonly runKey: string;
  readonly taskInstanceId: string;
  readonly taskId: string;
  readonly mapIndex: number;
}

/** Those that the run has already are left as they are, and are not in the answer. */
export async function addTasks(client: Queryable, runKey: string, tasks: readonly CreatedTaskInstance[]): Promise<readonly InsertedTask[]> {
  const [run] = tasks.some((task) => task.limits !== undefined) ? await limitedRuns(client, [runKey]) : [];
  const { rows } = await client.query<{ id: string; task_id: string; map_index: number }>({
    name: 'add tasks',
    text: `${INSERT} on conflict (dag_run_id, task_id, map_index) do nothing returning id, task_id, map_index`,
    values: parameters([runKey], tasks, run === undefined ? [] : limitsIn(run, tasks)),
  });
  return rows.map((row) => ({ runKey, taskInstanceId: row.id, taskId: row.task_id, mapIndex: row.map_index }));
}

interface LimitedRun {
  readonly id: string;
  readonly dag_id: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Their keys may name the run's params, or the run. */
export async function limitedRuns(client: Queryable, runKeys: readonly string[]): Promise<readonly LimitedRun[]> {
  const { rows } = await client.query<LimitedRun>({
    name: 'params of runs',
    text: 'select id, dag_id, params from dag_run where id = any($1) order by id',
    values: [runKeys],
  });
  return rows;
}

/** For the column `limits` of each task. */
export function limitsIn(run: LimitedRun, tasks: readonly Pick<NewTaskInstance, 'taskId' | 'limits'>[]): readonly (string | null)[] {
  return tasks.map(({ taskId, limits }) => storableLimits(storedLimits(limits, { dagId: run.dag_id, taskId, runKey: run.id }, run.params)));
}

function parameters(runKeys: readonly string[], tasks: readonly NewRow[], limits: readonly (string | null)[]): unknown[] {
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
    tasks.map((_, index) => limits[index] ?? null),
  ];
}
