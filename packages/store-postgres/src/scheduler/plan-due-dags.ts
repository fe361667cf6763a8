/**
 * Scheduled runs of DAGs whose time has come.
 *
 * Promises: a DAG is planned by one scheduler at a time (others pass over it); a run that exists, by its run id or its
 * logical date, is left alone; the runs and the next due time are saved together.
 */
import type { DagSpec, Instant } from '@headrace/core';
import type { DueDag, PlannedRun, SchedulePlan, SchedulerStore } from '@headrace/ports';
import type pg from 'pg';
import type { Queryable } from '../database.ts';
import { tellRuns } from '../notification.ts';
import { timestamp, timestampOrNull } from '../timestamp.ts';
import { transaction } from '../transaction.ts';

/** Parameter: how many. */
const DUE = `
  select d.dag_id, d.version_id, v.spec, d.scheduled_up_to, d.first_seen_at, d.active_since, now() as now
  from dag d join dag_version v on v.id = d.version_id
  where d.next_due_at <= now() and not d.paused and d.removed_at is null
  order by d.next_due_at
  limit $1
  for no key update of d skip locked`;

/** Parameters, one array entry a DAG: ids, how far it is scheduled, when to look again. */
const SAVE_PLANS = `
  update dag d set scheduled_up_to = coalesce(p.scheduled_up_to, d.scheduled_up_to), next_due_at = p.next_due_at
  from unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) as p (dag_id, scheduled_up_to, next_due_at)
  where d.dag_id = p.dag_id`;

/** Parameters, one array entry a run. The params are those that the DAG gives when none are given. */
const CREATE_RUNS = `
  insert into dag_run (dag_id, version_id, run_id, run_type, state, logical_date, interval_start, interval_end, run_after, params, triggered_by)
  select p.dag_id, p.version_id, p.run_id, p.run_type, 'queued', p.logical_date, p.interval_start, p.interval_end, p.run_after,
    coalesce((select v.spec -> 'paramsDefault' from dag_version v where v.id = p.version_id), '{}'), 'timetable'
  from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[], $8::timestamptz[])
    as p (dag_id, version_id, run_id, run_type, logical_date, interval_start, interval_end, run_after)
  on conflict do nothing
  returning id`;

interface Row {
  readonly dag_id: string;
  readonly version_id: string;
  readonly spec: DagSpec;
  readonly scheduled_up_to: Instant | null;
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
    const { rows } = await client.query<Row>({ name: 'due dags', text: DUE, values: [limit] });
    if (rows.length === 0) return { created: [], looked: 0 };
    const plans = rows.map((row) => plan(dueDag(row), row.now));
    await savePlans(client, plans);
    const created = await createRuns(
      client,
      plans.flatMap((one) => one.runs),
    );
    await tellRuns(client, created);
    return { created, looked: rows.length };
  });
}

function dueDag(row: Row): DueDag {
  const { dag_id: dagId, version_id: versionId, spec, first_seen_at: firstSeenAt, active_since: activeSince, scheduled_up_to } = row;
  return { dagId, versionId, spec, firstSeenAt, activeSince, ...(scheduled_up_to === null ? {} : { scheduledUpTo: scheduled_up_to }) };
}

async function savePlans(client: Queryable, plans: readonly SchedulePlan[]): Promise<void> {
  await client.query({
    name: 'save plans',
    text: SAVE_PLANS,
    values: [
      plans.map((plan) => plan.dagId),
      plans.map((plan) => timestampOrNull(plan.scheduledUpTo)),
      plans.map((plan) => timestampOrNull(plan.nextDueAt)),
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
    ],
  });
  return rows.map((row) => row.id);
}
