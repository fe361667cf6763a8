/** Attempts that need help: their worker died, or their message vanished. All of it reads the index of live rows only. */
import type { LostAttempt, QueuedTask } from '@headrace/ports';
import type { Queryable } from '../database.ts';

/** Parameters: shards, how many. */
const EXPIRED = `
  select dag_run_id, id, attempt, tries_before from task_instance
  where state in ('queued', 'running', 'restarting') and state <> 'queued' and lease_until < now() and dag_run_id % 32 = any($1)
  order by lease_until
  limit $2`;

interface LostRow {
  readonly dag_run_id: string;
  readonly id: string;
  readonly attempt: number;
  readonly tries_before: number;
}

export async function expiredLeases(db: Queryable, shards: readonly number[], limit: number): Promise<readonly LostAttempt[]> {
  if (shards.length === 0) return [];
  const { rows } = await db.query<LostRow>({ name: 'expired leases', text: EXPIRED, values: [shards, limit] });
  return rows.map((row) => lost(row, 'lease_expired'));
}

function lost(row: LostRow, why: LostAttempt['why']): LostAttempt {
  return { runKey: row.dag_run_id, taskInstanceId: row.id, attempt: row.attempt, triesBefore: row.tries_before, why };
}

/** Parameters: shards, age in milliseconds since the newest message, how many. */
const UNCLAIMED = `
  select dag_run_id, id, attempt, attempt_id, dispatch_sequence, queue, priority_weight from task_instance
  where state in ('queued', 'running', 'restarting') and state = 'queued'
    and dispatched_at < now() - $2::bigint * interval '1 millisecond' and dag_run_id % 32 = any($1)
  order by dispatched_at
  limit $3`;

interface QueuedRow {
  readonly dag_run_id: string;
  readonly id: string;
  readonly attempt: number;
  readonly attempt_id: string;
  readonly dispatch_sequence: number;
  readonly queue: string;
  readonly priority_weight: number;
}

export async function unclaimed(
  db: Queryable,
  shards: readonly number[],
  olderThanMs: number,
  limit: number,
): Promise<readonly QueuedTask[]> {
  if (shards.length === 0) return [];
  const { rows } = await db.query<QueuedRow>({ name: 'unclaimed', text: UNCLAIMED, values: [shards, olderThanMs, limit] });
  return rows.map((row) => ({
    runKey: row.dag_run_id,
    taskInstanceId: row.id,
    attempt: row.attempt,
    attemptId: row.attempt_id,
    sequence: row.dispatch_sequence,
    queue: row.queue,
    priority: row.priority_weight,
  }));
}

/**
 * Parameters, one array entry an attempt: task instances, attempt ids, the sequences that went missing; then the cap.
 * An attempt at the cap is answered with its sequence unchanged. One that somebody else re-sent or claimed meanwhile is passed over.
 */
const REDISPATCH = `
  with missing as materialized (
    select *, 'queued' as from_state from unnest($1::bigint[], $2::uuid[], $3::integer[]) as m (id, attempt_id, sequence)
  )
  update task_instance t
  set dispatch_sequence = case when m.sequence < $4 then m.sequence + 1 else m.sequence end, dispatched_at = now()
  from missing m
  where t.id = m.id and t.attempt_id = m.attempt_id and t.dispatch_sequence = m.sequence and t.state = m.from_state
  returning t.dag_run_id, t.id, t.attempt, t.attempt_id, t.tries_before, t.dispatch_sequence`;

export async function redispatch(
  db: Queryable,
  attempts: readonly QueuedTask[],
  cap: number,
): Promise<{ readonly send: readonly QueuedTask[]; readonly lost: readonly LostAttempt[] }> {
  if (attempts.length === 0) return { send: [], lost: [] };
  const ordered = attempts.toSorted((a, b) => Number(a.taskInstanceId) - Number(b.taskInstanceId));
  const { rows } = await db.query<LostRow & { attempt_id: string; dispatch_sequence: number }>({
    name: 'redispatch',
    text: REDISPATCH,
    values: [ordered.map((one) => one.taskInstanceId), ordered.map((one) => one.attemptId), ordered.map((one) => one.sequence), cap],
  });
  const asked = new Map(attempts.map((attempt) => [attempt.attemptId, attempt]));
  const send: QueuedTask[] = [];
  const givenUp: LostAttempt[] = [];
  for (const row of rows) {
    const before = asked.get(row.attempt_id);
    if (before === undefined) continue;
    if (row.dispatch_sequence === before.sequence) givenUp.push(lost(row, 'never_claimed'));
    else send.push({ ...before, sequence: row.dispatch_sequence });
  }
  return { send, lost: givenUp };
}
