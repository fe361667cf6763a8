/** Task instances and their tries as the API shows them. */
import type { TaskInstance, TaskInstanceState, TaskInstanceTry } from '@headrace/api-contract';
import type { TaskStatus } from '@headrace/core';
import type { TaskInstanceRecord } from '@headrace/ports';
import { dateTime, dateTimeOrNull, seconds } from './date-times.ts';
import { taskInstanceUuid } from './identifiers.ts';
import type { VersionBook, VersionEntry } from './version-book.ts';

export function presentState(status: TaskStatus): TaskInstanceState | null {
  return status === 'none' ? null : status;
}

export function presentTries(records: readonly TaskInstanceRecord[], versions: VersionBook): Promise<TaskInstanceTry[]> {
  return versions.each(records, tryOf);
}

export function presentTaskInstances(records: readonly TaskInstanceRecord[], versions: VersionBook): Promise<TaskInstance[]> {
  return versions.each(records, instanceOf);
}

export async function presentTry(record: TaskInstanceRecord, versions: VersionBook): Promise<TaskInstanceTry> {
  return tryOf(record, await versions.get(record.dagId, record.versionNumber));
}

export async function presentTaskInstance(record: TaskInstanceRecord, versions: VersionBook): Promise<TaskInstance> {
  return instanceOf(record, await versions.get(record.dagId, record.versionNumber));
}

function tryOf(record: TaskInstanceRecord, version: VersionEntry | undefined): TaskInstanceTry {
  const kind = version?.task(record.taskId)?.kind ?? null;
  const { error } = record;
  return {
    task_id: record.taskId,
    dag_id: record.dagId,
    dag_run_id: record.runId,
    map_index: record.mapIndex,
    start_date: dateTimeOrNull(record.startedAt),
    end_date: dateTimeOrNull(record.endedAt),
    duration: seconds(record.startedAt, record.endedAt),
    state: presentState(record.status),
    try_number: record.attempt,
    // Airflow counts the tries after the first.
    max_tries: record.maxTries - 1,
    task_display_name: record.taskId,
    dag_display_name: record.dagId,
    hostname: record.hostname ?? null,
    unixname: null,
    pool: record.pool,
    pool_slots: record.poolSlots,
    queue: record.queue,
    priority_weight: record.priorityWeight,
    operator: kind,
    operator_name: kind,
    queued_when: dateTimeOrNull(record.queuedAt),
    scheduled_when: dateTimeOrNull(record.scheduledAt),
    pid: record.pid ?? null,
    executor: null,
    executor_config: '{}',
    dag_version: version?.answer ?? null,
    error: error === undefined ? null : { name: error.name, message: error.message, code: error.code ?? null, stack: error.stack ?? null },
    reason: record.reason ?? null,
  };
}

function instanceOf(record: TaskInstanceRecord, version: VersionEntry | undefined): TaskInstance {
  return {
    ...tryOf(record, version),
    id: taskInstanceUuid(record.taskInstanceId),
    logical_date: dateTimeOrNull(record.logicalDate),
    run_after: dateTime(record.runAfter),
    note: record.note ?? null,
    rendered_map_index: null,
    rendered_fields: {},
    trigger: null,
    triggerer_job: null,
    due_at: dateTimeOrNull(record.dueAt),
  };
}
