/**
 * `_headrace_load`: one row for each load into a schema, written in the same transaction as the load's rows.
 *
 * R1. The record is claimed before rows are changed and holds its lock until the commit: two attempts of a load never interleave.
 * R2. An attempt finds the record of a newer attempt of the same task instance: it changes nothing.
 */
import { FencedCommitError } from '@headrace/dataplane';
import type { RowCounts } from '@headrace/sdk';
import type pg from 'pg';
import { quote } from './sql-text.ts';

export interface LoadClaim {
  readonly loadId: string;
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly taskInstanceId: string;
  readonly attempt: number;
  readonly attemptId: string;
  readonly target: string;
  readonly disposition: string;
  readonly partition: Readonly<Record<string, string>>;
  readonly intervalStart: Date;
  readonly intervalEnd: Date;
  readonly contentHash: string;
  readonly counts: RowCounts;
}

export interface RowChanges {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly unchanged: number;
}

/** Makes the table in its own transaction, once. Many may try at the same time. */
export async function ensureLoadTable(client: pg.Client, schema: string): Promise<void> {
  const name = `${quote(schema)}._headrace_load`;
  const { rows } = await client.query<{ there: boolean }>('select to_regclass($1) is not null as there', [name]);
  if (rows[0]?.there) return;
  await client.query('begin');
  await client.query(`select pg_advisory_xact_lock(hashtext('headrace'), hashtext($1))`, [name]);
  await client.query(`create schema if not exists ${quote(schema)}`);
  await client.query(
    `create table if not exists ${name} (
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
       check (rows_in = rows_out + rows_deduplicated + rows_quarantined)
     )`,
  );
  await client.query('commit');
}

/** Takes the record for this attempt, inside the load's transaction. Throws FencedCommitError. */
export async function claimLoad(client: pg.Client, schema: string, claim: LoadClaim): Promise<void> {
  const table = `${quote(schema)}._headrace_load`;
  const { rowCount } = await client.query(
    `insert into ${table} as load (load_id, dag_id, run_id, task_id, map_index, task_instance_id, attempt, attempt_id, target, disposition, partition,
        interval_start, interval_end, content_hash, rows_in, rows_out, rows_deduplicated, rows_quarantined)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
     on conflict (load_id) do update set
        run_id = excluded.run_id, task_instance_id = excluded.task_instance_id, attempt = excluded.attempt, attempt_id = excluded.attempt_id,
        target = excluded.target, disposition = excluded.disposition, content_hash = excluded.content_hash, rows_in = excluded.rows_in,
        rows_out = excluded.rows_out, rows_deduplicated = excluded.rows_deduplicated, rows_quarantined = excluded.rows_quarantined,
        committed_at = now()
     where not (load.task_instance_id = excluded.task_instance_id and load.attempt > excluded.attempt)`,
    [
      claim.loadId,
      claim.dagId,
      claim.runId,
      claim.taskId,
      claim.mapIndex,
      claim.taskInstanceId,
      claim.attempt,
      claim.attemptId,
      claim.target,
      claim.disposition,
      JSON.stringify(claim.partition),
      claim.intervalStart,
      claim.intervalEnd,
      claim.contentHash,
      claim.counts.in,
      claim.counts.out,
      claim.counts.deduplicated,
      claim.counts.quarantined,
    ],
  );
  if (rowCount === 1) return;
  const { rows } = await client.query<{ attempt: number }>(`select attempt from ${table} where load_id = $1`, [claim.loadId]);
  throw new FencedCommitError(claim.target, claim.attempt, rows[0]?.attempt ?? claim.attempt + 1);
}

/** Notes what the load did, inside its transaction. */
export async function recordChanges(client: pg.Client, schema: string, loadId: string, changes: RowChanges): Promise<void> {
  await client.query(
    `update ${quote(schema)}._headrace_load set rows_inserted = $2, rows_updated = $3, rows_deleted = $4, rows_unchanged = $5 where load_id = $1`,
    [loadId, changes.inserted, changes.updated, changes.deleted, changes.unchanged],
  );
}
