/**
 * Takes backfills a step further.
 *
 * Promises: a backfill is advanced by one scheduler at a time; what is made, claimed for clearing or skipped is saved with the dates it
 * was made for; a run that somebody else makes meanwhile, or that has begun again, is left alone.
 */
import type { BackfillMove, BackfillProgress, RunStatus } from '@headrace/core';
import type { BackfillStep, BackfillStore, RunToClear } from '@headrace/ports';
import type pg from 'pg';
import type { Queryable } from '../database.ts';
import { tellRuns } from '../notification.ts';
import { transaction } from '../transaction.ts';

const BACKFILLS_AT_ONCE = 20;

/** Parameter: how many. */
const OPEN = `
  select b.id, b.dag_id, b.reprocess, b.max_active_runs, b.priority_class, b.version_id
  from backfill b join dag d on d.dag_id = b.dag_id
  where b.completed_at is null and not b.paused and not d.paused and d.removed_at is null
  order by b.id
  limit $1
  for no key update of b skip locked`;

/** Parameter: backfills. */
const LIVE = `
  select b.id,
    (select count(*) from dag_run r where r.backfill_id = b.id and r.state in ('queued', 'running'))
      + (select count(*) from backfill_run o where o.backfill_id = b.id and o.state = 'clearing') as live
  from unnest($1::bigint[]) as b (id)`;

/** Parameters: backfill, how many. */
const WAITING = `
  select o.position, r.run_id, r.state
  from backfill_run o join backfill b on b.id = o.backfill_id
  left join dag_run r on r.dag_id = b.dag_id and r.logical_date = o.logical_date
  where o.backfill_id = $1 and o.state = 'waiting'
  order by o.position
  limit $2`;

/** Parameters: backfill, positions. What exists meanwhile stays `waiting` and is looked at again. */
const CREATE = `
  with made as (
    insert into dag_run (dag_id, version_id, run_id, run_type, state, logical_date, interval_start, interval_end, run_after, params,
      triggered_by, username, partition_key, backfill_id, priority_class)
    select b.dag_id, coalesce(b.version_id, d.version_id),
      -- Somebody may have called a run of another date so.
      n.name || case when exists (select from dag_run r where r.dag_id = b.dag_id and r.run_id = n.name) then '_' || b.id else '' end,
      'backfill', 'queued',
      o.logical_date, o.interval_start, o.interval_end, o.interval_end, b.params, 'backfill', b.username, o.partition_key, b.id, b.priority_class
    from backfill_run o join backfill b on b.id = o.backfill_id join dag d on d.dag_id = b.dag_id
    cross join lateral (select 'backfill__' || to_char(o.logical_date at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as name) n
    where o.backfill_id = $1 and o.position = any($2)
    order by o.position
    on conflict do nothing
    returning id, logical_date
  )
  update backfill_run o set state = 'made', dag_run_id = made.id
  from made
  where o.backfill_id = $1 and o.position = any($2) and o.logical_date = made.logical_date
  returning made.id`;

/** Parameters: backfill, position, run id. From now on the run is the backfill's. No row: it is no longer as it was. */
const CLAIM = `
  with run as (
    update dag_run r
    set backfill_id = b.id, priority_class = b.priority_class, params = b.params, run_type = 'backfill', triggered_by = 'backfill'
    from backfill b
    where b.id = $1 and r.dag_id = b.dag_id and r.run_id = $3 and r.state in ('success', 'failed')
    returning r.id, r.revision
  )
  update backfill_run o set state = 'clearing', dag_run_id = run.id, run_revision = run.revision
  from run
  where o.backfill_id = $1 and o.position = $2
  returning o.position`;

/** Parameters: backfill, positions, reasons. */
const SKIP = `
  update backfill_run o set state = 'skipped', reason = s.reason, dag_run_id = r.id
  from unnest($2::integer[], $3::text[], $4::text[]) as s (position, reason, run_id), backfill b, dag_run r
  where o.backfill_id = $1 and o.position = s.position and b.id = $1 and r.dag_id = b.dag_id and r.run_id = s.run_id`;

/** Parameter: backfills. Runs that are to be cleared: those of which a step before did not hear the end, too. */
const CLEARING = `
  select o.backfill_id, o.position, r.dag_id, r.run_id, b.version_id is null as on_latest_version
  from backfill_run o join backfill b on b.id = o.backfill_id join dag_run r on r.id = o.dag_run_id
  where o.backfill_id = any($1) and o.state = 'clearing'
  order by o.backfill_id, o.position`;

/** Parameter: backfills. */
const COMPLETE = `
  update backfill b set completed_at = now(), updated_at = now()
  where b.id = any($1) and b.completed_at is null
    and not exists (select from backfill_run o where o.backfill_id = b.id and o.state in ('waiting', 'clearing'))
    and not exists (select from dag_run r where r.backfill_id = b.id and r.state in ('queued', 'running'))
  returning b.id`;

interface OpenRow {
  readonly id: string;
  readonly dag_id: string;
  readonly reprocess: BackfillProgress['reprocess'];
  readonly max_active_runs: number;
}

export async function advance(pool: pg.Pool, limit: number, decide: Parameters<BackfillStore['advance']>[1]): Promise<BackfillStep> {
  // Asked without a transaction, because mostly there is none.
  const { rows: any } = await pool.query({ name: 'any open backfill', text: 'select from backfill where completed_at is null limit 1' });
  if (any.length === 0) return { open: 0, created: [], toClear: [], completed: [] };
  return transaction(pool, async (client) => {
    const { rows: open } = await client.query<OpenRow>({ name: 'open backfills', text: OPEN, values: [BACKFILLS_AT_ONCE] });
    if (open.length === 0) return { open: 0, created: [], toClear: [], completed: [] };
    const ids = open.map((row) => row.id);
    await settleCleared(client, ids);
    const live = await liveRuns(client, ids);
    const created: string[] = [];
    for (const row of open) {
      const progress = { ...progressOf(row, live), waiting: await waitingDates(client, row.id, limit) };
      created.push(...(await carryOut(client, row.id, decide(progress))));
    }
    const { rows: completed } = await client.query<{ id: string }>({ name: 'complete backfills', text: COMPLETE, values: [ids] });
    await tellRuns(client, created);
    return { open: open.length, created, toClear: await clearing(client, ids), completed: completed.map((row) => row.id) };
  });
}

function progressOf(row: OpenRow, live: ReadonlyMap<string, number>): Omit<BackfillProgress, 'waiting'> {
  return { backfillId: row.id, reprocess: row.reprocess, maxActiveRuns: row.max_active_runs, live: live.get(row.id) ?? 0 };
}

async function liveRuns(client: Queryable, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const { rows } = await client.query<{ id: string; live: string }>({ name: 'live runs of backfills', text: LIVE, values: [ids] });
  return new Map(rows.map((row) => [row.id, Number(row.live)]));
}

async function waitingDates(client: Queryable, backfillId: string, limit: number): Promise<BackfillProgress['waiting']> {
  const { rows } = await client.query<{ position: number; run_id: string | null; state: RunStatus | null }>({
    name: 'waiting dates',
    text: WAITING,
    values: [backfillId, limit],
  });
  return rows.map(({ position, run_id: runId, state: status }) => ({
    position,
    ...(runId === null || status === null ? {} : { run: { runId, status } }),
  }));
}

async function carryOut(client: Queryable, backfillId: string, moves: readonly BackfillMove[]): Promise<readonly string[]> {
  const { create = [], clear = [], skip = [] } = Object.groupBy(moves, (move) => move.action.kind);
  for (const { position, action } of clear) {
    if (action.kind === 'clear') await client.query({ name: 'claim run', text: CLAIM, values: [backfillId, position, action.runId] });
  }
  const skipped = skip.flatMap(({ position, action }) => (action.kind === 'skip' ? [{ position, ...action }] : []));
  if (skipped.length > 0) {
    await client.query({
      name: 'skip dates',
      text: SKIP,
      values: [backfillId, skipped.map((one) => one.position), skipped.map((one) => one.reason), skipped.map((one) => one.runId)],
    });
  }
  if (create.length === 0) return [];
  const { rows } = await client.query<{ id: string }>({
    name: 'create backfill runs',
    text: CREATE,
    values: [backfillId, create.map((move) => move.position)],
  });
  return rows.map((row) => row.id);
}

/** Parameter: backfills. A run whose revision has risen was cleared, though nobody lived to say so. */
const SETTLE = `
  update backfill_run o set state = 'made'
  from dag_run r
  where o.backfill_id = any($1) and o.state = 'clearing' and r.id = o.dag_run_id and r.revision > o.run_revision`;

async function settleCleared(client: Queryable, ids: readonly string[]): Promise<void> {
  await client.query({ name: 'settle cleared runs', text: SETTLE, values: [ids] });
}

async function clearing(client: Queryable, ids: readonly string[]): Promise<readonly RunToClear[]> {
  const { rows } = await client.query<{
    backfill_id: string;
    position: number;
    dag_id: string;
    run_id: string;
    on_latest_version: boolean;
  }>({ name: 'runs to clear', text: CLEARING, values: [ids] });
  return rows.map((row) => ({
    backfillId: row.backfill_id,
    position: row.position,
    dagId: row.dag_id,
    runId: row.run_id,
    onLatestVersion: row.on_latest_version,
  }));
}
