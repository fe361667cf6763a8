/** What runs have left in the object store, and that is to go: with its run, or before it. */
import type { DoomedObjects, RetentionResult, RetentionStep } from '@headrace/ports';
import type pg from 'pg';
import type { Queryable } from '../database.ts';
import { timestamp } from '../timestamp.ts';
import { transaction } from '../transaction.ts';
import { cursorOf, type Place } from './cursor.ts';

/** Where the objects of ended runs have been removed up to. Parameter: kind. */
const MARK = 'select ended_at::text as at, dag_run_id::text as id from retention_mark where kind = $1';

/** Parameters: before, the place after which to look (2), how many. */
const LOOK = `
  select id, dag_id, run_id, ended_at::text as at from dag_run
  where state in ('success', 'failed') and ended_at < $1 and (ended_at, id) > ($2::timestamptz, $3::bigint)
  order by ended_at, id limit $4`;

/** Parameters: kind, DAGs, runs. */
const DOOM = `
  insert into doomed_object (dag_id, run_id, kind) select d.dag_id, d.run_id, $1 from unnest($2::text[], $3::text[]) as d (dag_id, run_id)`;

/** Parameters: kind, place (2). */
const MOVE_MARK = `
  insert into retention_mark (kind, ended_at, dag_run_id) values ($1, $2, $3)
  on conflict (kind) do update set ended_at = excluded.ended_at, dag_run_id = excluded.dag_run_id
  where (retention_mark.ended_at, retention_mark.dag_run_id) < (excluded.ended_at, excluded.dag_run_id)`;

interface Found {
  readonly id: string;
  readonly dag_id: string;
  readonly run_id: string;
  readonly at: string;
}

/**
 * Runs that stay while their logs, or results, go. In the order in which they ended, so that a mark tells how far this is: a run that is
 * cleared and ends anew comes again.
 */
export async function doomObjects(
  pool: pg.Pool,
  kind: 'logs' | 'results',
  { before, limit, dryRun = false, after: cursor }: RetentionStep,
  after: Place,
): Promise<RetentionResult> {
  const look = async (db: Queryable, from: Place): Promise<readonly Found[]> =>
    (await db.query<Found>({ name: 'look for old objects', text: LOOK, values: [timestamp(before), from.at, from.id, limit] })).rows;
  const mark = async (db: Queryable): Promise<Place> => (await db.query<Place>(MARK, [kind])).rows[0] ?? after;
  const found = dryRun
    ? await look(pool, cursor === undefined ? await mark(pool) : after)
    : await transaction(pool, async (client) => {
        const rows = await look(client, await mark(client));
        const last = rows.at(-1);
        if (last === undefined) return rows;
        await client.query(DOOM, [kind, rows.map((row) => row.dag_id), rows.map((row) => row.run_id)]);
        await client.query(MOVE_MARK, [kind, last.at, last.id]);
        return rows;
      });
  const last = found.at(-1);
  return { removed: { [kind]: found.length }, ...(found.length < limit || last === undefined ? {} : { next: cursorOf(last) }) };
}

/** A run that was made again under its id has its own objects under the same keys; one that lives again writes new ones. */
const SPARE = `
  delete from doomed_object d using dag_run r
  where r.dag_id = d.dag_id and r.run_id = d.run_id
    and (d.kind = 'run' or r.state not in ('success', 'failed') or r.ended_at > d.at)
    and d.id = any($1::bigint[])
  returning d.id`;

const OLDEST = 'select id, dag_id, run_id, kind from doomed_object order by id limit $1';

export async function doomedObjects(pool: pg.Pool, limit: number): Promise<readonly DoomedObjects[]> {
  const { rows } = await pool.query<{ id: string; dag_id: string; run_id: string; kind: 'logs' | 'results' | 'run' }>(OLDEST, [limit]);
  if (rows.length === 0) return [];
  const spared = new Set((await pool.query<{ id: string }>(SPARE, [rows.map(({ id }) => id)])).rows.map(({ id }) => id));
  const doomed = rows
    .filter(({ id }) => !spared.has(id))
    .map(({ id, dag_id: dagId, run_id: runId, kind }) => ({
      id,
      dagId,
      runId,
      kinds: kind === 'run' ? (['logs', 'results'] as const) : [kind],
    }));
  return doomed.length > 0 ? doomed : doomedObjects(pool, limit);
}

export async function forgetObjects(db: Queryable, ids: readonly string[]): Promise<void> {
  await db.query('delete from doomed_object where id = any($1::bigint[])', [ids]);
}
