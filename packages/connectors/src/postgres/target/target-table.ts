/** The table that is written to: found in the catalog, or made. */
import { ColumnNotFoundError, DataError, type SchemaChange, VALID_FROM } from '@headrace/dataplane';
import type { Column, Disposition } from '@headrace/sdk';
import type pg from 'pg';
import { columnTypeOfField, postgresType } from '../column-types.ts';
import { quote } from '../sql-text.ts';

export interface TargetTable {
  readonly schema: string;
  readonly name: string;
  /** Quoted, with its schema. */
  readonly sql: string;
  /** For messages. */
  readonly label: string;
  readonly exists: boolean;
  /** Type of each column as PostgreSQL writes it, after the load's change of the schema; for a table that is not there, what it will have. */
  readonly types: ReadonlyMap<string, string>;
}

/** What a load needs of its table. */
export interface NeededColumns {
  /** That are written from the rows. */
  readonly written: readonly Column[];
  /** That the disposition adds. */
  readonly own: readonly Column[];
  readonly change: SchemaChange | undefined;
}

/** Finds the table and checks that it has, or will have, all columns that are written. Throws ColumnNotFoundError, DataError. */
export async function findTable(client: pg.Client, name: string, { written, own, change }: NeededColumns): Promise<TargetTable> {
  const { schema, table } = await resolveName(client, name);
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
    exists
      ? rows.map((row) => [row.name, row.type] as const)
      : [...written, ...own].map((column) => [column.name, postgresType(column.type)] as const),
  );
  const target = { schema, name: table, sql: `${quote(schema)}.${quote(table)}`, label, exists, types };
  if (!exists) return target;
  if (rows.some(({ kind }) => !['r', 'p'].includes(kind)))
    throw new DataError('HR_TARGET_NOT_A_TABLE', `${label} is not a table, so nothing can be loaded into it`);
  for (const column of [...(change?.add ?? []), ...(change?.widen ?? [])]) types.set(column.name, postgresType(column.type));
  for (const column of written) {
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
  for (const { name: column, type } of own) {
    if (types.has(column)) continue;
    throw new ColumnNotFoundError(
      `Table ${label}, in which this disposition keeps its own account (alter table ${target.sql} add column ${column} ${postgresType(type)}),`,
      column,
      [...types.keys()],
    );
  }
  return target;
}

/** Columns of a table that can be written, in their order, with their exact types; undefined when there is no such table. */
export async function columnsOfTable(client: pg.Client, name: string): Promise<readonly Column[] | undefined> {
  const { schema, table } = await resolveName(client, name);
  const sql = `${quote(schema)}.${quote(table)}`;
  const { rows } = await client.query<{ name: string }>(
    'select attname as name from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped and attgenerated = $2',
    [sql, ''],
  );
  if (rows.length === 0) return undefined;
  const { fields } = await client.query(`select ${rows.map((row) => quote(row.name)).join(', ')} from ${sql} limit 0`);
  return fields.map((field) => ({ name: field.name, type: columnTypeOfField(field.dataTypeID, field.dataTypeModifier) }));
}

/** Makes the table, inside the load's transaction, and answers whether it did. Many may try at the same time. Its schema is there. */
export async function createTable(client: pg.Client, table: TargetTable): Promise<boolean> {
  await lockCreation(client, table);
  const { rows } = await client.query<{ there: boolean }>('select to_regclass($1) is not null as there', [table.sql]);
  if (rows[0]?.there) return false;
  await client.query(`create table ${table.sql} (${columnList(table)})`);
  return true;
}

/** Gives a table that was just made what its disposition finds rows by. */
export async function addKeys(client: pg.Client, table: TargetTable, disposition: Disposition): Promise<void> {
  if (typeof disposition === 'string') return;
  if ('scd2' in disposition) {
    const keys = [...disposition.scd2, VALID_FROM].map(quote).join(', ');
    await client.query(`alter table ${table.sql} add primary key (${keys})`);
    return;
  }
  const keys = disposition.merge.map(quote).join(', ');
  await client.query(
    disposition.strategy === 'delete-insert'
      ? `create index on ${table.sql} (${keys})`
      : `alter table ${table.sql} add primary key (${keys})`,
  );
}

/** Who makes a table holds this until its commit. */
export async function lockCreation(client: pg.Client, table: TargetTable): Promise<void> {
  await client.query(`select pg_advisory_xact_lock(hashtext('headrace'), hashtext($1))`, [table.label]);
}

/** Columns and types of a table that is to be made. */
export function columnList({ types }: TargetTable): string {
  return [...types].map(([name, type]) => `${quote(name)} ${type}`).join(', ');
}

/** Adds and widens columns, inside the load's transaction. Readers wait from here until the commit. */
export async function changeTable(client: pg.Client, sql: string, { add, widen }: SchemaChange): Promise<void> {
  const changes = [
    ...add.map(({ name, type }) => `add column if not exists ${quote(name)} ${postgresType(type)}`),
    ...widen.map(({ name, type }) => `alter column ${quote(name)} type ${postgresType(type)}`),
  ];
  if (changes.length > 0) await client.query(`alter table ${sql} ${changes.join(', ')}`);
}

/** Schema and name of a table as a user writes it. */
export async function resolveName(client: pg.Client, name: string): Promise<{ readonly schema: string; readonly table: string }> {
  const dot = name.indexOf('.');
  return dot < 0 ? { schema: await currentSchema(client), table: name } : { schema: name.slice(0, dot), table: name.slice(dot + 1) };
}

async function currentSchema(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ schema: string | null }>('select current_schema() as schema');
  const schema = rows[0]?.schema;
  if (schema) return schema;
  throw new DataError('HR_SCHEMA_UNKNOWN', 'The connection has no current schema: write the table as schema.table');
}
