/** What a source asks its server: a table, a view or a query, with the run's values, and the columns of the answer. */
import { ColumnNotFoundError, DataError, nearest, SqlError, type SqlValue } from '@headrace/dataplane';
import type { Column, Source } from '@headrace/sdk';
import type pg from 'pg';
import { columnTypeOfField } from './column-types.ts';
import { codeOf } from './connect.ts';
import { bindValues, quoteName } from './sql-text.ts';

interface ReadSettings {
  readonly name?: string;
  readonly sql?: string;
  readonly where?: string;
  readonly values: Readonly<Record<string, SqlValue>>;
  readonly parallel?: ParallelRead;
}

/** Over how many connections a table is read, and the column that divides it; without one, its pages do. */
export interface ParallelRead {
  readonly connections: number;
  readonly by?: string;
}

export interface Select {
  /** Of the table; absent for a query. */
  readonly name?: string;
  /** Of a table: whether a condition chooses its rows. */
  readonly conditional: boolean;
  readonly parallel?: ParallelRead;
  /** Of a table: the rows that a further condition chooses. */
  readonly slice?: (condition: string) => string;
  /** For messages. */
  readonly where: string;
  readonly sql: string;
  /** What `sql` refers to, as settings of the session (`applySettings`). */
  readonly values: ReadonlyMap<string, string>;
}

export function selectOf(source: Source): Select {
  const { name, sql = '', where: condition, values, parallel } = source.settings as unknown as ReadSettings;
  if (name === undefined) {
    const where = `The query on connection "${source.connection}"`;
    const bound = bindValues(sql.trim().replace(/;+$/, ''), values, where);
    return { where, sql: bound.sql, values: bound.settings, conditional: true };
  }
  const where = `Table "${name}" of connection "${source.connection}"`;
  const bound = bindValues((condition ?? '').trim().replace(/;+$/, ''), values, where);
  const rowsWhere = (conditions: readonly string[]): string =>
    `select * from ${quoteName(name)}${conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`}`;
  const own = condition === undefined ? [] : [`(${bound.sql}\n)`];
  return {
    name,
    where,
    sql: rowsWhere(own),
    values: bound.settings,
    conditional: condition !== undefined,
    slice: (further) => rowsWhere([further, ...own]),
    ...(parallel === undefined ? {} : { parallel }),
  };
}

/** The columns of the query as the server describes them, without reading a row. */
export async function describe(client: pg.Client, sql: string, table: string | undefined, where: string): Promise<readonly Column[]> {
  try {
    const { fields } = await client.query(`select * from (${sql}\n) headrace_source limit 0`);
    return fields.map((field) => ({ name: field.name, type: columnTypeOfField(field.dataTypeID, field.dataTypeModifier) }));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (table !== undefined && (codeOf(error) === '42P01' || codeOf(error) === '3F000')) {
      throw new DataError('HR_TABLE_NOT_FOUND', `${where} does not exist${nearest(table, await tablesOf(client))}`);
    }
    if (codeOf(error)?.startsWith('42')) throw new SqlError(`${where}: ${message}`, { cause: error });
    throw error;
  }
}

/** Tables and views that a user might have meant, as they would be written. */
async function tablesOf(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select case when pg_table_is_visible(c.oid) then c.relname else n.nspname || '.' || c.relname end as name
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_toast'
      limit 5000`,
  );
  return rows.map(({ name }) => name);
}

/** The declared columns, or all. Throws SqlError for a name that two columns have, ColumnNotFoundError. */
export function chosenColumns(present: readonly Column[], { columns: declared }: Source, where: string): readonly Column[] {
  const names = present.map(({ name }) => name);
  const doubled = names.find((name, index) => names.indexOf(name) !== index);
  if (doubled !== undefined) throw new SqlError(`${where} gives two columns "${doubled}". Name one of them otherwise with "as"`);
  if (!declared) return present;
  for (const name of Object.keys(declared)) if (!names.includes(name)) throw new ColumnNotFoundError(where, name, names);
  return Object.entries(declared).map(([name, type]) => ({ name, type }));
}
