/**
 * All rows of Headrace's own tables, as JSON: what `headrace db export` writes.
 *
 * E1. One snapshot: a repeatable-read transaction that changes nothing. Rows come in portions, whatever their number.
 * E2. Ciphers and hashes of secrets are left out unless they are asked for.
 */
import pg from 'pg';
import { connectionConfig } from '../database.ts';

export interface ExportOptions {
  /** Default: all. */
  readonly tables?: readonly string[];
  readonly withSecrets: boolean;
}

export interface ExportedRows {
  readonly table: string;
  /** One JSON object each. */
  readonly rows: readonly string[];
}

const PORTION = 1_000;
/** Columns whose values nobody needs who has no key, and tables that only guard a login. */
const SECRET_COLUMNS = ['secret', 'key_id', 'password_hash', 'token_hash', 'secret_hash', 'hash', 'cipher'];

/** Tables in the order of their names; each table comes at least once. Throws UnknownTableError. */
export async function* exportTables(url: string, { tables, withSecrets }: ExportOptions): AsyncGenerator<ExportedRows> {
  const client = new pg.Client({ ...connectionConfig(url), application_name: 'headrace export' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('begin isolation level repeatable read read only');
    await client.query("set local search_path = headrace, pg_catalog; set local timezone = 'UTC'; set local statement_timeout = 0");
    const { rows: known } = await client.query<{ table: string; hidden: string[] }>(
      `select c.relname as table,
         array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
               and a.attname = any($1)) as hidden
       from pg_class c where c.relnamespace = 'headrace'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       order by 1`,
      [SECRET_COLUMNS],
    );
    const unknown = tables?.filter((name) => !known.some(({ table }) => table === name)) ?? [];
    if (unknown.length > 0)
      throw new UnknownTableError(
        unknown,
        known.map(({ table }) => table),
      );
    for (const { table, hidden } of known) {
      if (tables !== undefined && !tables.includes(table)) continue;
      yield* rowsOf(client, table, withSecrets ? [] : hidden);
    }
    await client.query('commit');
  } finally {
    await client.end();
  }
}

async function* rowsOf(client: pg.Client, table: string, hidden: readonly string[]): AsyncGenerator<ExportedRows> {
  yield { table, rows: [] };
  await client.query(
    `declare exported no scroll cursor for select (to_jsonb(t) - ${client.escapeLiteral(`{${hidden.join(',')}}`)}::text[])::text as row from ${client.escapeIdentifier(table)} t`,
  );
  for (;;) {
    const { rows } = await client.query<{ row: string }>(`fetch ${PORTION} from exported`);
    if (rows.length === 0) break;
    yield { table, rows: rows.map(({ row }) => row) };
  }
  await client.query('close exported');
}

export class UnknownTableError extends Error {
  readonly code = 'HR_UNKNOWN_TABLE';
  constructor(unknown: readonly string[], known: readonly string[]) {
    super(`There is no table ${unknown.join(', ')}; there are ${known.join(', ')}`);
    this.name = 'UnknownTableError';
  }
}
