/**
 * Reads a table, a view or a query: the rows of the text protocol become CSV, through a pipe, into DuckDB. The columns' types come from the
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
  type ReadRange,
  type Relation,
  type SourceConnector,
  SqlError,
  type SqlValue,
  storageType,
  TypeMismatchError,
  type Work,
} from '@headrace/dataplane';
import { type Column, decimalSize, type Source } from '@headrace/sdk';
import { cellFormOf, losesDigits } from './column-types.ts';
import { errnoOf, type MysqlClient, messageOf, withClient } from './connect.ts';
import { describeQuery, describeTable, type PresentColumn, tablesOf } from './describe.ts';
import { rangeCondition } from './range.ts';
import { type CellWriter, rowsAsCsv } from './rows-as-csv.ts';
import { bindValues, quote, quoteName } from './sql-text.ts';

interface ReadSettings {
  readonly name?: string;
  readonly sql?: string;
  readonly where?: string;
  readonly values: Readonly<Record<string, SqlValue>>;
}

export const mysqlSource: SourceConnector = {
  async open(source, work, { range } = {}) {
    const settings = source.settings as unknown as ReadSettings;
    const where =
      settings.name === undefined
        ? `The query on connection "${source.connection}"`
        : `Table "${settings.name}" of connection "${source.connection}"`;
    const connection = work.connection(source.connection);
    const { present, expected } = await withClient(connection, work.signal, (client) => describe(client, settings, where));
    const columns = chosenColumns(present, source, where);
    if (range !== undefined && !present.some(({ name }) => name === range.column))
      throw new ColumnNotFoundError(
        where,
        range.column,
        present.map(({ name }) => name),
      );
    const { sql, read } = queryOf(settings, present, columns, range, where);
    const writers = read.map((column) => writerOf(column, columns));
    const pipe = await makePipe(work.scratch, 'mysql');
    return {
      ...reading(
        pipe,
        read.flatMap(({ name }) => columns.find((column) => column.name === name) ?? []),
        columns,
        present,
        where,
      ),
      ...(expected === undefined || range !== undefined ? {} : { expected: { rows: expected } }),
      feed: (start) =>
        withClient(connection, work.signal, async (client) => {
          const stream = rowsAsCsv(client, sql, writers, progressOf(work, range === undefined ? expected : undefined));
          return feedPipe(pipe, stream, start());
        }),
    };
  },
};

function progressOf(work: Work, totalRows: number | undefined): (rows: number, bytes: number) => void {
  // An estimate of the server that was passed is none.
  return (rows, bytes) =>
    work.progress({ phase: 'reading', rows, bytes, ...(totalRows === undefined || totalRows < rows ? {} : { totalRows }) });
}

interface Description {
  readonly present: readonly PresentColumn[];
  readonly expected?: number;
}

/** The columns as the server describes them, without reading a row. */
async function describe(client: MysqlClient, settings: ReadSettings, where: string): Promise<Description> {
  try {
    if (settings.name === undefined) return { present: await describeQuery(client, boundQuery(settings, where), where) };
    const described = await describeTable(client, settings.name);
    if (settings.where === undefined) return described;
    // What is wrong with the condition is said now, and not after the first row was to come.
    await describeQuery(client, `select 1 from ${quoteName(settings.name)} where ${condition(settings, where)}`, where);
    return { present: described.present };
  } catch (error) {
    const errno = errnoOf(error);
    if (settings.name !== undefined && (errno === 1146 || errno === 1049 || errno === 1051))
      throw new DataError('HR_TABLE_NOT_FOUND', `${where} does not exist${await nearestTable(client, settings.name)}`);
    throw explainSql(error, where);
  }
}

async function nearestTable(client: MysqlClient, name: string): Promise<string> {
  const tables = await tablesOf(client);
  return nearest(name, tables) || nearest(name.slice(name.indexOf('.') + 1), tables);
}

/** The SQL to run, and its columns in their order. */
function queryOf(
  settings: ReadSettings,
  present: readonly PresentColumn[],
  columns: readonly Column[],
  range: ReadRange | undefined,
  where: string,
): { readonly sql: string; readonly read: readonly PresentColumn[] } {
  const limits = [
    ...(settings.where === undefined ? [] : [`(${condition(settings, where)}\n)`]),
    ...(range === undefined ? [] : [rangeCondition(range, present.find(({ name }) => name === range.column)?.type ?? 'text', where)]),
  ];
  const read = present.filter(({ name }) => columns.some((column) => column.name === name));
  // A query of the user runs as it is where it can: a derived table may cost the server a copy.
  if (settings.name === undefined && range === undefined && !read.some(({ field }) => losesDigits(field)))
    return { sql: boundQuery(settings, where), read: present };
  const select = read.map(({ name, field }) => (losesDigits(field) ? `${quote(name)} + 0e0 as ${quote(name)}` : quote(name)));
  const from = settings.name === undefined ? `(${boundQuery(settings, where)}\n) headrace_source` : quoteName(settings.name);
  return { sql: `select ${select.join(', ')} from ${from}${limits.length === 0 ? '' : ` where ${limits.join(' and ')}`}`, read };
}

function boundQuery(settings: ReadSettings, where: string): string {
  return bindValues((settings.sql ?? '').trim().replace(/;+$/, ''), settings.values, where);
}

function condition(settings: ReadSettings, where: string): string {
  return bindValues(settings.where ?? '', settings.values, where);
}

function chosenColumns(present: readonly Column[], { columns: declared }: Source, where: string): readonly Column[] {
  const names = present.map(({ name }) => name);
  const doubled = names.find((name, index) => names.indexOf(name) !== index);
  if (doubled !== undefined) throw new SqlError(`${where} gives two columns "${doubled}". Name one of them otherwise with "as"`);
  if (!declared) return present.map(({ name, type }) => ({ name, type }));
  for (const name of Object.keys(declared)) if (!names.includes(name)) throw new ColumnNotFoundError(where, name, names);
  return Object.entries(declared).map(([name, type]) => ({ name, type }));
}

/** Binary that is declared as a text is read as one; as bytes or a uuid, it is written in hexadecimal. */
function writerOf({ name, field }: PresentColumn, columns: readonly Column[]): CellWriter {
  const column = columns.find((each) => each.name === name);
  if (column === undefined) return undefined;
  const form = cellFormOf(field);
  if (form !== 'binary') return form;
  return column.type === 'bytes' || column.type === 'uuid' ? 'hex' : 'text';
}

/** Whether DuckDB can take the server's text of the column as it is, because both have the same type. */
function isNative(column: Column, present: readonly PresentColumn[]): boolean {
  const found = present.find(({ name }) => name === column.name);
  if (found === undefined || found.type !== column.type) return false;
  return cellFormOf(found.field) === 'plain' && !['numeric', 'boolean'].includes(column.type);
}

/** A row must fit into a buffer. Long ones are given room only where a column can hold them. */
const MANY_BYTES = 1 << 20;
const LINE = 1 << 23;
const LONG_LINE = 1 << 26;

function reading(
  pipe: string,
  read: readonly Column[],
  columns: readonly Column[],
  present: readonly PresentColumn[],
  where: string,
): Relation {
  const types = read.map((column) => `${literal(column.name)}: ${literal(isNative(column, present) ? parsedType(column) : 'VARCHAR')}`);
  const line = present.some(({ field }) => field.columnLength > MANY_BYTES) ? LONG_LINE : LINE;
  const rows = `read_csv(${literal(pipe)}, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, new_line = '\\n', max_line_size = ${line}, buffer_size = ${line}, columns = {${types.join(', ')}})`;
  const select = columns.map((column) => `${cellValue(column, present)} as ${ident(column.name)}`);
  return { select: `select ${select.join(', ')} from ${rows}`, columns, explain: (error) => explainRead(error, where) };
}

/** DuckDB reads a decimal of more than 18 digits sixty times slower than an integer of that size (1.5.5). */
function parsedType({ type }: Column): string {
  const size = decimalSize(type);
  return size && size.precision > 18 && size.scale === 0 ? 'HUGEINT' : storageType(type);
}

function cellValue(column: Column, present: readonly PresentColumn[]): string {
  const name = ident(column.name);
  const found = present.find((each) => each.name === column.name);
  const form = found === undefined ? 'text' : cellFormOf(found.field);
  if (isNative(column, present) && parsedType(column) !== storageType(column.type)) return `cast(${name} as ${storageType(column.type)})`;
  if (isNative(column, present) || column.type === 'text' || (column.type === 'numeric' && form === 'plain')) return name;
  if (column.type === 'bytes' && form === 'binary') return `unhex(${name})`;
  return parseExpression(name, column);
}

function explainRead(error: unknown, where: string): unknown {
  if (error instanceof DataError) return error;
  const message = messageOf(error);
  const mark = message.indexOf(MISMATCH_MARK);
  if (mark >= 0) return new TypeMismatchError(`${where}: ${firstLines(message.slice(mark + MISMATCH_MARK.length), 1)}`, { cause: error });
  const conversion = /Error when converting column "(.*)"\. Could not convert string "([\s\S]*?)" to '(.*?)'/.exec(message);
  if (conversion) {
    const [, column = '', value = '', type = ''] = conversion;
    const row = /CSV Error on Line: (\d+)/.exec(message)?.[1] ?? '?';
    const advice = /^\d{4}-(00|\d\d-00)/.test(value)
      ? `Read it as null with nullif(${column}, '${value}') in a query, or declare the column as text`
      : 'Declare the column as text, or leave the row out with "where"';
    return new TypeMismatchError(
      `${where}, row ${row}: column "${column}" has the value "${value}", which ${type.toLowerCase()} cannot hold. ${advice}`,
      {
        cause: error,
      },
    );
  }
  if (/Maximum line size/i.test(message))
    return new DataError(
      'HR_ROW_TOO_LARGE',
      `${where}${/CSV Error on Line: (\d+)/.exec(message)?.[0].replace('CSV Error on Line:', ', row') ?? ''}: a row is larger than ${LONG_LINE >> 20} MB as text. Leave the large column out`,
    );
  return explainSql(error, where);
}

/** What is the user's SQL's fault: syntax, names, values that cannot be computed, rights. */
function explainSql(error: unknown, where: string): unknown {
  if (error instanceof DataError) return error;
  const { sqlState } = (error ?? {}) as { readonly sqlState?: string };
  return sqlState?.startsWith('42') || sqlState?.startsWith('22') || sqlState?.startsWith('21')
    ? new SqlError(`${where}: ${messageOf(error)}`, { cause: error })
    : error;
}
