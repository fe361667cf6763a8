/** Task instances and their tries as people see them. */
import { type AttemptError, type Instant, TASK_STATUSES, type TaskStatus } from '@headrace/core';
import type { Listed, Page, ResultFilter, StoredResult, TaskInstanceFilter, TaskInstanceRecord } from '@headrace/ports';
import { type ResultColumns, storedResult } from '../attempts/inputs.ts';
import type { Queryable } from '../database.ts';
import { Conditions } from './conditions.ts';
import type { KeptVersions, VersionFacts } from './kept-versions.ts';
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
    r.logical_date, r.run_after, t.note, r.version_id, ${dueAt} as due_at,
    ${OF_ATTEMPT.map((column) => `${attempt}.${column}`).join(', ')}`;
}

const CONTEXT = { r: 'join dag_run r on r.id = t.dag_run_id', v: 'join dag_version v on v.id = r.version_id' };

const KIND = "(select task ->> 'kind' from jsonb_array_elements(v.spec -> 'tasks') as task where task ->> 'taskId' = t.task_id)";
const UPDATED_AT = 'coalesce(t.ended_at, t.started_at, t.queued_at, t.scheduled_at)';

const TASK_INSTANCES: ListQuery<Row, Row> = {
  columns: columns('t', 't.due_at'),
  from: 'task_instance t',
  joins: CONTEXT,
  order: {
    id: { neverNull: 't.id' },
    dag_id: { neverNull: 't.dag_id' },
    run_id: { neverNull: 'r.run_id' },
    dag_run_id: { neverNull: 'r.run_id' },
    task_id: { neverNull: 't.task_id' },
    map_index: { neverNull: 't.map_index' },
    rendered_map_index: { neverNull: 't.map_index' },
    state: { neverNull: 't.state' },
    try_number: { neverNull: 't.attempt' },
    operator: KIND,
    updated_at: UPDATED_AT,
    pool: { neverNull: 't.pool' },
    queue: { neverNull: 't.queue' },
    priority_weight: { neverNull: 't.priority_weight' },
    queued_when: 't.queued_at',
    start_date: 't.started_at',
    end_date: 't.ended_at',
    duration: '(t.ended_at - t.started_at)',
    logical_date: 'r.logical_date',
    run_after: { neverNull: 'r.run_after' },
    data_interval_start: 'r.interval_start',
    data_interval_end: 'r.interval_end',
  },
  key: 't.id',
  item: (row) => row,
};

const EARLIER_TRIES: ListQuery<Row, Row> = {
  ...TASK_INSTANCES,
  columns: columns('y', 'null::timestamptz'),
  from: 'task_try y join task_instance t on t.id = y.task_instance_id',
  key: 'y.attempt',
};

function instanceOf(row: Row, version: VersionFacts): TaskInstanceRecord {
  return {
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
    versionNumber: version.number,
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
  };
}

export function listTaskInstances(
  db: Queryable,
  versions: KeptVersions,
  filter: TaskInstanceFilter,
  page: Page,
): Promise<Listed<TaskInstanceRecord>> {
  return listed(db, versions, conditionsOf(filter), page);
}

async function listed(db: Queryable, versions: KeptVersions, conditions: Conditions, page: Page): Promise<Listed<TaskInstanceRecord>> {
  const { items, ...facts } = await list(db, TASK_INSTANCES, conditions, page);
  return { ...facts, items: await versions.join(db, items, instanceOf) };
}

function conditionsOf(filter: TaskInstanceFilter): Conditions {
  const conditions = new Conditions()
    // A run is found by its own key.
    .key(filter.runId === undefined ? 't.dag_id = ?' : 'r.dag_id = ?', filter.dagId)
    .anyOf('t.dag_id', filter.dagIds)
    .key('r.run_id = ?', filter.runId)
    .anyOf('r.run_id', filter.runIds)
    .key('t.task_id = ?', filter.taskId)
    .anyOf('t.task_id', filter.taskIds)
    .known('t.state', filter.statuses, TASK_STATUSES)
    .anyOf('t.queue', filter.queues)
    .anyOf('t.pool', filter.pools)
    .anyOf('t.map_index', filter.mapIndexes)
    .anyOf('t.attempt', filter.attempts)
    .anyOf('v.number', filter.versions)
    .anyOf(KIND, filter.kinds)
    .like(KIND, filter.kindPattern)
    .like('t.dag_id', filter.dagIdPattern)
    .like('r.run_id', filter.runIdPattern)
    .like('t.task_id', filter.taskIdPattern)
    .like('t.queue', filter.queuePattern)
    .like('t.pool', filter.poolPattern)
    .range('r.logical_date', filter.logicalDate)
    .range('r.run_after', filter.runAfter)
    .range('t.started_at', filter.startedAt)
    .range('t.ended_at', filter.endedAt)
    .range(UPDATED_AT, filter.updatedAt)
    .lengths('(t.ended_at - t.started_at)', filter.duration);
  return filter.mapped === true ? conditions.require('t.map_index >= 0') : conditions;
}

/** Of what has succeeded: an earlier try's result is no longer what the task came to. */
export function listResults(db: Queryable, versions: KeptVersions, filter: ResultFilter, page: Page): Promise<Listed<TaskInstanceRecord>> {
  const conditions = conditionsOf({ ...filter, statuses: ['success'] }).require(
    'exists (select from task_result o where o.task_instance_id = t.id and o.attempt = t.attempt)',
  );
  return listed(db, versions, conditions, page);
}

export async function findTaskInstance(
  db: Queryable,
  versions: KeptVersions,
  dagId: string,
  runId: string,
  taskId: string,
  mapIndex: number,
): Promise<TaskInstanceRecord | undefined> {
  const conditions = new Conditions()
    .key('r.dag_id = ?', dagId)
    .key('r.run_id = ?', runId)
    .key('t.task_id = ?', taskId)
    .key('t.map_index = ?', mapIndex);
  const row = await one(db, TASK_INSTANCES, conditions);
  return row && (await versions.join(db, [row], instanceOf))[0];
}

/** A cleared task that has not begun anew has only earlier tries: its row tells of none. */
export async function listTries(db: Queryable, versions: KeptVersions, taskInstanceId: string): Promise<readonly TaskInstanceRecord[]> {
  const earlier = await list(db, EARLIER_TRIES, new Conditions().key('t.id = ?', taskInstanceId), { limit: 10_000, offset: 0 });
  const current = await one(db, TASK_INSTANCES, new Conditions().key('t.id = ?', taskInstanceId));
  if (current === undefined) return [];
  const isArchived = earlier.items.some((item) => item.attempt === current.attempt);
  return versions.join(db, isArchived ? earlier.items : [...earlier.items, current], instanceOf);
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
