/**
 * `_headrace_cursor`: the cursors of loads into a database, beside `_headrace_load`.
 *
 * R1. A cursor is moved in the transaction that writes the rows (`moveCursor`), after the load has claimed its record: two loads of one
 *     cursor wait for each other, and the second finds that the cursor has moved.
 */
import { type CursorHome, mayMove, type Reach, type StoredCursor } from '@headrace/dataplane';
import type { CursorMove, CursorState, Place } from '@headrace/sdk';
import { type MysqlClient, withClient } from './connect.ts';
import { quote } from './sql-text.ts';
import { ensureDatabase, resolveName, type TableName } from './target-table.ts';

/** Makes the table, once; its own commit. Many may try at the same time. */
export async function ensureCursorTable(client: MysqlClient, database: string): Promise<void> {
  await ensureDatabase(client, database);
  await client.run(
    `create table if not exists ${tableIn(database)} (
       name varchar(500) not null primary key,
       table_name varchar(64) not null,
       state longtext not null,
       load_id varchar(64) null,
       updated_at datetime(6) not null
     ) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin`,
  );
}

/**
 * Moves a cursor inside the load's transaction; `ensureCursorTable` was called before it. Throws CursorMovedError: then the transaction must
 * be rolled back.
 */
export async function moveCursor(client: MysqlClient, table: TableName, move: CursorMove, loadId: string): Promise<void> {
  const cursors = tableIn(table.database);
  // A row of its own is locked even where there was none: of two first loads one waits for the other.
  const { affectedRows } = await client.run(
    `insert into ${cursors} (name, table_name, state, load_id, updated_at) values (?, ?, '{}', null, utc_timestamp(6)) on duplicate key update name = values(name)`,
    [move.name, table.name],
  );
  const [row] = await client.rows(`select state, load_id from ${cursors} where name = ? for update`, [move.name]);
  const [state = '{}', holder = null] = row ?? [];
  const held = affectedRows === 1 ? undefined : { state: JSON.parse(state ?? '{}') as CursorState, loadId: holder ?? undefined };
  if (!mayMove(held, move, loadId, `${table.database}._headrace_cursor`)) return;
  await write(client, table, move.name, move.after, loadId);
}

/** The cursors that are kept in a database. */
export const mysqlCursors: CursorHome = {
  read: (place, name, work) =>
    reach(place, work, async (client) => {
      const { database } = await nameOf(client, place);
      if (!(await isThere(client, database))) return undefined;
      const [row] = await client.rows(`select state from ${tableIn(database)} where name = ?`, [name]);
      return row && (JSON.parse(row[0] ?? '{}') as CursorState);
    }),

  list: (place, work) =>
    reach(place, work, async (client) => {
      const found: StoredCursor[] = [];
      const databases = place.settings.name === undefined ? await databasesWithCursors(client) : [(await nameOf(client, place)).database];
      const table = place.settings.name === undefined ? undefined : (await nameOf(client, place)).name;
      for (const database of databases) if (await isThere(client, database)) found.push(...(await cursorsIn(client, database, table)));
      return found;
    }),

  set: (place, name, state, work) =>
    reach(place, work, async (client) => {
      const table = await nameOf(client, place);
      if (state === undefined) {
        if (await isThere(client, table.database)) await client.run(`delete from ${tableIn(table.database)} where name = ?`, [name]);
        return;
      }
      await ensureCursorTable(client, table.database);
      await write(client, table, name, state);
    }),
};

async function write(client: MysqlClient, table: TableName, name: string, state: CursorState, loadId?: string): Promise<void> {
  await client.run(
    `insert into ${tableIn(table.database)} (name, table_name, state, load_id, updated_at) values (?, ?, ?, ?, utc_timestamp(6))
     on duplicate key update table_name = values(table_name), state = values(state), load_id = values(load_id), updated_at = values(updated_at)`,
    [name, table.name, JSON.stringify(state), loadId ?? null],
  );
}

async function cursorsIn(client: MysqlClient, database: string, table: string | undefined): Promise<readonly StoredCursor[]> {
  const rows = await client.rows(
    `select name, table_name, state, load_id, date_format(updated_at, '%Y-%m-%dT%H:%i:%s.%fZ') from ${tableIn(database)}
      where ? is null or table_name = ? order by name`,
    [table ?? null, table ?? null],
  );
  return rows.map(([name, held, state, loadId, updatedAt]) => ({
    name: name ?? '',
    table: `${database}.${held}`,
    state: JSON.parse(state ?? '{}') as CursorState,
    updatedAt: new Date(updatedAt ?? ''),
    ...(loadId === null || loadId === undefined ? {} : { loadId }),
  }));
}

async function databasesWithCursors(client: MysqlClient): Promise<readonly string[]> {
  const rows = await client.rows(`select table_schema from information_schema.tables where table_name = '_headrace_cursor' order by 1`);
  return rows.map(([database]) => database ?? '');
}

async function isThere(client: MysqlClient, database: string): Promise<boolean> {
  const rows = await client.rows(`select 1 from information_schema.tables where table_schema = ? and table_name = '_headrace_cursor'`, [
    database,
  ]);
  return rows.length > 0;
}

function reach<T>(place: Place, work: Reach, use: (client: MysqlClient) => Promise<T>): Promise<T> {
  return withClient(work.connection(place.connection), work.signal, use);
}

function nameOf(client: MysqlClient, place: Place): Promise<TableName> {
  return resolveName(client, String(place.settings.name ?? ''));
}

function tableIn(database: string): string {
  return `${quote(database)}._headrace_cursor`;
}
