/** The table that is written to: found in the catalog, or made. */
import { ColumnNotFoundError, DataError } from '@headrace/dataplane';
import type { Column } from '@headrace/sdk';
import type pg from 'pg';
import { postgresType } from './column-types.ts';
import { quote } from './sql-text.ts';

export interface TargetTable {
  readonly schema: string;
  readonly name: string;
  /** Quoted, with its schema. */
  readonly sql: string;
  /** For messages. */
  readonly label: string;
  readonly exists: boolean;
  /** Type of each column as PostgreSQL writes it; for a table that is not there, what it will have. */
  readonly types: ReadonlyMap<string, string>;
}

/** The column by which an append finds its own rows again. */
export const LOAD_COLUMN = '_headrace_load_id';

/** Finds the table and checks that it has all columns of the rows. Throws ColumnNotFoundError, DataError. */
export async function findTable(client: pg.Client, name: string, columns: readonly Column[], append: boolean): Promise<TargetTable> {
  const dot = name.indexOf('.');
  const schema = dot < 0 ? await currentSchema(client) : name.slice(0, dot);
  const table = dot < 0 ? name : name.slice(dot + 1);
  const { rows } = await client.query<{ name: string; type: string; generated: string; kind: string }>(
    `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attgenerated as generated, c.relkind as kind
       from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
      where n.nspname = $1 and c.relname = $2 and a.attnum > 0 and not a.attisdropped
      order by a.attnum`,
    [schema, table],
  );
  const label = `${schema}.${table}`;
  const exists = rows.length > 0;
  const types = new Map(
    exists ? rows.map((row) => [row.name, row.type] as const) : columns.map((column) => [column.name, postgresType(column.type)] as const),
  );
  const target = { schema, name: table, sql: `${quote(schema)}.${quote(table)}`, label, exists, types };
  if (!exists) {
    if (append) types.set(LOAD_COLUMN, 'text');
    return target;
  }
  if (rows.some(({ kind }) => !['r', 'p'].includes(kind)))
    throw new DataError('HR_TARGET_NOT_A_TABLE', `${label} is not a table, so nothing can be loaded into it`);
  for (const column of columns) {
    if (!types.has(column.name)) {
      throw new ColumnNotFoundError(
        `Table ${label} (to add it: alter table ${target.sql} add column ${quote(column.name)} ${postgresType(column.type)})`,
        column.name,
        [...types.keys()],
      );
    }
    if (rows.some((row) => row.name === column.name && row.generated !== ''))
      throw new DataError(
        'HR_COLUMN_GENERATED',
        `Column "${column.name}" of ${label} is generated and cannot be written: leave it out of the rows`,
      );
  }
  if (append && !types.has(LOAD_COLUMN)) {
    throw new ColumnNotFoundError(
      `Table ${label}, which "append" needs so that a re-run replaces its own rows (alter table ${target.sql} add column ${LOAD_COLUMN} text),`,
      LOAD_COLUMN,
      [...types.keys()],
    );
  }
  return target;
}

/** Makes the table, inside the load's transaction. Keys become its primary key. Many may try at the same time. */
export async function createTable(client: pg.Client, table: TargetTable, keys: readonly string[]): Promise<void> {
  await client.query(`select pg_advisory_xact_lock(hashtext('headrace'), hashtext($1))`, [table.label]);
  await client.query(`create schema if not exists ${quote(table.schema)}`);
  const columns = [...table.types].map(([name, type]) => `${quote(name)} ${type}`);
  if (keys.length > 0) columns.push(`primary key (${keys.map(quote).join(', ')})`);
  await client.query(`create table if not exists ${table.sql} (${columns.join(', ')})`);
}

async function currentSchema(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ schema: string | null }>('select current_schema() as schema');
  const schema = rows[0]?.schema;
  if (schema) return schema;
  throw new DataError('HR_SCHEMA_UNKNOWN', 'The connection has no current schema: write the table as schema.table');
}
