/**
 * running → queued: the same attempt, as if it had not been claimed.
 *
 * Promises: only the worker that holds the attempt gives it back; one that was told to restart is not given back.
 * States are compared with a column, not with literals: see `claim.ts`.
 * Parameters, one array entry an attempt: task instances, attempt ids, workers.
 */
import type { AttemptRef } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import { TOLD, tellMoves } from '../notification.ts';

const RELEASE = `
  with given_back as materialized (
    select *, 'running' as from_state from unnest($1::bigint[], $2::uuid[], $3::text[]) as g (id, attempt_id, worker_id)
  ),
  released as (
    update task_instance t
    set state = 'queued', started_at = null, lease_until = null, worker_id = null, hostname = null, pid = null, dispatched_at = now()
    from given_back g
    where t.id = g.id and t.attempt_id = g.attempt_id and t.worker_id = g.worker_id and t.state = g.from_state
    returning t.id, t.dag_run_id, t.state, t.attempt, t.due_at, t.decision, t.attempt_id
  ),
  ${tellMoves('released')}
  select attempt_id, ${TOLD} as told from released`;

export type Release = AttemptRef & { readonly workerId: string };

/** For each: whether it went back. */
export async function release(db: Queryable, releases: readonly Release[]): Promise<readonly boolean[]> {
  const ordered = releases.toSorted((a, b) => Number(a.taskInstanceId) - Number(b.taskInstanceId));
  const { rows } = await db.query<{ attempt_id: string }>({
    name: 'release',
    text: RELEASE,
    values: [ordered.map((one) => one.taskInstanceId), ordered.map((one) => one.attemptId), ordered.map((one) => one.workerId)],
  });
  const released = new Set(rows.map((row) => row.attempt_id));
  return releases.map((one) => released.has(one.attemptId));
}
