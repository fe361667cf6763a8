/**
 * Registers what a DAG file holds.
 *
 * Promises: all of the file or nothing; a version is added only for a DAG whose graph or bundle differs from its newest
 * version; what the file no longer holds is marked removed; the file has no import error afterwards. Files are saved one
 * at a time, so that two that hold the same DAG cannot both win.
 */
import { DuplicateDagError, type LoadedDag, type LoadedFile } from '@headrace/ports';
import type pg from 'pg';
import { saveAssets } from '../assets/save-assets.ts';
import type { Queryable } from '../database.ts';
import { tellDag } from '../notification.ts';
import { storableJson } from '../storable-json.ts';
import { transaction } from '../transaction.ts';

const LOCK = 7_428_005;

/** Parameters: the file, the DAGs it holds. */
const HELD_ELSEWHERE = `select dag_id, file from dag where dag_id = any($2) and file <> $1 and removed_at is null order by dag_id limit 1`;

/** Parameters: the file, the DAGs it holds. */
const REMOVE_OTHERS = `
  update dag set removed_at = now(), next_due_at = null where file = $1 and dag_id <> all($2) and removed_at is null returning dag_id`;

/**
 * Parameters: DAG, file, paused when it is new, tags, limits of runs and tasks. A DAG that comes back keeps its history and
 * its pause. `changed`: it was removed, so that its schedule must be looked at.
 */
const REGISTER = `
  with before as (select removed_at is not null as was_removed from dag where dag_id = $1)
  insert into dag as d (dag_id, file, paused, tags, max_active_runs, max_active_tasks)
  values ($1, $2, $3, $4, $5, $6)
  on conflict (dag_id) do update
  set file = excluded.file, tags = excluded.tags, max_active_runs = excluded.max_active_runs, max_active_tasks = excluded.max_active_tasks,
    removed_at = null, last_parsed_at = now(), next_due_at = case when d.removed_at is null then d.next_due_at else now() end
  returning (select was_removed from before) as was_removed`;

/** Parameters: DAG, file, graph hash, bundle hash, spec. No row: the newest version is the same. */
const ADD_VERSION = `
  with newest as (select number, graph_hash, bundle_hash from dag_version where dag_id = $1 order by number desc limit 1),
  added as (
    insert into dag_version (dag_id, number, file, graph_hash, bundle_hash, spec)
    select $1, coalesce((select number from newest), 0) + 1, $2, $3, $4, $5
    where not exists (select from newest where graph_hash = $3 and bundle_hash = $4)
    returning id
  )
  update dag set version_id = added.id, next_due_at = now() from added where dag_id = $1 returning added.id`;

/**
 * Parameters: the file, the DAGs it holds, their graph hashes, the bundle hash. Rows only when all of the file is in the
 * database as it is: then nothing but the time of parsing is to be saved, and no lock to be waited for.
 */
const CONFIRM = `
  with same as (
    select d.dag_id
    from unnest($2::text[], $3::text[]) as h (dag_id, graph_hash)
    join dag d on d.dag_id = h.dag_id and d.file = $1 and d.removed_at is null
    join dag_version v on v.id = d.version_id and v.graph_hash = h.graph_hash and v.bundle_hash = $4
  )
  update dag d set last_parsed_at = now() from same
  where d.dag_id = same.dag_id
    and (select count(*) from same) = cardinality($2::text[])
    and (select count(*) from dag where file = $1 and removed_at is null) = cardinality($2::text[])
    and not exists (select from import_error where file = $1)
  returning d.dag_id`;

export async function saveFile(
  pool: pg.Pool,
  loaded: LoadedFile,
): Promise<{ readonly newVersions: readonly string[]; readonly removed: readonly string[] }> {
  if (await isUnchanged(pool, loaded)) return { newVersions: [], removed: [] };
  return transaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [LOCK]);
    const dagIds = loaded.dags.map((dag) => dag.spec.dagId);
    await refuseDuplicates(client, loaded.file, dagIds);
    await saveBundle(client, loaded);
    const newVersions: string[] = [];
    for (const dag of loaded.dags) {
      const { isNew, wasRemoved } = await saveDag(client, loaded, dag);
      if (isNew) newVersions.push(dag.spec.dagId);
      if (isNew || wasRemoved) await tellDag(client, dag.spec.dagId);
    }
    const removed = await markRemoved(client, loaded.file, dagIds);
    await client.query('delete from import_error where file = $1', [loaded.file]);
    return { newVersions, removed };
  });
}

async function isUnchanged(pool: pg.Pool, { file, dags, bundle }: LoadedFile): Promise<boolean> {
  const { rows } = await pool.query({
    name: 'confirm file',
    text: CONFIRM,
    values: [file, dags.map((dag) => dag.spec.dagId), dags.map((dag) => dag.graphHash), bundle.hash],
  });
  return rows.length > 0;
}

async function refuseDuplicates(client: Queryable, file: string, dagIds: readonly string[]): Promise<void> {
  const twice = dagIds.find((dagId, index) => dagIds.indexOf(dagId) !== index);
  if (twice !== undefined) throw new DuplicateDagError(twice, file, file);
  const { rows } = await client.query<{ dag_id: string; file: string }>(HELD_ELSEWHERE, [file, dagIds]);
  const [other] = rows;
  if (other !== undefined) throw new DuplicateDagError(other.dag_id, file, other.file);
}

async function saveBundle(client: Queryable, { bundle }: LoadedFile): Promise<void> {
  await client.query('insert into bundle (hash, code, source_map) values ($1, $2, $3) on conflict do nothing', [
    bundle.hash,
    bundle.code,
    bundle.sourceMap ?? null,
  ]);
}

async function saveDag(
  client: Queryable,
  loaded: LoadedFile,
  { spec, graphHash }: LoadedDag,
): Promise<{ isNew: boolean; wasRemoved: boolean }> {
  const registered = await client.query<{ was_removed: boolean | null }>(REGISTER, [
    spec.dagId,
    loaded.file,
    spec.pausedUponCreation,
    spec.tags,
    spec.maxActiveRuns,
    spec.maxActiveTasks,
  ]);
  const added = await client.query(ADD_VERSION, [spec.dagId, loaded.file, graphHash, loaded.bundle.hash, storableJson(spec)]);
  if (added.rows.length > 0) await saveAssets(client, spec);
  return { isNew: added.rows.length > 0, wasRemoved: registered.rows[0]?.was_removed === true };
}

/** Marks the file's DAGs removed, but these. */
export async function markRemoved(client: Queryable, file: string, except: readonly string[]): Promise<readonly string[]> {
  const { rows } = await client.query<{ dag_id: string }>(REMOVE_OTHERS, [file, except]);
  for (const row of rows) await tellDag(client, row.dag_id);
  return rows.map((row) => row.dag_id);
}
