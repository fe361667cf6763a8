/** How runs and task instances stand to what keeps them from running: read when a person asks, by key and through the indexes of what lives. */
import type { Instant, OverlapPolicy, RateLimit, RunStatus, SlotStanding } from '@headrace/core';
import type { ExplainStore } from '@headrace/ports';
import type { Database, Queryable } from '../database.ts';
import { present } from './optional.ts';

const LIVE = "('queued', 'running', 'restarting')";

/** Parameter: task instance. */
const SLOT = `
  select t.pool, t.pool_slots, p.slots as pool_size, d.max_active_tasks,
    (select coalesce(sum(u.pool_slots), 0) from task_instance u
      where u.pool = t.pool and (u.state in ${LIVE} or (p.include_deferred and u.state = 'deferred'))) as pool_used,
    (select count(*) from task_instance u where u.dag_id = t.dag_id and u.state in ${LIVE}) as dag_active,
    (select coalesce(jsonb_agg(jsonb_build_object('key', l.key, 'limit', l.limit, 'held', (
        select count(*) from task_instance u, jsonb_to_recordset(u.limits -> 'slots') as s (key text)
        where u.state in ${LIVE} and u.limits is not null and s.key = l.key))), '[]')
      from jsonb_to_recordset(t.limits -> 'slots') as l (key text, "limit" integer)) as keys,
    (select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('key', r.key, 'tokens', r.tokens, 'perMs', r."perMs", 'burst', r.burst,
        'fullAt', (select b.full_at from rate_bucket b where b.key = r.key)))), '[]')
      from jsonb_to_recordset(t.limits -> 'rates') as r (key text, tokens float8, "perMs" float8, burst float8)) as rates
  from task_instance t join dag d on d.dag_id = t.dag_id left join pool p on p.name = t.pool
  where t.id = $1`;

/** Parameter: run. A run of a backfill has the limit of its backfill. */
const RUN = `
  select r.state, r.run_after, r.held_for, r.backfill_id, b.username as backfill_user, v.spec -> 'overlap' as overlap,
    d.paused or coalesce(b.paused, false) as paused, case when d.paused then d.paused_reason end as paused_reason,
    coalesce(b.max_active_runs, d.max_active_runs) as max_active_runs,
    array(select a.run_id from dag_run a
      where a.dag_id = r.dag_id and a.state = 'running' and a.id <> r.id and a.backfill_id is not distinct from r.backfill_id
      order by a.id limit 1000) as active,
    (select count(*) from dag_run q
      where q.dag_id = r.dag_id and q.state = 'queued' and q.held_for is null and q.backfill_id is not distinct from r.backfill_id
        and (q.run_after, q.id) < (r.run_after, r.id)) as queued_before
  from dag_run r
  join dag d on d.dag_id = r.dag_id
  join dag_version v on v.id = r.version_id
  left join backfill b on b.id = r.backfill_id
  where r.id = $1`;

interface SlotRow {
  readonly pool: string;
  readonly pool_slots: number;
  readonly pool_size: number | null;
  readonly max_active_tasks: number;
  readonly pool_used: string;
  readonly dag_active: string;
  readonly keys: SlotStanding['keys'];
  readonly rates: readonly (RateLimit & { readonly fullAt?: number })[];
}

interface RunRow {
  readonly state: RunStatus;
  readonly run_after: Instant;
  readonly held_for: string | null;
  readonly backfill_id: string | null;
  readonly backfill_user: string | null;
  readonly overlap: OverlapPolicy | null;
  readonly paused: boolean;
  readonly paused_reason: string | null;
  readonly max_active_runs: number;
  readonly active: readonly string[];
  readonly queued_before: string;
}

export function createExplainStore(database: Database): ExplainStore {
  const reads = () => database.lane('reads');
  return { run: (runKey) => runStanding(reads(), runKey), slot: (taskInstanceId) => slotStanding(reads(), taskInstanceId) };
}

async function slotStanding(db: Queryable, taskInstanceId: string): ReturnType<ExplainStore['slot']> {
  const { rows } = await db.query<SlotRow>(SLOT, [taskInstanceId]);
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    pool: row.pool,
    poolSlots: row.pool_slots,
    poolUsed: Number(row.pool_used),
    dagActive: Number(row.dag_active),
    maxActiveTasks: row.max_active_tasks,
    keys: row.keys,
    rates: row.rates,
    ...present({ poolSize: row.pool_size }),
  };
}

async function runStanding(db: Queryable, runKey: string): ReturnType<ExplainStore['run']> {
  const { rows } = await db.query<RunRow>(RUN, [runKey]);
  const [row] = rows;
  if (row === undefined) return undefined;
  const backfill = row.backfill_id === null ? undefined : { id: row.backfill_id, ...present({ user: row.backfill_user }) };
  return {
    status: row.state,
    runAfter: row.run_after,
    paused: row.paused,
    activeRuns: row.active.length,
    activeRunIds: row.active,
    maxActiveRuns: row.max_active_runs,
    queuedBefore: Number(row.queued_before),
    ...present({ pausedReason: row.paused_reason, overlap: row.overlap, backfill }),
    ...(row.held_for === null ? {} : { heldFor: [row.held_for] }),
  };
}
