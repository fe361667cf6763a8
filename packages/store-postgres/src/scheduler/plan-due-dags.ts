/**
 * Scheduled runs of DAGs whose time has come.
 *
 * Promises: a DAG is planned by one scheduler at a time (others pass over it); a run that exists, by its run id or its
 * logical date, is left alone; the runs, what they replace and the next due time are saved together.
 */
import { type DagSpec, type Instant, needsUnendedRuns, type UnendedRun } from '@headrace/core';
import type { DueDag, PlannedRun, SchedulePlan, SchedulerStore } from '@headrace/ports';
import type pg from 'pg';
import { lookAgain } from '../assets/look-again.ts';
import type { Queryable } from '../database.ts';
import { tellDuty, tellRuns } from '../notification.ts';
import { timestamp, timestampOrNull } from '../timestamp.ts';
import { transaction } from '../transaction.ts';
import { IS_IDLE } from './idle-dags.ts';

/** The name of the duty that ends runs that others overtake. */
const OVERLAP_DUTY = 'overlap';

/** Parameter: how many. Those whose time has come, and those that wait for their runs to end. */
const FIND = `
  (select dag_id from dag where next_due_at <= now() and not paused and removed_at is null order by next_due_at limit $1)
  union
  (select d.dag_id from dag d where d.plan_when_idle and not d.paused and d.removed_at is null and ${IS_IDLE} limit $1)
  limit $1`;

/** Parameter: DAGs. Whoever planned one of them meanwhile has changed when it is due; what is being planned is passed over. */
const LOCK = `
  select d.dag_id, d.version_id, v.spec, d.scheduled_up_to, d.scheduled_from, d.first_seen_at, d.active_since, now() as now
  from dag d join dag_version v on v.id = d.version_id
  where d.dag_id = any($1) and not d.paused and d.removed_at is null and (d.next_due_at <= now() or d.plan_when_idle)
  order by d.next_due_at
  for no key update of d skip locked`;

/** Parameter: DAGs. */
const UNENDED = `
  select d.dag_id, r.id, r.state, r.partition_key
  from unnest($1::text[]) as d (dag_id) cross join lateral (
    (select id, state, partition_key from dag_run where dag_id = d.dag_id and state = 'running' and backfill_id is null)
    union all
    (select id, state, partition_key from dag_run where dag_id = d.dag_id and state = 'queued' and backfill_id is null)
  ) r
  order by r.id`;

/** Parameters, one array entry a DAG: ids, how far it is scheduled and from where, when to look again, and what holds from now on. */
const SAVE_PLANS = `
  update dag d
  set scheduled_up_to = coalesce(p.scheduled_up_to, d.scheduled_up_to), scheduled_from = coalesce(p.scheduled_from, d.scheduled_from),
    next_due_at = p.next_due_at, plan_when_idle = p.when_idle, exclusion = p.exclusion, ends_other = p.ends_other
  from unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::boolean[], $6::text[], $7::text[])
    as p (dag_id, scheduled_up_to, scheduled_from, next_due_at, when_idle, exclusion, ends_other)
  where d.dag_id = p.dag_id`;

/** Parameter: run keys. A run that has begun is left alone. */
const TAKE_BACK = `
  delete from dag_run r
  where r.id = any($1) and r.state = 'queued' and r.started_at is null
    and (select true from task_instance t where t.dag_run_id = r.id limit 1) is null`;

/** Parameters, one array entry a run. The params are those that the DAG gives when none are given. */
const CREATE_RUNS = `
  insert into dag_run (dag_id, version_id, run_id, run_type, state, logical_date, interval_start, interval_end, run_after, params, triggered_by,
    partition_key, held_for)
  select p.dag_id, p.version_id, p.run_id, p.run_type, 'queued', p.logical_date, p.interval_start, p.interval_end, p.run_after,
    coalesce((select v.spec -> 'paramsDefault' from dag_version v where v.id = p.version_id), '{}'), 'timetable', p.partition_key, p.held_for
  from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[], $8::timestamptz[],
      $9::text[], $10::text[])
    as p (dag_id, version_id, run_id, run_type, logical_date, interval_start, interval_end, run_after, partition_key, held_for)
  on conflict do nothing
  returning id`;

interface Row {
  readonly dag_id: string;
  readonly version_id: string;
  readonly spec: DagSpec;
  readonly scheduled_up_to: Instant | null;
  readonly scheduled_from: Instant | null;
  readonly first_seen_at: Instant;
  readonly active_since: Instant;
  readonly now: Instant;
}

export async function planDueDags(
  pool: pg.Pool,
  limit: number,
  plan: Parameters<SchedulerStore['planDueDags']>[1],
): Promise<{ readonly created: readonly string[]; readonly looked: number }> {
  return transaction(pool, async (client) => {
    const rows = await lockDue(client, limit);
    if (rows.length === 0) return { created: [], looked: 0 };
    const unended = await unendedRuns(client, rows);
    const plans = rows.map((row) => plan(dueDag(row, unended.get(row.dag_id)), row.now));
    await savePlans(client, plans);
    const replaced = plans.flatMap((one) => one.replaces ?? []);
    if (replaced.length > 0) await client.query({ name: 'take runs back', text: TAKE_BACK, values: [replaced] });
    const created = await createRuns(
      client,
      plans.flatMap((one) => one.runs),
    );
    await tellRuns(client, created);
    await lookAgain(
      client,
      plans.flatMap(({ dagId, runs }) => (runs.some((run) => run.heldFor === 'assets') ? [dagId] : [])),
    );
    if (plans.some((one) => one.endsOther !== undefined && one.runs.length > 0)) await tellDuty(client, OVERLAP_DUTY);
    return { created, looked: rows.length };
  });
}

async function lockDue(client: Queryable, limit: number): Promise<readonly Row[]> {
  const { rows: found } = await client.query<{ dag_id: string }>({ name: 'due dags', text: FIND, values: [limit] });
  if (found.length === 0) return [];
  const { rows } = await client.query<Row>({ name: 'lock due dags', text: LOCK, values: [found.map((row) => row.dag_id)] });
  return rows;
}

async function unendedRuns(client: Queryable, rows: readonly Row[]): Promise<ReadonlyMap<string, readonly UnendedRun[]>> {
  const wanted = rows.filter((row) => needsUnendedRuns(row.spec)).map((row) => row.dag_id);
  const found = new Map<string, UnendedRun[]>(wanted.map((dagId) => [dagId, []]));
  if (wanted.length === 0) return found;
  const { rows: runs } = await client.query<{ dag_id: string; id: string; state: 'queued' | 'running'; partition_key: string | null }>({
    name: 'unended runs',
    text: UNENDED,
    values: [wanted],
  });
  for (const { dag_id, id, state, partition_key } of runs)
    found.get(dag_id)?.push({ runKey: id, status: state, ...(partition_key === null ? {} : { partitionKey: partition_key }) });
  return found;
}

function dueDag(row: Row, unended: readonly UnendedRun[] | undefined): DueDag {
  const { dag_id: dagId, version_id: versionId, spec, first_seen_at: firstSeenAt, active_since: activeSince } = row;
  return {
    dagId,
    versionId,
    spec,
    firstSeenAt,
    activeSince,
    ...(row.scheduled_up_to === null ? {} : { scheduledUpTo: row.scheduled_up_to }),
    ...(row.scheduled_from === null ? {} : { scheduledFrom: row.scheduled_from }),
    ...(unended === undefined ? {} : { unended }),
  };
}

async function savePlans(client: Queryable, plans: readonly SchedulePlan[]): Promise<void> {
  await client.query({
    name: 'save plans',
    text: SAVE_PLANS,
    values: [
      plans.map((plan) => plan.dagId),
      plans.map((plan) => timestampOrNull(plan.scheduledUpTo)),
      plans.map((plan) => timestampOrNull(plan.scheduledFrom)),
      plans.map((plan) => timestampOrNull(plan.nextDueAt)),
      plans.map((plan) => plan.whenIdle ?? false),
      plans.map((plan) => plan.exclusion ?? 'none'),
      plans.map((plan) => plan.endsOther ?? null),
    ],
  });
}

async function createRuns(client: Queryable, runs: readonly PlannedRun[]): Promise<readonly string[]> {
  if (runs.length === 0) return [];
  const { rows } = await client.query<{ id: string }>({
    name: 'create planned runs',
    text: CREATE_RUNS,
    values: [
      runs.map((run) => run.dagId),
      runs.map((run) => run.versionId),
      runs.map((run) => run.runId),
      runs.map((run) => run.runType),
      runs.map((run) => timestamp(run.logicalDate)),
      runs.map((run) => timestamp(run.intervalStart)),
      runs.map((run) => timestamp(run.intervalEnd)),
      runs.map((run) => timestamp(run.runAfter)),
      runs.map((run) => run.partitionKey ?? null),
      runs.map((run) => run.heldFor ?? null),
    ],
  });
  return rows.map((row) => row.id);
}
