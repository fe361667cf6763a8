/** Waits as rows. */
import type { Instant, Wait } from '@headrace/core';
import type { OpenWait, WaitRecord } from '@headrace/ports';
import { present } from '../queries/optional.ts';

export interface WaitRow extends Record<string, unknown> {
  readonly id: string;
  readonly key: string;
  readonly condition: Wait['condition'];
  readonly on_timeout: Wait['onTimeout'];
  readonly timeout_at: Instant | null;
  readonly entered_at: Instant;
  readonly attempt: number;
  readonly try_number: number;
  readonly task_instance_id: string;
  readonly dag_run_id: string;
  readonly dag_id: string;
  readonly run_id: string;
  readonly version_id: string;
  readonly task_id: string;
  readonly map_index: number;
  readonly ended_at: Instant | null;
  readonly outcome: 'met' | 'timeout' | 'failed' | 'closed' | null;
  readonly result: string | null;
  readonly username: string | null;
  readonly live: boolean;
}

export const WAIT_FROM = 'wait w join task_instance t on t.id = w.task_instance_id join dag_run r on r.id = t.dag_run_id';

/** Whether the task instance still waits for it. Of a poll it may also be looking, or about to. */
export const WAIT_COUNTS = `w.ended_at is null and (t.attempt = w.attempt and t.state in ('deferred', 'awaiting_input', 'up_for_reschedule')
  or w.kind = 'poll' and t.state in ('scheduled', 'queued', 'running') and t.attempt <= w.attempt + 1)`;

export const WAIT_COLUMNS = `w.id, w.key, w.condition, w.on_timeout, w.timeout_at, w.entered_at, w.attempt, w.try_number, w.task_instance_id,
  t.dag_run_id, r.dag_id, r.run_id, r.version_id, t.task_id, t.map_index, w.ended_at, w.outcome, w.result, w.username, (${WAIT_COUNTS}) as live`;

function sharedOf(row: WaitRow) {
  return {
    waitId: row.id,
    key: row.key,
    condition: row.condition,
    onTimeout: row.on_timeout,
    enteredAt: row.entered_at,
    runKey: row.dag_run_id,
    dagId: row.dag_id,
    runId: row.run_id,
    versionId: row.version_id,
    taskInstanceId: row.task_instance_id,
    taskId: row.task_id,
    mapIndex: row.map_index,
    ...present({ timeoutAt: row.timeout_at }),
  };
}

export function openWaitOf(row: WaitRow): OpenWait {
  return { ...sharedOf(row), attempt: row.attempt };
}

export function waitRecordOf(row: WaitRow): WaitRecord {
  const record = { ...sharedOf(row), tryNumber: row.try_number };
  if (row.live) return record;
  const { outcome, ended_at: at, entered_at, result: json, username: user } = row;
  return { ...record, ended: { at: at ?? entered_at, outcome: outcome ?? 'closed', ...present({ json, user }) } };
}
