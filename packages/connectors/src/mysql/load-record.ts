/**
 * `_headrace_load`: one row for each load into a database, written in the same transaction as the load's rows.
 *
 * R1. The record is claimed before rows are changed and holds its lock until the commit: two attempts of a load never interleave.
 * R2. An attempt finds the record of a newer attempt of the same task instance: it changes nothing.
 */
import { FencedCommitError } from '@headrace/dataplane';
import type { RowCounts } from '@headrace/sdk';
import type { MysqlClient } from './connect.ts';
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
  /** The instant of which the load speaks, for `scd2`. */
  readonly validAt: string | undefined;
  readonly contentHash: string;
  readonly counts: RowCounts;
}

export interface RowChanges {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly unchanged: number;
}

/** Makes the table, once; its own commit. Many may try at the same time. */
export async function ensureLoadTable(client: MysqlClient, database: string): Promise<void> {
  await client.run(
    `create table if not exists ${tableIn(database)} (
       load_id varchar(64) character set ascii collate ascii_bin not null primary key,
       dag_id varchar(250) not null,
       run_id varchar(250) not null,
       task_id varchar(250) not null,
       map_index int not null,
       task_instance_id varchar(64) not null,
       attempt int not null,
       attempt_id varchar(64) not null,
       target varchar(150) not null,
       disposition varchar(32) not null,
       \`partition\` longtext not null,
       interval_start datetime(6) not null,
       interval_end datetime(6) not null,
       valid_at datetime(6) null,
       content_hash varchar(64) not null,
       rows_in bigint not null,
       rows_out bigint not null,
       rows_deduplicated bigint not null,
       rows_quarantined bigint not null,
       rows_inserted bigint null,
       rows_updated bigint null,
       rows_deleted bigint null,
       rows_unchanged bigint null,
       committed_at datetime(6) not null,
       key (target)
     ) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin`,
  );
}

/** What a load's last commit said of itself. */
export interface PriorLoad {
  readonly validAt: string | null;
}

/** Takes the record for this attempt, inside the load's transaction. Undefined: the load's first commit. Throws FencedCommitError. */
export async function claimLoad(client: MysqlClient, database: string, claim: LoadClaim): Promise<PriorLoad | undefined> {
  const values = {
    dag_id: claim.dagId,
    run_id: claim.runId,
    task_id: claim.taskId,
    map_index: claim.mapIndex,
    task_instance_id: claim.taskInstanceId,
    attempt: claim.attempt,
    attempt_id: claim.attemptId,
    target: claim.target,
    disposition: claim.disposition,
    partition: JSON.stringify(claim.partition),
    interval_start: instantText(claim.intervalStart),
    interval_end: instantText(claim.intervalEnd),
    valid_at: claim.validAt ?? null,
    content_hash: claim.contentHash,
    rows_in: claim.counts.in,
    rows_out: claim.counts.out,
    rows_deduplicated: claim.counts.deduplicated,
    rows_quarantined: claim.counts.quarantined,
  };
  const table = tableIn(database);
  const names = Object.keys(values).map(quote);
  // Locks the row whether it was there or not: what another attempt writes is seen after its commit.
  const { affectedRows } = await client.run(
    `insert into ${table} (load_id, ${names.join(', ')}, committed_at) values (?, ${names.map(() => '?').join(', ')}, utc_timestamp(6))
     on duplicate key update load_id = values(load_id)`,
    [claim.loadId, ...Object.values(values)],
  );
  const [held] = await client.rows(
    `select task_instance_id, attempt, attempt_id, date_format(valid_at, '%Y-%m-%d %H:%i:%s.%f') from ${table} where load_id = ? for update`,
    [claim.loadId],
  );
  const [taskInstanceId, attempt, attemptId, validAt] = held ?? [];
  if (attemptId === claim.attemptId && affectedRows === 1) return undefined;
  if (taskInstanceId === claim.taskInstanceId && Number(attempt) > claim.attempt)
    throw new FencedCommitError(claim.target, claim.attempt, Number(attempt));
  await client.run(
    `update ${table} set ${names.map((name) => (name === '`valid_at`' ? `${name} = coalesce(${name}, ?)` : `${name} = ?`)).join(', ')}, committed_at = utc_timestamp(6) where load_id = ?`,
    [...Object.values(values), claim.loadId],
  );
  return { validAt: validAt ?? null };
}

/** Notes what the load did, inside its transaction. */
export async function recordChanges(client: MysqlClient, database: string, loadId: string, changes: RowChanges): Promise<void> {
  await client.run(
    `update ${tableIn(database)} set rows_inserted = ?, rows_updated = ?, rows_deleted = ?, rows_unchanged = ? where load_id = ?`,
    [changes.inserted, changes.updated, changes.deleted, changes.unchanged, loadId],
  );
}

/** The latest instant of which any other load into the table spoke. */
export async function latestInstant(client: MysqlClient, database: string, target: string, loadId: string): Promise<string | null> {
  const [[instant = null] = []] = await client.rows(
    `select date_format(max(valid_at), '%Y-%m-%d %H:%i:%s.%f') from ${tableIn(database)} where target = ? and load_id <> ? and disposition = 'scd2'`,
    [target, loadId],
  );
  return instant;
}

/** As MySQL writes it, in UTC. */
export function instantText(date: Date): string {
  return `${date.toISOString().replace('T', ' ').replace('Z', '')}000`;
}

function tableIn(database: string): string {
  return `${quote(database)}._headrace_load`;
}
