/** Task instances and their tries as people see them. */
import type { AttemptError, Instant, TaskStatus } from '@headrace/core';
import type { Listed, Page, StoredResult, TaskInstanceFilter, TaskInstanceRecord } from '@headrace/ports';
import { type ResultColumns, storedResult } from '../attempts/inputs.ts';
import type { Queryable } from '../database.ts';
import { Conditions } from './conditions.ts';
import { type ListQuery, list, one } from './list.ts';
import { present } from './optional.ts';

interface Row {
  readonly id: string;
  readonly dag_run_id: string;
  readonly dag_id: string;
  readonly run_id: string;
  readonly task_id: string;
  readonly map_index: number;
  readonly state: TaskStatus;
  readonly attempt: number;
  readonly attempt_id: string | null;
  readonly max_tries: number;
  readonly queue: string;
  readonly pool: string;
  readonly pool_slots: number;
  readonly priority_weight: number;
  readonly logical_date: Instant | null;
  readonly run_after: Instant;
  readonly scheduled_at: Instant | null;
  readonly queued_at: Instant | null;
  readonly started_at: Instant | null;
  readonly ended_at: Instant | null;
  readonly due_at: Instant | null;
  readonly worker_id: string | null;
  readonly hostname: string | null;
  readonly pid: number | null;
  readonly error: AttemptError | null;
  readonly reason: string | null;
  readonly note: string | null;
  readonly log_key: string | null;
  readonly version_id: string;
  readonly number: number;
}

/** What an attempt has of its own. */
const OF_ATTEMPT = [
  'state',
  'attempt',
  'attempt_id',
  'scheduled_at',
  'queued_at',
  'started_at',
  'ended_at',
  'worker_id',
  'hostname',
  'pid',
  'error',
  'reason',
  'log_key',
];

function columns(attempt: string, dueAt: string): string {
  return `t.id, t.dag_run_id, t.dag_id, r.run_id, t.task_id, t.map_index, t.max_tries, t.queue, t.pool, t.pool_slots, t.priority_weight,
    r.logical_date, r.run_after, t.note, r.version_id, v.number, ${dueAt} as due_at,
    ${OF_ATTEMPT.map((column) => `${attempt}.${column}`).join(', ')}`;
}

const CONTEXT = 'join dag_run r on r.id = t.dag_run_id join dag_version v on v.id = r.version_id';

const TASK_INSTANCES: ListQuery<Row, TaskInstanceRecord> = {
  columns: columns('t', 't.due_at'),
  from: `task_instance t ${CONTEXT}`,
  order: {
    id: 't.id',
    dag_id: 't.dag_id',
    run_id: 'r.run_id',
    dag_run_id: 'r.run_id',
    task_id: 't.task_id',
    map_index: 't.map_index',
    rendered_map_index: 't.map_index',
    state: 't.state',
    try_number: 't.attempt',
    operator: "(select task ->> 'kind' from jsonb_array_elements(v.spec -> 'tasks') as task where task ->> 'taskId' = t.task_id)",
    pool: 't.pool',
    queue: 't.queue',
    priority_weight: 't.priority_weight',
    queued_when: 't.queued_at',
    start_date: 't.started_at',
    end_date: 't.ended_at',
    duration: '(t.ended_at - t.started_at)',
    logical_date: 'r.logical_date',
    run_after: 'r.run_after',
    data_interval_start: 'r.interval_start',
    data_interval_end: 'r.interval_end',
  },
  key: 't.id',
  item: (row) => ({
    taskInstanceId: row.id,
    runKey: row.dag_run_id,
    dagId: row.dag_id,
    runId: row.run_id,
    taskId: row.task_id,
    mapIndex: row.map_index,
    status: row.state,
    attempt: row.attempt,
    maxTries: row.max_tries,
    queue: row.queue,
    pool: row.pool,
    poolSlots: row.pool_slots,
    priorityWeight: row.priority_weight,
    runAfter: row.run_after,
    versionId: row.version_id,
    versionNumber: row.number,
    ...present({
      attemptId: row.attempt_id,
      logicalDate: row.logical_date,
      scheduledAt: row.scheduled_at,
      queuedAt: row.queued_at,
      startedAt: row.started_at,
      endedAt: row.ended_at,
      dueAt: row.due_at,
      workerId: row.worker_id,
      hostname: row.hostname,
      pid: row.pid,
      error: row.error,
      reason: row.reason,
      note: row.note,
      logKey: row.log_key,
    }),
  }),
};

const EARLIER_TRIES: ListQuery<Row, TaskInstanceRecord> = {
  ...TASK_INSTANCES,
  columns: columns('y', 'null::timestamptz'),
  from: `task_try y join task_instance t on t.id = y.task_instance_id ${CONTEXT}`,
  key: 'y.attempt',
};

export function listTaskInstances(db: Queryable, filter: TaskInstanceFilter, page: Page): Promise<Listed<TaskInstanceRecord>> {
  const conditions = new Conditions()
    .add('r.dag_id = ?', filter.dagId)
    .add('r.run_id = ?', filter.runId)
    .add('t.task_id = ?', filter.taskId)
    .add('t.task_id = any(?)', filter.taskIds)
    .add('t.state = any(?)', filter.statuses)
    .add('t.queue = any(?)', filter.queues)
    .add('t.pool = any(?)', filter.pools);
  return list(db, TASK_INSTANCES, conditions, page);
}

export function findTaskInstance(
  db: Queryable,
  dagId: string,
  runId: string,
  taskId: string,
  mapIndex: number,
): Promise<TaskInstanceRecord | undefined> {
  const conditions = new Conditions()
    .add('r.dag_id = ?', dagId)
    .add('r.run_id = ?', runId)
    .add('t.task_id = ?', taskId)
    .add('t.map_index = ?', mapIndex);
  return one(db, TASK_INSTANCES, conditions);
}

/** A cleared task that has not begun anew has only earlier tries: its row tells of none. */
export async function listTries(db: Queryable, taskInstanceId: string): Promise<readonly TaskInstanceRecord[]> {
  const earlier = await list(db, EARLIER_TRIES, new Conditions().add('t.id = ?', taskInstanceId), { limit: 10_000, offset: 0 });
  const current = await one(db, TASK_INSTANCES, new Conditions().add('t.id = ?', taskInstanceId));
  if (current === undefined) return [];
  const isArchived = earlier.items.some((item) => item.attempt === current.attempt);
  return isArchived ? earlier.items : [...earlier.items, current];
}

/** Of the attempt given, or of the current one. */
const RESULT = `
  select r.inline_json, r.object_key, r.size from task_instance t
  join task_result r on r.task_instance_id = t.id and r.attempt = coalesce($2::integer, t.attempt)
  where t.id = $1 and ($2::integer is not null or t.state = 'success')`;

export async function findResult(db: Queryable, taskInstanceId: string, attempt: number | undefined): Promise<StoredResult | undefined> {
  const { rows } = await db.query<ResultColumns>(RESULT, [taskInstanceId, attempt ?? null]);
  return rows[0] && storedResult(rows[0]);
}
