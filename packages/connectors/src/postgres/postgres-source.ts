/**
 * Reads a table, a view or a query: `COPY … TO STDOUT` as CSV, through a pipe, into DuckDB. The columns' types come from the
 * server; no row becomes a JavaScript object.
 */
import {
  ColumnNotFoundError,
  DataError,
  feedPipe,
  firstLines,
  ident,
  literal,
  MISMATCH_MARK,
  makePipe,
  nearest,
  parseExpression,
  type Relation,
  type SourceConnector,
  SqlError,
  type SqlValue,
  storageType,
  TypeMismatchError,
} from '@headrace/dataplane';
import type { Column, Source } from '@headrace/sdk';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { columnTypeOfField } from './column-types.ts';
import { applySettings, codeOf, withClient } from './connect.ts';
import { rangeCondition } from './range-condition.ts';
import { bindValues, quote, quoteName } from './sql-text.ts';

interface ReadSettings {
  readonly name?: string;
  readonly sql?: string;
  readonly where?: string;
  readonly values: Readonly<Record<string, SqlValue>>;
}

export const postgresSource: SourceConnector = {
  async open(source, work, { range } = {}) {
    const settings = source.settings as unknown as ReadSettings;
    const where =
      settings.name === undefined
        ? `The query on connection "${source.connection}"`
        : `Table "${settings.name}" of connection "${source.connection}"`;
    const text =
      settings.name === undefined
        ? (settings.sql ?? '')
        : `select * from ${quoteName(settings.name)}${settings.where === undefined ? '' : ` where ${settings.where}`}`;
    const { sql, settings: values } = bindValues(text.trim().replace(/;+$/, ''), settings.values, where);
    const connection = work.connection(source.connection);
    const present = await withClient(connection, work.signal, async (client) => {
      await applySettings(client, values);
      return describe(client, sql, settings.name, where);
    });
    const columns = chosenColumns(present, source, where);
    const pipe = await makePipe(work.scratch, 'postgres');
    const select = columns.map((column) => `${quote(column.name)}${isNative(column, present) ? '' : '::text'}`).join(', ');
    const wanted = range === undefined ? '' : rangeCondition(range, columns, present);
    const copy = `copy (select ${select} from (${sql}\n) headrace_source${wanted}) to stdout (format csv, null '')`;
    return {
      ...reading(pipe, columns, present, where),
      feed: (start) =>
        withClient(connection, work.signal, async (client) => {
          await applySettings(client, values);
          return feedPipe(pipe, client.query(copyTo(copy, { highWaterMark: 1 << 20 })), start());
        }),
    };
  },
};

/** The columns of the query as the server describes them, without reading a row. */
async function describe(client: pg.Client, sql: string, table: string | undefined, where: string): Promise<readonly Column[]> {
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

function chosenColumns(present: readonly Column[], { columns: declared }: Source, where: string): readonly Column[] {
  const names = present.map(({ name }) => name);
  const doubled = names.find((name, index) => names.indexOf(name) !== index);
  if (doubled !== undefined) throw new SqlError(`${where} gives two columns "${doubled}". Name one of them otherwise with "as"`);
  if (!declared) return present;
  for (const name of Object.keys(declared)) if (!names.includes(name)) throw new ColumnNotFoundError(where, name, names);
  return Object.entries(declared).map(([name, type]) => ({ name, type }));
}

/** Whether DuckDB can take PostgreSQL's text of the column as it is, because both have the same type. */
function isNative(column: Column, present: readonly Column[]): boolean {
  const type = present.find(({ name }) => name === column.name)?.type;
  return type === column.type && !['text', 'numeric', 'json', 'bytes'].includes(type);
}

function reading(pipe: string, columns: readonly Column[], present: readonly Column[], where: string): Relation {
  const types = columns.map(
    (column) => `${literal(column.name)}: ${literal(isNative(column, present) ? storageType(column.type) : 'VARCHAR')}`,
  );
  const rows = `read_csv(${literal(pipe)}, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, new_line = '\\n', max_line_size = 8388608, buffer_size = 8388608, columns = {${types.join(', ')}})`;
  const trusted = (column: Column): boolean =>
    isNative(column, present) ||
    column.type === 'text' ||
    (column.type === 'numeric' && present.some(({ name, type }) => name === column.name && type === 'numeric'));
  const select = columns.map((column) =>
    trusted(column) ? ident(column.name) : `${parseExpression(ident(column.name), column)} as ${ident(column.name)}`,
  );
  return { select: `select ${select.join(', ')} from ${rows}`, columns, explain: (error) => explainRead(error, where) };
}

function explainRead(error: unknown, where: string): unknown {
  if (error instanceof DataError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const mark = message.indexOf(MISMATCH_MARK);
  if (mark >= 0) return new TypeMismatchError(`${where}: ${firstLines(message.slice(mark + MISMATCH_MARK.length), 1)}`, { cause: error });
  const conversion = /Error when converting column "(.*)"\. Could not convert string "([\s\S]*?)" to '(.*?)'/.exec(message);
  if (conversion) {
    const row = /CSV Error on Line: (\d+)/.exec(message)?.[1] ?? '?';
    return new TypeMismatchError(
      `${where}, row ${row}: column "${conversion[1]}" has the value "${conversion[2]}", which ${conversion[3]?.toLowerCase()} cannot hold. Declare the column as numeric or text, or leave the row out with "where"`,
      { cause: error },
    );
  }
  if (codeOf(error)?.startsWith('42') || codeOf(error)?.startsWith('22')) return new SqlError(`${where}: ${message}`, { cause: error });
  return error;
}
