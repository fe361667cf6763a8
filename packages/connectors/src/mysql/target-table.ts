/** The table that is written to: found in the catalog, or to be made. */
import { ColumnNotFoundError, DataError, type SchemaChange } from '@headrace/dataplane';
import { type Column, type ColumnType, decimalSize } from '@headrace/sdk';
import { mysqlType } from './column-types.ts';
import type { MysqlClient } from './connect.ts';
import { quote } from './sql-text.ts';

export interface TargetColumn {
  readonly name: string;
  /** With its size and character set, as a definition needs it. */
  readonly definition: string;
  /** `varchar`, `decimal` … */
  readonly kind: string;
  /** Digits of a second that it keeps, for times. */
  readonly digits: number;
}

export interface TargetTable {
  readonly database: string;
  readonly name: string;
  /** Quoted, with its database. */
  readonly sql: string;
  /** For messages. */
  readonly label: string;
  readonly exists: boolean;
  /** By name; for a table that is not there, what it will have. */
  readonly columns: ReadonlyMap<string, TargetColumn>;
}

/** What MySQL keeps of a name: an empty database is the connection's own. */
export interface TableName {
  readonly database: string;
  readonly name: string;
}

/** The database and the name of a table. Throws DataError where the connection has no database. */
export async function resolveName(client: MysqlClient, name: string): Promise<TableName> {
  const dot = name.indexOf('.');
  if (dot >= 0) return { database: name.slice(0, dot), name: name.slice(dot + 1) };
  const [[database = null] = []] = await client.rows('select database()');
  if (database !== null) return { database, name };
  throw new DataError('HR_SCHEMA_UNKNOWN', 'The connection names no database: write the table as database.table');
}

/** Makes the database where it is not there: who may not make one needs no right to. Its own commit. */
export async function ensureDatabase(client: MysqlClient, database: string): Promise<void> {
  const found = await client.rows('select 1 from information_schema.schemata where schema_name = ?', [database]);
  if (found.length === 0) await client.run(`create database if not exists ${quote(database)} character set utf8mb4`);
}

/** Finds the table. Throws DataError for a view. */
export async function findTable(client: MysqlClient, target: string): Promise<TargetTable> {
  const { database, name } = await resolveName(client, target);
  // Each view of the catalog with both names as constants: else the server opens every table that it has.
  const [[tableType = ''] = []] = await client.rows(
    'select table_type from information_schema.tables where table_schema = ? and table_name = ?',
    [database, name],
  );
  const rows = await client.rows(
    `select column_name, column_type, data_type, character_set_name, collation_name, datetime_precision, extra
       from information_schema.columns where table_schema = ? and table_name = ? order by ordinal_position`,
    [database, name],
  );
  const label = `${database}.${name}`;
  if (rows.length > 0 && tableType !== 'BASE TABLE')
    throw new DataError('HR_TARGET_NOT_A_TABLE', `${label} is not a table, so nothing can be loaded into it`);
  const columns = new Map<string, TargetColumn>();
  for (const [column, type, kind, charset, collation, digits, extra] of rows) {
    if (/generated/i.test(extra ?? '') && !/default_generated/i.test(extra ?? '')) continue;
    const text = charset === null || charset === undefined ? '' : ` character set ${charset} collate ${collation}`;
    columns.set(column ?? '', {
      name: column ?? '',
      definition: `${type}${text}`,
      kind: (kind ?? '').toLowerCase(),
      digits: Number(digits ?? 6),
    });
  }
  return { database, name, sql: `${quote(database)}.${quote(name)}`, label, exists: rows.length > 0, columns };
}

/** A new column: its definition without a comment, and with it. */
function newColumn({ name, type }: Column, key: boolean, client: MysqlClient): TargetColumn {
  const definition = mysqlType(type, key).replace(/ comment .*/, '');
  return { name, definition: withCollation(definition, client), kind: definition.replace(/[ (].*/, ''), digits: 6 };
}

/** Texts are compared byte by byte, blanks at their end and all, as everywhere in the data plane. */
function withCollation(definition: string, client: MysqlClient): string {
  if (!/^(varchar|longtext|char)/.test(definition)) return definition;
  const exact = client.isMariadb ? 'utf8mb4_nopad_bin' : client.version >= 800_017 ? 'utf8mb4_0900_bin' : 'utf8mb4_bin';
  return `${definition} character set utf8mb4 collate ${exact}`;
}

/** What a new column's definition says beyond its type. */
function commentOf(type: ColumnType): string {
  return / comment .*/.exec(mysqlType(type))?.[0] ?? '';
}

/** The table as it will be when it is not there: columns, keys as primary key. */
export function plannedTable(table: TargetTable, columns: readonly Column[], keys: readonly string[], client: MysqlClient): TargetTable {
  return { ...table, columns: new Map(columns.map((column) => [column.name, newColumn(column, keys.includes(column.name), client)])) };
}

export interface TableIndexes {
  readonly primary: readonly string[];
  readonly search: readonly string[];
}

/** Makes the table: its own commit, as every change of a table is in MySQL. Many may try at the same time. */
export async function createTable(
  client: MysqlClient,
  table: TargetTable,
  columns: readonly Column[],
  indexes: TableIndexes & { readonly temporary?: boolean },
): Promise<void> {
  const definitions = columns.map(({ name, type }) => {
    const required = indexes.primary.includes(name) ? ' not null' : ' null';
    return `${quote(name)} ${table.columns.get(name)?.definition ?? mysqlType(type)}${required}${commentOf(type)}`;
  });
  if (indexes.primary.length > 0) definitions.push(`primary key (${indexes.primary.map(quote).join(', ')})`);
  if (indexes.search.length > 0) definitions.push(`key (${indexes.search.map((name) => indexedName(name, table)).join(', ')})`);
  const kind = indexes.temporary ? 'temporary table' : 'table if not exists';
  await client.run(`create ${kind} ${table.sql} (${definitions.join(', ')}) engine = InnoDB default character set utf8mb4`);
}

/** A column in an index, of long ones only the beginning. */
export function indexedName(name: string, table: TargetTable): string {
  const { kind = '', definition = '' } = table.columns.get(name) ?? {};
  const size = Number(/\((\d+)\)/.exec(definition)?.[1] ?? 0);
  const long = /text|blob|json/.test(kind) || (/char|binary/.test(kind) && size > 191);
  return long ? `${quote(name)}(191)` : quote(name);
}

/** The table with the columns that a change adds or widens. */
export function changedTable(table: TargetTable, { add, widen }: SchemaChange, client: MysqlClient): TargetTable {
  const changed = [...add.filter(({ name }) => !table.columns.has(name)), ...widen];
  return withColumns(table, changed, client);
}

/** The table with further columns, or others of the same names. */
export function withColumns(table: TargetTable, columns: readonly Column[], client: MysqlClient): TargetTable {
  return {
    ...table,
    columns: new Map([...table.columns, ...columns.map((column) => [column.name, newColumn(column, false, client)] as const)]),
  };
}

/** Adds and widens columns, those that are not so yet. Its own commit. */
export async function changeTable(client: MysqlClient, table: TargetTable, { add, widen }: SchemaChange): Promise<void> {
  const missing = add.filter(({ name }) => !table.columns.has(name));
  const narrow = widen.filter((column) => !isAsWide(table.columns.get(column.name), column));
  const changes = [
    ...missing.map(
      (column) => `add column ${quote(column.name)} ${newColumn(column, false, client).definition} null${commentOf(column.type)}`,
    ),
    ...narrow.map(
      (column) => `modify column ${quote(column.name)} ${newColumn(column, false, client).definition} null${commentOf(column.type)}`,
    ),
  ];
  if (changes.length > 0) await client.run(`alter table ${table.sql} ${changes.join(', ')}`);
}

function isAsWide(held: TargetColumn | undefined, { type }: Column): boolean {
  const size = decimalSize(type);
  const wanted = size ? `decimal(${size.precision},${size.scale})` : mysqlType(type).replace(/ comment .*/, '');
  return held?.definition.replace(/ character set .*/, '').replace(/^(\w*int)\(\d+\)$/, '$1') === wanted;
}

/** Throws ColumnNotFoundError where the table lacks a column of the rows. */
export function assertColumnsOf(table: TargetTable, columns: readonly Column[], why: string): void {
  for (const column of columns) {
    if (table.columns.has(column.name)) continue;
    throw new ColumnNotFoundError(
      `Table ${table.label}${why} (to add it: alter table ${table.sql} add column ${quote(column.name)} ${mysqlType(column.type)})`,
      column.name,
      [...table.columns.keys()],
    );
  }
}
