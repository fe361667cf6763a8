/**
 * Reads a table, a view or a query: `COPY … TO STDOUT` as CSV, of one connection or several, through a pipe into DuckDB. The columns' types
 * come from the server; no row becomes a JavaScript object.
 */
import {
  DataError,
  feedPipe,
  firstLines,
  ident,
  literal,
  MISMATCH_MARK,
  makePipe,
  parseExpression,
  type Relation,
  type SourceConnector,
  SqlError,
  storageType,
  TypeMismatchError,
} from '@headrace/dataplane';
import { type Column, elementType } from '@headrace/sdk';
import { openChanges } from './cdc/changes-source.ts';
import { applySettings, codeOf, withClient } from './connect.ts';
import { CopiedRows } from './copied-rows.ts';
import { listAsJson } from './lists.ts';
import { rangeCondition } from './range-condition.ts';
import { chosenColumns, describe, selectOf } from './select.ts';
import { withSlices } from './slices.ts';
import { quote } from './sql-text.ts';
import { expectedRows } from './table-size.ts';

export const postgresSource: SourceConnector = {
  async open(source, work, options) {
    if (source.kind === 'changes') return openChanges(source, work, options);
    const { range } = options ?? {};
    const selected = selectOf(source);
    const { name, where, sql, values } = selected;
    const connection = work.connection(source.connection);
    const { present, expected } = await withClient(connection, work.signal, async (client) => {
      await applySettings(client, values);
      return {
        present: await describe(client, sql, name, where),
        expected: range === undefined ? await expectedRows(client, selected) : undefined,
      };
    });
    const columns = chosenColumns(present, source, where);
    const pipe = await makePipe(work.scratch, 'postgres');
    const select = columns.map((column) => textOf(column, present)).join(', ');
    const wanted = range === undefined ? '' : rangeCondition(range, columns, present);
    const copyOf = (rows: string): string =>
      `copy (select ${select} from (${rows}\n) headrace_source${wanted}) to stdout (format csv, null '')`;
    return {
      ...reading(pipe, columns, present, where),
      ...(expected === undefined ? {} : { expected: { rows: expected } }),
      feed: (start) =>
        withClient(connection, work.signal, async (client) => {
          await applySettings(client, values);
          return withSlices(client, selected, present, connection, work, (slices) => {
            const statements = slices.map(({ client: reader, sql: rows }) => ({ client: reader, sql: copyOf(rows) }));
            return feedPipe(pipe, new CopiedRows(statements, 'csv', (passed) => work.progress({ phase: 'reading', ...passed })), start());
          });
        }),
    };
  },
};

/** An expression of PostgreSQL for the text of a column, as it is read here. */
function textOf(column: Column, present: readonly Column[]): string {
  if (isNative(column, present)) return ERAS.has(column.type) ? eraFirst(quote(column.name)) : quote(column.name);
  const isList = elementType(column.type) && present.some(({ name, type }) => name === column.name && elementType(type));
  return isList ? listAsJson(column) : `${quote(column.name)}::text`;
}

const ERAS: ReadonlySet<string> = new Set(['date', 'timestamp', 'timestamptz']);

/** DuckDB wants `(BC)` right after the day, and reads past a `BC` at the end. */
function eraFirst(name: string): string {
  return `case when ${name} >= '0001-01-01' then ${name}::text else regexp_replace(${name}::text, '^(\\d+-\\d+-\\d+)(.*) BC$', '\\1 (BC)\\2') end`;
}

/** Whether DuckDB can take PostgreSQL's text of the column as it is, because both have the same type. */
function isNative(column: Column, present: readonly Column[]): boolean {
  const type = present.find(({ name }) => name === column.name)?.type;
  return type === column.type && !elementType(type) && !['text', 'numeric', 'json', 'bytes'].includes(type);
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
