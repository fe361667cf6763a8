/**
 * queued → running, under a lease on the database's clock.
 *
 * Promises: only the attempt that the row names is claimed, and by one worker; the same worker asking again for the
 * attempt it runs is told the same again. Schedulers are not told: nothing follows from a claim, and commits that notify
 * wait for each other.
 *
 * The states are compared with columns, not with literals: else the planner may take the index of live rows for the way to
 * a row whose key it has.
 *
 * Parameters, one array entry a claim: task instances, attempt ids, workers, lease lengths in milliseconds.
 */
import type { Instant, RunType } from '@headrace/core';
import type { AttemptRef, ClaimedAttempt } from '@headrace/ports';
import type { Queryable } from '../database.ts';

const CLAIM = `
  with asked as materialized (
    select a.*, w.hostname, w.pid, 'queued' as from_queued, 'running' as from_running
    from unnest($1::bigint[], $2::uuid[], $3::text[], $4::bigint[]) as a (id, attempt_id, worker_id, lease_ms)
    left join worker w on w.worker_id = a.worker_id
  ),
  claimed as (
    update task_instance t
    set state = 'running', started_at = case when t.state = 'running' then t.started_at else now() end,
      lease_until = now() + a.lease_ms * interval '1 millisecond',
      worker_id = a.worker_id, hostname = a.hostname, pid = a.pid
    from asked a
    where t.id = a.id and t.attempt_id = a.attempt_id
      and (t.state = a.from_queued or (t.state = a.from_running and t.worker_id = a.worker_id))
    returning t.id, t.dag_run_id, t.task_id, t.map_index, t.state, t.attempt, t.due_at, t.attempt_id, t.tries_before, t.max_tries, t.worker_id
  )
  select c.id, c.dag_run_id, c.task_id, c.map_index, c.attempt, c.attempt_id, c.tries_before, c.max_tries, c.worker_id,
    r.dag_id, r.run_id, r.version_id, r.run_type, r.logical_date, r.interval_start, r.interval_end, r.run_after, r.params
  from claimed c join dag_run r on r.id = c.dag_run_id`;

export interface Claim extends AttemptRef {
  readonly workerId: string;
  readonly leaseMs: number;
}

interface Row {
  readonly id: string;
  readonly dag_run_id: string;
  readonly task_id: string;
  readonly map_index: number;
  readonly attempt: number;
  readonly attempt_id: string;
  readonly tries_before: number;
  readonly max_tries: number;
  readonly worker_id: string;
  readonly dag_id: string;
  readonly run_id: string;
  readonly version_id: string;
  readonly run_type: RunType;
  readonly logical_date: Instant | null;
  readonly interval_start: Instant | null;
  readonly interval_end: Instant | null;
  readonly run_after: Instant;
  readonly params: Readonly<Record<string, unknown>>;
}

export async function claim(db: Queryable, claims: readonly Claim[]): Promise<readonly (ClaimedAttempt | undefined)[]> {
  // In the order of ids, as everywhere where several rows are locked.
  const ordered = claims.toSorted((a, b) => Number(a.taskInstanceId) - Number(b.taskInstanceId));
  const { rows } = await db.query<Row>({
    name: 'claim',
    text: CLAIM,
    values: [
      ordered.map((one) => one.taskInstanceId),
      ordered.map((one) => one.attemptId),
      ordered.map((one) => one.workerId),
      ordered.map((one) => one.leaseMs),
    ],
  });
  const claimed = new Map(rows.map((row) => [`${row.attempt_id} ${row.worker_id}`, claimedAttempt(row)]));
  return claims.map(({ attemptId, workerId }) => claimed.get(`${attemptId} ${workerId}`));
}

function claimedAttempt(row: Row): ClaimedAttempt {
  return {
    taskInstanceId: row.id,
    attemptId: row.attempt_id,
    runKey: row.dag_run_id,
    dagId: row.dag_id,
    runId: row.run_id,
    taskId: row.task_id,
    mapIndex: row.map_index,
    attempt: row.attempt,
    triesBefore: row.tries_before,
    maxTries: row.max_tries,
    versionId: row.version_id,
    runType: row.run_type,
    runAfter: row.run_after,
    params: row.params,
    ...(row.logical_date === null ? {} : { logicalDate: row.logical_date }),
    ...(row.interval_start === null ? {} : { intervalStart: row.interval_start }),
    ...(row.interval_end === null ? {} : { intervalEnd: row.interval_end }),
  };
}
