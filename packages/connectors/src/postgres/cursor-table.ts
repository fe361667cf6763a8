/**
 * `_headrace_cursor`: the cursors of loads into a schema, beside `_headrace_load`.
 *
 * R1. A cursor is moved in the transaction that writes the rows (`moveCursor`), after the load has claimed its record: two loads of one
 *     cursor wait for each other, and the second finds that the cursor has moved.
 * R2. The state is kept as `json`, the text that was written: `jsonb` would write some numbers in another way.
 */
import { type CursorHome, DataError, mayMove, type Reach, type StoredCursor } from '@headrace/dataplane';
import type { CursorMove, CursorState, Place } from '@headrace/sdk';
import type pg from 'pg';
import { withClient } from './connect.ts';
import { createOnce } from './create-once.ts';
import { quote } from './sql-text.ts';

interface CursorRow {
  readonly name: string;
  readonly table_name: string;
  readonly state: string;
  readonly load_id: string | null;
  readonly updated_at: Date;
}

/** Makes the table in its own transaction, once, before the load's begins. Many may try at the same time. */
export async function ensureCursorTable(client: pg.Client, schema: string): Promise<void> {
  if (await isThere(client, schema)) return;
  await createOnce(client, schema, [
    `create schema if not exists ${quote(schema)}`,
    `create table if not exists ${tableIn(schema)} (
       name text primary key,
       table_name text not null,
       state json not null,
       load_id text,
       updated_at timestamptz not null default now()
     )`,
  ]);
}

/**
 * Moves a cursor inside the load's transaction; `ensureCursorTable` was called before it. `table` is the name of the target's table in
 * the schema. Throws CursorMovedError: then the transaction must be rolled back.
 */
export async function moveCursor(client: pg.Client, schema: string, table: string, move: CursorMove, loadId: string): Promise<void> {
  const cursors = tableIn(schema);
  // A lock for a row that is not there yet: of two first loads one waits for the other.
  await client.query(`select pg_advisory_xact_lock(hashtext('headrace cursor'), hashtext($1))`, [`${schema}.${move.name}`]);
  const { rows } = await client.query<CursorRow>(`select state::text as state, load_id from ${cursors} where name = $1 for update`, [
    move.name,
  ]);
  const held = rows[0] && { state: JSON.parse(rows[0].state) as CursorState, loadId: rows[0].load_id ?? undefined };
  if (!mayMove(held, move, loadId, `${schema}._headrace_cursor`)) return;
  await write(client, schema, table, move.name, move.after, loadId);
}

/** The cursors that are kept in a database. */
export const postgresCursors: CursorHome = {
  read: (place, name, work) =>
    reach(place, work, async (client) => {
      const schema = await schemaOf(client, place);
      if (schema === undefined || !(await isThere(client, schema))) return undefined;
      const { rows } = await client.query<CursorRow>(`select state::text as state from ${tableIn(schema)} where name = $1`, [name]);
      return rows[0] && (JSON.parse(rows[0].state) as CursorState);
    }),

  list: (place, work) =>
    reach(place, work, async (client) => {
      const found: StoredCursor[] = [];
      for (const schema of place.settings.name === undefined ? await schemasWithCursors(client) : [await schemaOf(client, place)]) {
        if (schema !== undefined && (await isThere(client, schema))) found.push(...(await cursorsIn(client, schema, tableOf(place))));
      }
      return found;
    }),

  set: (place, name, state, work) =>
    reach(place, work, async (client) => {
      const schema = await schemaOf(client, place);
      if (schema === undefined)
        throw new DataError('HR_SCHEMA_UNKNOWN', 'The connection has no current schema: write the table as schema.table');
      if (state === undefined) {
        if (await isThere(client, schema)) await client.query(`delete from ${tableIn(schema)} where name = $1`, [name]);
        return;
      }
      await ensureCursorTable(client, schema);
      await write(client, schema, tableOf(place) ?? '', name, state);
    }),
};

async function write(client: pg.Client, schema: string, table: string, name: string, state: CursorState, loadId?: string): Promise<void> {
  await client.query(
    `insert into ${tableIn(schema)} as held (name, table_name, state, load_id) values ($1, $2, $3, $4)
     on conflict (name) do update set table_name = excluded.table_name, state = excluded.state, load_id = excluded.load_id, updated_at = now()`,
    [name, table, JSON.stringify(state), loadId ?? null],
  );
}

async function cursorsIn(client: pg.Client, schema: string, table: string | undefined): Promise<readonly StoredCursor[]> {
  const { rows } = await client.query<CursorRow>(
    `select name, table_name, state::text as state, load_id, updated_at from ${tableIn(schema)} where $1::text is null or table_name = $1 order by name`,
    [table ?? null],
  );
  return rows.map((row) => ({
    name: row.name,
    table: `${schema}.${row.table_name}`,
    state: JSON.parse(row.state) as CursorState,
    updatedAt: row.updated_at,
    ...(row.load_id === null ? {} : { loadId: row.load_id }),
  }));
}

async function schemasWithCursors(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ schema: string }>(
    `select n.nspname as schema from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relname = '_headrace_cursor' and c.relkind = 'r' order by 1`,
  );
  return rows.map(({ schema }) => schema);
}

function reach<T>(place: Place, work: Reach, use: (client: pg.Client) => Promise<T>): Promise<T> {
  return withClient(work.connection(place.connection), work.signal, use);
}

/** The schema of the place's table; that which the connection writes to where the table names none. */
async function schemaOf(client: pg.Client, place: Place): Promise<string | undefined> {
  const name = String(place.settings.name ?? '');
  const dot = name.indexOf('.');
  if (dot >= 0) return name.slice(0, dot);
  const { rows } = await client.query<{ schema: string | null }>('select current_schema() as schema');
  return rows[0]?.schema ?? undefined;
}

function tableOf({ settings }: Place): string | undefined {
  if (settings.name === undefined) return undefined;
  const name = String(settings.name);
  return name.slice(name.indexOf('.') + 1);
}

async function isThere(client: pg.Client, schema: string): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>('select to_regclass($1) is not null as there', [tableIn(schema)]);
  return rows[0]?.there === true;
}

function tableIn(schema: string): string {
  return `${quote(schema)}._headrace_cursor`;
}
