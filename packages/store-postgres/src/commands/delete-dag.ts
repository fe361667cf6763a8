/**
 * Deletes a DAG: first it is closed, so that nothing makes runs of it, then its runs go in batches, each a transaction of its own, and
 * last what it is itself. What is stopped in between is closed and can be deleted again.
 */
import type { Deletion } from '@headrace/ports';
import type pg from 'pg';
import { tellDag } from '../notification.ts';
import { transaction } from '../transaction.ts';
import { deleteRuns, hasLiveTasks } from './delete-run.ts';

/** Runs of a transaction: some thousands of rows, so that no lock is held for long. */
const BATCH = 100;

/** A trigger, a plan and a load of its file look at this. */
const CLOSE = `
  update dag set removed_at = coalesce(removed_at, now()), next_due_at = null where dag_id = $1
    and not exists (select from dag_run where dag_id = $1 and state in ('queued', 'running'))
  returning dag_id`;

const NEXT = 'select id, state from dag_run where dag_id = $1 order by id limit $2 for update';

/** In this order: the later ones are referred to by those before. Parameter: the DAG. */
const REST = [
  'delete from notice where dag_id = $1',
  'delete from lineage_flow where dag_id = $1',
  'delete from queued_asset_event where dag_id = $1',
  'delete from asset_consumer where dag_id = $1',
  'delete from asset_reference where dag_id = $1',
  'delete from asset_definition where dag_id = $1',
  'delete from backfill where dag_id = $1',
  'update dag set version_id = null where dag_id = $1',
  'delete from dag_version where dag_id = $1',
  'delete from dag where dag_id = $1',
];

export async function deleteDag(pool: pg.Pool, dagId: string): Promise<Deletion> {
  const closed = await transaction(pool, async (client) => {
    const locked = await client.query('select from dag where dag_id = $1 for update', [dagId]);
    if (locked.rowCount === 0) return 'not_found';
    return (await client.query(CLOSE, [dagId])).rowCount === 0 ? 'live' : 'closed';
  });
  if (closed !== 'closed') return closed;
  for (;;) {
    const deleted = await deleteBatch(pool, dagId);
    if (deleted === 'live') return 'live';
    if (deleted < BATCH) break;
  }
  return transaction(pool, async (client) => {
    const locked = await client.query('select from dag where dag_id = $1 for update', [dagId]);
    if (locked.rowCount === 0) return 'deleted';
    // Its file was loaded again, or a backfill made a run, since.
    const { rows } = await client.query<{ live: boolean }>('select exists (select from dag_run where dag_id = $1) as live', [dagId]);
    if (rows[0]?.live === true) return 'live';
    for (const statement of REST) await client.query(statement, [dagId]);
    await tellDag(client, dagId);
    return 'deleted';
  });
}

async function deleteBatch(pool: pg.Pool, dagId: string): Promise<number | 'live'> {
  return transaction(pool, async (client) => {
    const { rows } = await client.query<{ id: string; state: string }>(NEXT, [dagId, BATCH]);
    const keys = rows.map((row) => row.id);
    if (rows.some(({ state }) => state === 'queued' || state === 'running') || (await hasLiveTasks(client, keys))) return 'live';
    await deleteRuns(client, keys);
    return keys.length;
  });
}
