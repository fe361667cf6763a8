/**
 * How far attempts are: a row of its own for each attempt that says so, in a table that is not logged, so that neither the row of the task
 * instance nor its indexes are touched by it.
 */
import type { Instant } from '@headrace/core';
import type { ProgressRecord, ProgressStore, ToldProgress } from '@headrace/ports';
import type { Database } from '../database.ts';
import { present } from '../queries/optional.ts';
import { timestamp } from '../timestamp.ts';

/**
 * Parameters, one array entry an attempt: task instances, attempts, phases, rows, bytes, their totals, beginnings, times of telling.
 *
 * States are compared with a column, not with literals: see `attempts/claim.ts`.
 */
const SAVE = `
  with told as materialized (
    select *, array['running', 'restarting'] as running_states
    from unnest($1::bigint[], $2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::timestamptz[], $9::timestamptz[])
      as p (id, attempt_id, phase, rows_done, bytes_done, rows_total, bytes_total, began_at, told_at)
  )
  insert into task_progress as p (task_instance_id, attempt_id, phase, rows_done, bytes_done, rows_total, bytes_total, began_at, told_at)
  select e.id, e.attempt_id, e.phase, e.rows_done, e.bytes_done, e.rows_total, e.bytes_total, e.began_at, e.told_at
  from told e join task_instance t on t.id = e.id and t.attempt_id = e.attempt_id and t.state = any(e.running_states)
  order by e.id
  on conflict (task_instance_id) do update set attempt_id = excluded.attempt_id, phase = excluded.phase, rows_done = excluded.rows_done,
    bytes_done = excluded.bytes_done, rows_total = excluded.rows_total, bytes_total = excluded.bytes_total, began_at = excluded.began_at,
    told_at = excluded.told_at`;

/** Parameters, one array entry an attempt: task instances, attempts. */
const FORGET = `
  delete from task_progress p using unnest($1::bigint[], $2::uuid[]) as e (id, attempt_id)
  where p.task_instance_id = e.id and p.attempt_id = e.attempt_id`;

const FORGET_ENDED = `
  delete from task_progress p
  where not exists (
    select from task_instance t
    where t.id = p.task_instance_id and t.attempt_id = p.attempt_id and t.state in ('running', 'restarting')
  )`;

/** Parameters: DAG, run, task or null. */
const OF_RUN = `
  select p.task_instance_id, p.attempt_id, p.phase, p.rows_done, p.bytes_done, p.rows_total, p.bytes_total, p.began_at, p.told_at,
    t.task_id, t.map_index, now() as read_at
  from dag_run r
  join task_instance t on t.dag_run_id = r.id
  join task_progress p on p.task_instance_id = t.id and p.attempt_id = t.attempt_id
  where r.dag_id = $1 and r.run_id = $2 and t.state in ('running', 'restarting') and ($3::text is null or t.task_id = $3)
  order by t.task_id, t.map_index`;

interface Row {
  readonly task_instance_id: string;
  readonly attempt_id: string;
  readonly phase: string;
  readonly rows_done: string | null;
  readonly bytes_done: string | null;
  readonly rows_total: string | null;
  readonly bytes_total: string | null;
  readonly began_at: Instant;
  readonly told_at: Instant;
  readonly task_id: string;
  readonly map_index: number;
  readonly read_at: Instant;
}

export function createProgressStore(database: Database): ProgressStore {
  const work = () => database.lane('work');
  return {
    async save(told) {
      if (told.length > 0) await work().query({ name: 'save progress', text: SAVE, values: columnsOf(told) });
    },
    async forget(refs) {
      if (refs.length === 0) return;
      const values = [refs.map((ref) => ref.taskInstanceId), refs.map((ref) => ref.attemptId)];
      await work().query({ name: 'forget progress', text: FORGET, values });
    },
    async forgetEnded() {
      const { rowCount } = await work().query(FORGET_ENDED);
      return rowCount ?? 0;
    },
    async ofRun(dagId, runId, taskId) {
      const { rows } = await database.lane('reads').query<Row>(OF_RUN, [dagId, runId, taskId ?? null]);
      return rows.map(progressRecord);
    },
  };
}

function columnsOf(told: readonly ToldProgress[]): unknown[] {
  return [
    told.map((one) => one.taskInstanceId),
    told.map((one) => one.attemptId),
    told.map((one) => one.phase.replaceAll('\0', '').toWellFormed()),
    told.map((one) => one.rows ?? null),
    told.map((one) => one.bytes ?? null),
    told.map((one) => one.totalRows ?? null),
    told.map((one) => one.totalBytes ?? null),
    told.map((one) => timestamp(one.beganAt)),
    told.map((one) => timestamp(one.toldAt)),
  ];
}

function progressRecord(row: Row): ProgressRecord {
  return {
    taskInstanceId: row.task_instance_id,
    attemptId: row.attempt_id,
    taskId: row.task_id,
    mapIndex: row.map_index,
    phase: row.phase,
    ...present({
      rows: numberOrNull(row.rows_done),
      bytes: numberOrNull(row.bytes_done),
      totalRows: numberOrNull(row.rows_total),
      totalBytes: numberOrNull(row.bytes_total),
    }),
    beganAt: row.began_at,
    toldAt: row.told_at,
    readAt: row.read_at,
  };
}

function numberOrNull(text: string | null): number | null {
  return text === null ? null : Number(text);
}
