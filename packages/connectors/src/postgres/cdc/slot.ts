/**
 * The replication slot: where the server keeps its log for us.
 *
 * S1. Changes are only looked at (`peek`). The slot moves to a place when a load has committed what lies before it, and the next read tells
 *     so: a load that fails finds everything again.
 * S2. A slot without a position that a load has committed belongs to a first read that failed. Its name begins with `headrace_`, so it is
 *     nobody else's, and it is dropped.
 */
import { createHash } from 'node:crypto';
import { DataError, type Work } from '@headrace/dataplane';
import type { Source } from '@headrace/sdk';
import type pg from 'pg';
import { codeOf } from '../connect.ts';
import type { ChangesSettings } from './changes-place.ts';
import { parseLsn } from './lsn.ts';

/** What a source is to its server. */
export interface ChangesTask {
  readonly settings: ChangesSettings;
  readonly slot: string;
  /** For messages. */
  readonly where: string;
  /** For messages: how the user begins anew. */
  readonly anew: string;
}

/** What a load keeps with its rows: everything that committed before the place is loaded. */
export interface LogPosition {
  readonly slot: string;
  /** The table's oid: one that was made anew has another. */
  readonly table: number;
  readonly lsn: string;
}

interface Slot {
  readonly plugin: string;
  readonly here: boolean;
  readonly active: number | null;
  readonly status: string | null;
  /** Why the server gave it up. Since PostgreSQL 17. */
  readonly reason: string | null;
  readonly confirmed: string | null;
  /** Bytes of the log that the server keeps for it. */
  readonly kept: string | null;
}

export function changesTask(source: Source, { context }: Pick<Work, 'context'>): ChangesTask {
  const settings = source.settings as unknown as ChangesSettings;
  const { dagId, taskId, mapIndex } = context;
  const task = `${dagId}.${taskId}${mapIndex < 0 ? '' : `[${mapIndex}]`}`;
  const short = task
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .slice(0, 40);
  const hash = createHash('sha256')
    .update(JSON.stringify([task, source.connection, settings.name]))
    .digest('hex')
    .slice(0, 10);
  return {
    settings,
    slot: `headrace_${settings.slot ?? `${short}_${hash}`}`,
    where: `The changes of table "${settings.name}" of connection "${source.connection}"`,
    anew: `Begin anew: empty the table that is loaded, forget the position (headrace cursors reset ${task} --connection <the connection of that table>), and run the task`,
  };
}

/** Where the server's log ends for sure: whatever committed before, and is seen by others, lies before it. */
export async function endOfLog(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ lsn: string }>(
    'select (case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_flush_lsn() end)::text as lsn',
  );
  return rows[0]?.lsn ?? '0/0';
}

/** Throws DataError for a server whose log has no changes of rows. */
export async function assertLogical(client: pg.Client, { where }: ChangesTask): Promise<void> {
  const { rows } = await client.query<{ level: string }>(`select current_setting('wal_level') as level`);
  if (rows[0]?.level === 'logical') return;
  throw new DataError(
    'HR_CDC_WAL_LEVEL',
    `${where} are not in the server's log, because its wal_level is "${rows[0]?.level}": alter system set wal_level = 'logical', and restart the server`,
  );
}

async function findSlot(client: pg.Client, name: string): Promise<Slot | undefined> {
  const { rows } = await client.query<Slot>(
    `select plugin, coalesce(database = current_database(), false) as here, active_pid as active, wal_status as status, to_jsonb(s) ->> 'invalidation_reason' as reason, confirmed_flush_lsn::text as confirmed,
            pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_flush_lsn() end, restart_lsn)::int8::text as kept
       from pg_replication_slots s where slot_name = $1`,
    [name],
  );
  return rows[0];
}

/** Removes what a first read left that never committed. */
export async function dropLeftSlot(client: pg.Client, task: ChangesTask, work: Work): Promise<void> {
  const slot = await findSlot(client, task.slot);
  if (slot === undefined) return;
  assertOurs(slot, task);
  work.log.info(`dropped slot "${task.slot}" of a first read that was not committed, to begin anew`);
  await guarded(task, () => client.query('select pg_drop_replication_slot($1)', [task.slot]));
}

function assertOurs(slot: Slot, task: ChangesTask): void {
  if (!slot.here || slot.plugin !== 'pgoutput')
    throw new DataError(
      'HR_CDC_SLOT_TAKEN',
      `${task.where}: slot "${task.slot}" is there, but of another database or for another reader. Choose another name with "slot"`,
    );
  if (slot.active !== null) throw busy(task, slot.active);
}

/** Moves the slot to what the load has committed, and tells how much the server keeps. Throws DataError for a slot that has lost something. */
export async function takeUpSlot(client: pg.Client, task: ChangesTask, position: LogPosition, end: string, work: Work): Promise<void> {
  const slot = await findSlot(client, task.slot);
  if (slot === undefined)
    throw lost(task, 'is not there any more: it was dropped, or the server was restored from a copy or failed over to one that had none');
  assertOurs(slot, task);
  if (slot.status === 'lost' || slot.confirmed === null)
    throw lost(
      task,
      `was given up by the server (${slot.reason ?? 'lost'}): it keeps no more of its log than max_slot_wal_keep_size, and since PostgreSQL 18 not longer than idle_replication_slot_timeout`,
    );
  if (parseLsn(slot.confirmed) > parseLsn(position.lsn))
    throw new DataError(
      'HR_CDC_POSITION',
      `${task.where}: the load has committed all up to ${position.lsn}, but slot "${task.slot}" begins at ${slot.confirmed}, and what lies between is gone: somebody else reads from the slot, or an old copy of the loaded table was restored. ${task.anew}`,
    );
  if (parseLsn(position.lsn) > parseLsn(end))
    throw new DataError(
      'HR_CDC_POSITION',
      `${task.where}: the load has committed all up to ${position.lsn}, but the server's log ends at ${end}: the server is not the one that was read, or was restored from an older copy. ${task.anew}`,
    );
  tellLag(task, slot, position, end, work);
  if (parseLsn(slot.confirmed) === parseLsn(position.lsn)) return;
  await guarded(task, () => client.query('select pg_replication_slot_advance($1, $2::pg_lsn)', [task.slot, position.lsn]));
}

function tellLag({ slot: name, settings, where }: ChangesTask, slot: Slot, position: LogPosition, end: string, work: Work): void {
  const kept = Number(slot.kept ?? 0);
  const behind = Number(parseLsn(end) - parseLsn(position.lsn));
  const fields = { slot: name, lag_bytes: behind, kept_bytes: kept };
  work.log.info(`slot "${name}": ${behind} bytes of log to read, ${kept} kept by the server`, fields);
  if (kept > settings.warnLag)
    work.log.warn(
      `${where}: the server keeps ${kept} bytes of its log for slot "${name}", more than ${settings.warnLag}: run this load more often, or drop the slot when nobody needs it (select pg_drop_replication_slot('${name}'))`,
      fields,
    );
}

function busy({ slot, where }: ChangesTask, process?: number, cause?: unknown): DataError {
  return new DataError(
    'HR_CDC_SLOT_BUSY',
    `${where}: slot "${slot}" is being read by another run${process === undefined ? '' : ` (process ${process} of the server)`}. Let the runs of the DAG follow each other, and give every task a slot of its own`,
    { retryable: true, ...(cause === undefined ? {} : { cause }) },
  );
}

function lost({ slot, where, anew }: ChangesTask, why: string, cause?: unknown): DataError {
  return new DataError(
    'HR_CDC_SLOT_LOST',
    `${where}: slot "${slot}" ${why}, so changes are missing. ${anew}`,
    cause === undefined ? {} : { cause },
  );
}

/** Runs what the server does with a slot, with errors that say what to do. */
export async function guarded<T>(task: ChangesTask, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    throw explained(task, error);
  }
}

function explained(task: ChangesTask, error: unknown): unknown {
  const message = error instanceof Error ? error.message : String(error);
  switch (codeOf(error)) {
    case '55006':
    // Two first reads make it in the same moment.
    case '42710':
      return busy(task, undefined, error);
    case '42501':
      return new DataError(
        'HR_CDC_PRIVILEGE',
        `${task.where}: the user of the connection may not read the log: alter role <user> replication (with managed services a role they give, for example grant rds_replication to <user>)`,
        { cause: error },
      );
    case '53400':
      return new DataError(
        'HR_CDC_NO_SLOT_FREE',
        `${task.where}: ${message}. Drop a slot that nobody needs (select slot_name, active from pg_replication_slots), or raise max_replication_slots and max_wal_senders`,
        { cause: error },
      );
    case '42704':
      if (!message.includes('publication')) return lost(task, 'is not there any more', error);
      return new DataError(
        'HR_CDC_PUBLICATION',
        `${task.where}: ${message} when what is to be read was written: it was made or renamed later. ${task.anew}`,
        { cause: error },
      );
    case '55000':
    case '58P01':
      return lost(task, `cannot be read (${message})`, error);
    default:
      return error;
  }
}
