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
import type { Instant, RunType, Wait } from '@headrace/core';
import type { AttemptRef, ClaimedAttempt, EndedWait } from '@headrace/ports';
import type { Queryable } from '../database.ts';

/**
 * Waits of this try, oldest first; of a task instance that never waited, or was looked at once, nothing is read. A clear begins the
 * count of tries anew, and `first_started_at` with it.
 */
const WAITS = `case when c.tries_before > 0 then (
    select json_agg(json_build_object('key', w.key, 'condition', w.condition, 'outcome', w.outcome, 'json', w.result,
      'timeoutAt', floor(extract(epoch from w.timeout_at) * 1000), 'onTimeout', w.on_timeout) order by w.id)
    from wait w
    where w.task_instance_id = c.id and w.try_number = c.attempt - c.tries_before and w.entered_at >= c.first_started_at
      and coalesce(w.outcome, '') <> 'closed'
  ) end`;

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
      first_started_at = coalesce(t.first_started_at, now()),
      worker_id = a.worker_id, hostname = a.hostname, pid = a.pid
    from asked a
    where t.id = a.id and t.attempt_id = a.attempt_id
      and (t.state = a.from_queued or (t.state = a.from_running and t.worker_id = a.worker_id))
    returning t.id, t.dag_run_id, t.task_id, t.map_index, t.state, t.attempt, t.due_at, t.attempt_id, t.tries_before, t.max_tries, t.worker_id,
      t.first_started_at, t.scheduled_at, t.queued_at
  )
  select c.id, c.dag_run_id, c.task_id, c.map_index, c.attempt, c.attempt_id, c.tries_before, c.max_tries, c.worker_id,
    c.first_started_at, c.scheduled_at, c.queued_at, r.dag_id, r.run_id, r.version_id, r.run_type, r.logical_date, r.interval_start, r.interval_end, r.run_after, r.params,
    r.partition_key, r.trace_parent, now() as claimed_at, ${WAITS} as waits
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
  readonly first_started_at: Instant;
  readonly trace_parent: string | null;
  readonly scheduled_at: Instant | null;
  readonly queued_at: Instant | null;
  readonly claimed_at: Instant;
  readonly partition_key: string | null;
  readonly waits: readonly WaitColumns[] | null;
}

interface WaitColumns extends Pick<Wait, 'key' | 'condition' | 'onTimeout'> {
  readonly outcome: EndedWait['outcome'] | null;
  readonly json: string | null;
  readonly timeoutAt: Instant | null;
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
    claimedAt: row.claimed_at,
    versionId: row.version_id,
    runType: row.run_type,
    runAfter: row.run_after,
    params: row.params,
    firstStartedAt: row.first_started_at,
    ...(row.scheduled_at === null ? {} : { scheduledAt: row.scheduled_at }),
    ...(row.queued_at === null ? {} : { queuedAt: row.queued_at }),
    ...(row.partition_key === null ? {} : { partitionKey: row.partition_key }),
    ...(row.trace_parent === null ? {} : { traceParent: row.trace_parent }),
    ...(row.waits === null ? {} : waitsOf(row.waits)),
    ...(row.logical_date === null ? {} : { logicalDate: row.logical_date }),
    ...(row.interval_start === null ? {} : { intervalStart: row.interval_start }),
    ...(row.interval_end === null ? {} : { intervalEnd: row.interval_end }),
  };
}

/** One that has not ended is a poll, in which the attempt looks itself. */
function waitsOf(rows: readonly WaitColumns[]): Pick<ClaimedAttempt, 'waits' | 'openWait'> {
  const ended = rows.flatMap(({ key, condition, outcome, json }): EndedWait[] =>
    outcome === null ? [] : [{ key, condition, outcome, ...(json === null ? {} : { json }) }],
  );
  const open = rows.find(({ outcome, condition }) => outcome === null && condition.kind === 'poll');
  return {
    ...(ended.length === 0 ? {} : { waits: ended }),
    ...(open === undefined ? {} : { openWait: openWaitOf(open) }),
  };
}

function openWaitOf({ key, condition, timeoutAt, onTimeout }: WaitColumns): Wait {
  return { key, condition, onTimeout, ...(timeoutAt === null ? {} : { timeoutAt }) };
}
