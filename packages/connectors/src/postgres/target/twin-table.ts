/**
 * A table that is made and filled aside, inside the load's transaction, and takes the place of the target by its name. One COPY is all
 * that the rows cost; readers wait for the moment of two renames.
 *
 * W1. Nothing of it is seen before the commit, and nothing is left of it when that does not come.
 * W2. Rows are copied frozen: who has an older snapshot and looks after the exchange finds the new rows, not an empty table.
 * W3. Readers are never made to queue for long: the exclusive lock is asked for briefly and again. Where it cannot be had, rows are
 *     deleted and inserted as in a table that cannot be exchanged.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SchemaChange } from '@headrace/dataplane';
import type pg from 'pg';
import { codeOf } from '../connect.ts';
import { quote } from '../sql-text.ts';
import { lockTable } from './replace-rows.ts';
import { copyIndexes, copyTraits, exchangeableTraits, type TableTraits } from './table-traits.ts';
import { changeTable, columnList, lockCreation, type TargetTable } from './target-table.ts';

export interface Twin {
  readonly sql: string;
  readonly mark: string;
  /** Of the table whose place it takes; undefined where there is none yet. */
  readonly traits: TableTraits | undefined;
}

const LOCK_WAIT_MS = 100;
const LOCK_PAUSE_MS = 200;
const LOCK_TRIES = 15;

/**
 * Makes the twin, empty, in the open transaction. Undefined when another load is making one, or when the table must keep its identity:
 * then nothing was done.
 */
export async function createTwin(
  client: pg.Client,
  table: TargetTable,
  attemptId: string,
  change: SchemaChange | undefined,
): Promise<Twin | undefined> {
  // Two twins would each wait for the lock that the other has from copying the table's definition.
  const { rows } = await client.query<{ mine: boolean }>(
    `select pg_try_advisory_xact_lock(hashtext('headrace twin'), hashtext($1)) as mine`,
    [table.label],
  );
  if (!rows[0]?.mine) return undefined;
  const mark = `_headrace_${attemptId.replaceAll('-', '').slice(0, 20)}`;
  const sql = `${quote(table.schema)}.${quote(mark)}`;
  if (!table.exists) {
    await client.query(`create table ${sql} (${columnList(table)})`);
    return { sql, mark, traits: undefined };
  }
  const traits = await exchangeableTraits(client, table);
  if (traits === undefined) return undefined;
  await client.query(`create table ${sql} (like ${table.sql} including all excluding indexes)`);
  if (change) await changeTable(client, sql, change);
  await copyTraits(client, sql, traits);
  return { sql, mark, traits };
}

/** Lets the filled twin take the target's name. Undefined when it could not; then the twin is as it was. Otherwise the number of rows that are gone. */
export async function exchange(client: pg.Client, table: TargetTable, twin: Twin): Promise<number | undefined> {
  if (twin.traits === undefined) {
    await lockCreation(client, table);
    const { rows } = await client.query<{ there: boolean }>('select to_regclass($1) is not null as there', [table.sql]);
    if (rows[0]?.there) return undefined;
    await client.query(`alter table ${twin.sql} rename to ${quote(table.name)}`);
    return 0;
  }
  const renames = await copyIndexes(client, twin.sql, table.schema, twin.traits.indexes, twin.mark);
  await lockTable(client, table);
  // While the definition was copied, nobody could change it, but an index or a view may have been made since.
  if (JSON.stringify(await exchangeableTraits(client, table)) !== JSON.stringify(twin.traits)) return undefined;
  const { rows } = await client.query<{ count: string }>(`select count(*) as count from ${table.sql}`);
  if (!(await lockExclusively(client, table))) return undefined;
  await client.query(`drop table ${table.sql}`);
  await client.query(`alter table ${twin.sql} rename to ${quote(table.name)}`);
  for (const rename of renames) await client.query(rename);
  return Number(rows[0]?.count);
}

/** Removes a twin that was not needed after all. */
export async function dropTwin(client: pg.Client, twin: Twin): Promise<void> {
  await client.query(`drop table ${twin.sql}`);
}

async function lockExclusively(client: pg.Client, table: TargetTable): Promise<boolean> {
  for (let tries = 1; tries <= LOCK_TRIES; tries += 1) {
    await client.query('savepoint before_lock');
    try {
      await client.query(`set local lock_timeout = ${LOCK_WAIT_MS}`);
      await client.query(`lock table ${table.sql} in access exclusive mode`);
      await client.query('set local lock_timeout = 0; release savepoint before_lock');
      return true;
    } catch (error) {
      if (codeOf(error) !== '55P03') throw error;
      await client.query('rollback to savepoint before_lock; release savepoint before_lock');
    }
    if (tries < LOCK_TRIES) await sleep(LOCK_PAUSE_MS);
  }
  return false;
}
