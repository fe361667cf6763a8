/**
 * `_headrace_load`: one row for each load into a schema, written in the same transaction as the load's rows, and `_headrace_attempt`:
 * the newest attempt of a load that has begun and not committed.
 *
 * R1. An attempt says that it begins before it brings rows. From then on no older attempt of the same task instance can commit.
 * R2. The record is claimed before the table is changed and holds its lock until the commit: two attempts of a load never interleave.
 * R3. An attempt that finds a newer one of the same task instance, begun or committed, changes nothing.
 */
import { FencedCommitError, type Work } from '@headrace/dataplane';
import type { DispositionName, RowCounts } from '@headrace/sdk';
import type pg from 'pg';
import { createOnce } from '../create-once.ts';
import { quote } from '../sql-text.ts';

export interface LoadClaim {
  readonly loadId: string;
  readonly generation: number;
  readonly target: string;
  readonly disposition: DispositionName;
  readonly partition: Readonly<Record<string, string>>;
  readonly contentHash: string;
  readonly schemaHash: string;
  readonly counts: RowCounts;
  /** The instant that the load speaks of. */
  readonly asOf: Date;
}

export interface RowChanges {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly unchanged: number;
}

/** What a load left when it last committed. */
export interface LoadRecord {
  readonly contentHash: string;
  readonly schemaHash: string | null;
  readonly disposition: string;
  readonly rows: number;
  /** The transaction (`xmin`) that wrote every row that the load accounts for; null when some were there before. */
  readonly rowsXid: string | null;
}

const DEFINITION = `
  load_id text primary key,
  dag_id text not null,
  run_id text not null,
  task_id text not null,
  map_index int not null,
  task_instance_id text not null,
  attempt int not null,
  attempt_id text not null,
  target text not null,
  disposition text not null,
  partition jsonb not null,
  interval_start timestamptz not null,
  interval_end timestamptz not null,
  content_hash text not null,
  rows_in bigint not null,
  rows_out bigint not null,
  rows_deduplicated bigint not null,
  rows_quarantined bigint not null,
  rows_inserted bigint,
  rows_updated bigint,
  rows_deleted bigint,
  rows_unchanged bigint,
  committed_at timestamptz not null default now(),
  check (rows_in = rows_out + rows_deduplicated + rows_quarantined)`;

/** Columns that tables made by earlier versions lack. */
const LATER: Readonly<Record<string, string>> = {
  generation: 'int not null default 1',
  schema_hash: 'text',
  as_of: 'timestamptz',
  rows_xid: 'text',
};

/** Makes the tables and their schema, or brings older ones up to date, in a transaction of their own. Many may try at the same time. */
export async function ensureLoadTable(client: pg.Client, schema: string): Promise<void> {
  const load = `${quote(schema)}._headrace_load`;
  const attempt = `${quote(schema)}._headrace_attempt`;
  const { rows } = await client.query<{ columns: string; attempts: boolean }>(
    `select (select count(*) from pg_attribute where attrelid = to_regclass($1) and attname = any($2)) as columns, to_regclass($3) is not null as attempts`,
    [load, Object.keys(LATER), attempt],
  );
  if (rows[0]?.attempts && Number(rows[0].columns) === Object.keys(LATER).length) return;
  await createOnce(client, load, [
    `create schema if not exists ${quote(schema)}`,
    `create table if not exists ${load} (${DEFINITION})`,
    ...Object.entries(LATER).map(([name, type]) => `alter table ${load} add column if not exists ${name} ${type}`),
    `create index if not exists _headrace_load_by_target on ${load} (target, committed_at desc)`,
    `create table if not exists ${attempt} (
       load_id text not null,
       task_instance_id text not null,
       attempt int not null,
       attempt_id text not null,
       begun_at timestamptz not null default now(),
       primary key (load_id, task_instance_id)
     )`,
  ]);
}

/** Says that this attempt begins. Throws FencedCommitError when a newer one has. */
export async function beginAttempt(client: pg.Client, schema: string, loadId: string, target: string, fence: Work['fence']): Promise<void> {
  const table = `${quote(schema)}._headrace_attempt`;
  const { rowCount } = await client.query(
    `with forgotten as (delete from ${table} where begun_at < now() - interval '30 days' and load_id <> $1)
     insert into ${table} as known (load_id, task_instance_id, attempt, attempt_id) values ($1, $2, $3, $4)
     on conflict (load_id, task_instance_id) do update set attempt = excluded.attempt, attempt_id = excluded.attempt_id, begun_at = now()
     where known.attempt <= excluded.attempt`,
    [loadId, fence.taskInstanceId, fence.attempt, fence.attemptId],
  );
  if (rowCount === 1) return;
  throw new FencedCommitError(target, fence.attempt, await begunAttempt(client, schema, loadId, fence), 'begun');
}

/** Takes the record for this attempt, inside the load's transaction, and answers with what it was. Throws FencedCommitError. */
export async function claimLoad(
  client: pg.Client,
  schema: string,
  claim: LoadClaim,
  { context, fence }: Pick<Work, 'context' | 'fence'>,
): Promise<LoadRecord | undefined> {
  // Of two first loads, which have no record to lock yet, the second is to see the first.
  await client.query(`select pg_advisory_xact_lock(hashtext('headrace load'), hashtext($1))`, [claim.loadId]);
  const begun = await begunAttempt(client, schema, claim.loadId, fence);
  if (begun > fence.attempt) throw new FencedCommitError(claim.target, fence.attempt, begun, 'begun');
  const table = `${quote(schema)}._headrace_load`;
  const known = await knownLoad(client, schema, claim.loadId, 'for update');
  const { rowCount } = await client.query(
    `insert into ${table} as load (load_id, dag_id, run_id, task_id, map_index, task_instance_id, attempt, attempt_id, target, disposition, partition,
        interval_start, interval_end, content_hash, rows_in, rows_out, rows_deduplicated, rows_quarantined, generation, schema_hash, as_of)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
     on conflict (load_id) do update set
        run_id = excluded.run_id, task_instance_id = excluded.task_instance_id, attempt = excluded.attempt, attempt_id = excluded.attempt_id,
        target = excluded.target, disposition = excluded.disposition, content_hash = excluded.content_hash, rows_in = excluded.rows_in,
        rows_out = excluded.rows_out, rows_deduplicated = excluded.rows_deduplicated, rows_quarantined = excluded.rows_quarantined,
        generation = excluded.generation, schema_hash = excluded.schema_hash, as_of = excluded.as_of, committed_at = now()
     where not (load.task_instance_id = excluded.task_instance_id and load.attempt > excluded.attempt)`,
    [
      claim.loadId,
      context.dagId,
      context.runId,
      context.taskId,
      context.mapIndex,
      fence.taskInstanceId,
      fence.attempt,
      fence.attemptId,
      claim.target,
      claim.disposition,
      JSON.stringify(claim.partition),
      context.interval.start,
      context.interval.end,
      claim.contentHash,
      claim.counts.in,
      claim.counts.out,
      claim.counts.deduplicated,
      claim.counts.quarantined,
      claim.generation,
      claim.schemaHash,
      claim.asOf,
    ],
  );
  if (rowCount !== 1) {
    const { rows } = await client.query<{ attempt: number }>(`select attempt from ${table} where load_id = $1`, [claim.loadId]);
    throw new FencedCommitError(claim.target, fence.attempt, rows[0]?.attempt ?? fence.attempt + 1);
  }
  return known;
}

/** The record of a load. With `for update` inside a transaction nobody else changes it until the end. */
export async function knownLoad(
  client: pg.Client,
  schema: string,
  loadId: string,
  lock: 'for update' | '' = '',
): Promise<LoadRecord | undefined> {
  return recordOf(
    await client.query<RecordRow>(`select ${RECORD} from ${quote(schema)}._headrace_load where load_id = $1 ${lock}`, [loadId]),
  );
}

/** The record of the last load into a table. */
export async function lastLoad(client: pg.Client, schema: string, target: string): Promise<LoadRecord | undefined> {
  return recordOf(
    await client.query<RecordRow>(
      `select ${RECORD} from ${quote(schema)}._headrace_load where target = $1 order by committed_at desc limit 1`,
      [target],
    ),
  );
}

/** Whether the same task has committed a load of versions that speaks of a later time. */
export async function hasLaterLoad(
  client: pg.Client,
  schema: string,
  target: string,
  loadId: string,
  at: Date,
  { context }: Pick<Work, 'context'>,
): Promise<boolean> {
  const { rows } = await client.query<{ later: boolean }>(
    `select exists (select from ${quote(schema)}._headrace_load where target = $1 and disposition = 'scd2' and dag_id = $2 and task_id = $3
                       and map_index = $4 and load_id <> $5 and as_of > $6) as later`,
    [target, context.dagId, context.taskId, context.mapIndex, loadId, at],
  );
  return rows[0]?.later === true;
}

/** Notes what the load did, inside its transaction, and that its attempt is over. `rowsXid`: rows that are unchanged were all written by it. */
export async function recordChanges(
  client: pg.Client,
  schema: string,
  loadId: string,
  { inserted, updated, deleted, unchanged, rowsXid = null }: RowChanges & { readonly rowsXid?: string | null },
  fence: Work['fence'],
): Promise<void> {
  await client.query(
    `update ${quote(schema)}._headrace_load set rows_inserted = $2, rows_updated = $3, rows_deleted = $4, rows_unchanged = $5,
            rows_xid = case when $7 then pg_current_xact_id()::xid::text else $6 end
      where load_id = $1`,
    [loadId, inserted, updated, deleted, unchanged, rowsXid, updated + unchanged === 0],
  );
  await client.query(`delete from ${quote(schema)}._headrace_attempt where load_id = $1 and task_instance_id = $2`, [
    loadId,
    fence.taskInstanceId,
  ]);
}

/** The newest attempt of the task instance that has begun, 0 for none. Nobody begins another one until the transaction ends. */
async function begunAttempt(client: pg.Client, schema: string, loadId: string, fence: Work['fence']): Promise<number> {
  const { rows } = await client.query<{ attempt: number }>(
    `select attempt from ${quote(schema)}._headrace_attempt where load_id = $1 and task_instance_id = $2 for update`,
    [loadId, fence.taskInstanceId],
  );
  return rows[0]?.attempt ?? 0;
}

interface RecordRow {
  readonly content_hash: string;
  readonly schema_hash: string | null;
  readonly disposition: string;
  readonly rows_out: string;
  readonly rows_xid: string | null;
}

const RECORD = 'content_hash, schema_hash, disposition, rows_out, rows_xid';

function recordOf({ rows: [row] }: { readonly rows: readonly RecordRow[] }): LoadRecord | undefined {
  return (
    row && {
      contentHash: row.content_hash,
      schemaHash: row.schema_hash,
      disposition: row.disposition,
      rows: Number(row.rows_out),
      rowsXid: row.rows_xid,
    }
  );
}
