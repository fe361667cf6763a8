/**
 * Moves of task instances that the scheduler or a person decided, as one statement for all of them.
 *
 * V1. A row is moved only from the state and attempt that the decision was based on.
 * V2. What belongs to the attempt that ended stays on the row until the next one begins; then, or when the task is
 *     cleared, it is kept in `task_try`.
 * V3. A row that leaves `queued` or `running` has no lease: its worker, if it lives, is fenced.
 */
import type { AttemptError, TaskState, TaskStatus } from '@headrace/core';
import type { Queryable } from './database.ts';
import { storableJson } from './storable-json.ts';
import { dueAtOf } from './task-state.ts';
import { timestampOrNull } from './timestamp.ts';

export interface Move {
  readonly taskInstanceId: string;
  readonly from: TaskStatus;
  readonly fromAttempt: number;
  readonly to: TaskState;
  /** Of an attempt that begins: the move to `queued`. */
  readonly attemptId?: string;
  readonly reason: string | null;
  /** The instance was not mapped, and now is that of this item. */
  readonly mapIndex?: number;
  /** Of an attempt that is ended by somebody else than its worker. */
  readonly error?: AttemptError;
}

const TRY_COLUMNS = `attempt, attempt_id, scheduled_at, queued_at, started_at, ended_at, worker_id, hostname, pid, error, reason, log_key`;

/**
 * Parameters, one array entry a move: task instances, states and attempts they come from, states and attempts they come
 * to, new attempt ids, due times, errors, reasons, decisions, map indexes. `anew`: nothing of the attempt before stays on the row.
 *
 * The state of an earlier try: how it ended; `failed` when it was to be tried again after an error; `restarting` when it
 * was stopped and did not count.
 *
 * `offset 0`: each row is looked up by its id, whatever the statistics say of how few were ever queued.
 */
const MOVE = `
  with moves as materialized (
    select *, state = 'queued' or (state = 'none' and from_state <> 'restarting') as anew
    from unnest($1::bigint[], $2::text[], $3::integer[], $4::text[], $5::integer[], $6::uuid[], $7::timestamptz[], $8::jsonb[], $9::text[], $10::jsonb[], $11::integer[])
      as m (id, from_state, from_attempt, state, attempt, attempt_id, due_at, error, reason, decision, map_index)
  ),
  archived as (
    insert into task_try (task_instance_id, state, ${TRY_COLUMNS})
    select t.id,
      case when t.state in ('success', 'failed', 'skipped', 'upstream_failed', 'removed') then t.state
        when t.error is not null then 'failed' else 'restarting' end,
      ${TRY_COLUMNS.split(', ')
        .map((column) => `t.${column}`)
        .join(', ')}
    from moves m cross join lateral (select * from task_instance i where i.id = m.id offset 0) t
    where m.anew and m.from_attempt > 0 and t.queued_at is not null and t.state = m.from_state and t.attempt = m.from_attempt
    on conflict do nothing
  ),
  moved as (
    update task_instance t
    set state = m.state, attempt = m.attempt, due_at = m.due_at, reason = m.reason, lease_until = null,
      attempt_id = coalesce(m.attempt_id, t.attempt_id),
      tries_before = case when m.state = 'none' then t.attempt else t.tries_before end,
      scheduled_at = case when m.state = 'scheduled' or (m.state = 'queued' and t.state <> 'scheduled') then now()
        when m.anew then null else t.scheduled_at end,
      queued_at = case when m.state = 'queued' then now() when m.anew then null else t.queued_at end,
      dispatched_at = case when m.state = 'queued' then now() else t.dispatched_at end,
      dispatch_sequence = case when m.state = 'queued' then 1 else t.dispatch_sequence end,
      started_at = case when m.anew then null else t.started_at end,
      ended_at = case when m.anew then null when m.state = 'scheduled' then t.ended_at else now() end,
      worker_id = case when m.anew then null else t.worker_id end,
      hostname = case when m.anew then null else t.hostname end,
      pid = case when m.anew then null else t.pid end,
      error = case when m.anew then null else coalesce(m.error, t.error) end,
      decision = m.decision,
      map_index = coalesce(m.map_index, t.map_index),
      first_started_at = case when m.state = 'none' then null else t.first_started_at end,
      log_key = case when m.anew then null else t.log_key end
    from moves m
    where t.id = m.id and t.state = m.from_state and t.attempt = m.from_attempt and m.state <> 'restarting'
    returning t.id, t.dag_run_id
  ),
  restarting as (
    update task_instance t set state = m.state, reason = m.reason
    from moves m
    where t.id = m.id and t.state = m.from_state and t.attempt = m.from_attempt and m.state = 'restarting'
    returning t.id, t.dag_run_id
  )
  select id, dag_run_id from moved union all select id, dag_run_id from restarting`;

/** Answers with the task instances that were moved: those that were in the state and attempt expected. */
export async function saveMoves(client: Queryable, moves: readonly Move[]): Promise<ReadonlySet<string>> {
  if (moves.length === 0) return new Set();
  const ordered = moves.toSorted((a, b) => Number(a.taskInstanceId) - Number(b.taskInstanceId));
  const { rows } = await client.query<{ id: string }>({
    name: 'move',
    text: MOVE,
    values: [
      ordered.map((move) => move.taskInstanceId),
      ordered.map((move) => move.from),
      ordered.map((move) => move.fromAttempt),
      ordered.map((move) => move.to.status),
      ordered.map((move) => move.to.attempt),
      ordered.map((move) => move.attemptId ?? null),
      ordered.map((move) => timestampOrNull(dueAtOf(move.to))),
      ordered.map((move) => (move.error === undefined ? null : storableJson(move.error))),
      ordered.map((move) => move.reason),
      ordered.map(({ to }) => (to.status === 'success' && to.decision !== undefined ? storableJson(to.decision) : null)),
      ordered.map((move) => move.mapIndex ?? null),
    ],
  });
  return new Set(rows.map((row) => row.id));
}
