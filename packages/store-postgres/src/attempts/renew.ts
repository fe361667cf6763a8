/**
 * Extends the leases of all attempts a worker holds, in one statement.
 *
 * Promises: an attempt that is answered is still the worker's own until `leaseMs` after the call began. One that was told to
 * restart keeps its lease, so that it can still report its end, but is not answered: it must be stopped.
 * States are compared with a column, not with literals: see `claim.ts`.
 * Parameters: task instances, attempt ids, the worker, the lease length in milliseconds.
 */
import type { AttemptRef } from '@headrace/ports';
import type { Queryable } from '../database.ts';

const RENEW = `
  with held as materialized (
    select *, array['running', 'restarting'] as from_states from unnest($1::bigint[], $2::uuid[]) as h (id, attempt_id)
  )
  update task_instance t
  set lease_until = now() + $4::bigint * interval '1 millisecond'
  from held h
  where t.id = h.id and t.attempt_id = h.attempt_id and t.worker_id = $3 and t.state = any(h.from_states)
  returning t.attempt_id, t.state`;

export async function renew(db: Queryable, refs: readonly AttemptRef[], workerId: string, leaseMs: number): Promise<readonly string[]> {
  if (refs.length === 0) return [];
  const ordered = refs.toSorted((a, b) => Number(a.taskInstanceId) - Number(b.taskInstanceId));
  const { rows } = await db.query<{ attempt_id: string; state: string }>({
    name: 'renew',
    text: RENEW,
    values: [ordered.map((ref) => ref.taskInstanceId), ordered.map((ref) => ref.attemptId), workerId, leaseMs],
  });
  return rows.filter((row) => row.state === 'running').map((row) => row.attempt_id);
}
