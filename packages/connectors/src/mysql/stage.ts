/** Rows on their way into a table: brought into a temporary table of the session first, where nothing is locked for anybody. */
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  DataError,
  drainPipe,
  firstLines,
  ident,
  literal,
  MISMATCH_MARK,
  makePipe,
  type Relation,
  SqlError,
  TypeMismatchError,
  textExpression,
  type Work,
} from '@headrace/dataplane';
import { type Column, elementType } from '@headrace/sdk';
import { errnoOf, type MysqlClient, messageOf, type Outcome } from './connect.ts';
import { insertLines } from './insert-lines.ts';
import { runAsIs } from './run-as-is.ts';
import { quote } from './sql-text.ts';
import { indexedName, type TargetColumn, type TargetTable } from './target-table.ts';

/** The name of the temporary table. */
export const STAGE = 'headrace_stage';
/** Of each staged row its number, and whether its key is in the table already. */
export const ROW = '_headrace_row';
export const THERE = '_headrace_there';

/** Brings the rows there and answers with their number. Throws TypeMismatchError with row, column and value. */
export async function stageRows(
  client: MysqlClient,
  relation: Relation,
  table: TargetTable,
  keys: readonly string[],
  work: Work,
): Promise<number> {
  const columns = relation.columns.map(({ name }) => `${quote(name)} ${table.columns.get(name)?.definition ?? 'longtext'} null`);
  const index = keys.length === 0 ? [] : [`key (${keys.map((name) => indexedName(name, table)).join(', ')})`];
  await client.run(`drop temporary table if exists ${STAGE}`);
  await client.run(
    `create temporary table ${STAGE} (${[
      `${ROW} bigint unsigned not null auto_increment primary key`,
      `${THERE} tinyint not null default 0`,
      ...columns,
      ...index,
    ].join(', ')}) engine = InnoDB default character set utf8mb4`,
  );
  if (relation.inside !== undefined) return insertInside(client, relation, table);
  const pipe = await makePipe(work.scratch, 'stage');
  const [[infile = '0'] = []] = await client.rows('select @@local_infile');
  try {
    return await (infile === '1' ? loadData : insertRows)(client, relation, table, pipe, work);
  } catch (error) {
    const explained = explainStage(error, table);
    throw explained instanceof TypeMismatchError ? await withValue(explained, relation, work) : explained;
  }
}

/** Rows that are on this server already. */
async function insertInside(client: MysqlClient, { inside, columns }: Relation, table: TargetTable): Promise<number> {
  const names = columns.map(({ name }) => quote(name)).join(', ');
  try {
    return await runAsIs(client, `insert into ${STAGE} (${names}) select ${names} from (${inside?.sql ?? ''}\n) headrace_inside`);
  } catch (error) {
    const explained = explainStage(error, table);
    if (explained instanceof DataError || errnoOf(error) === undefined) throw explained;
    throw new SqlError(`${table.label}: ${messageOf(error)}`, { cause: error });
  }
}

/** `LOAD DATA LOCAL INFILE` of CSV. What does not fit is only a warning to it; here it is an error. */
async function loadData(client: MysqlClient, relation: Relation, table: TargetTable, pipe: string, work: Work): Promise<number> {
  const select = relation.columns.map((column) => `${guarded(column, table)} as ${ident(column.name)}`).join(', ');
  // Everything but null is quoted, so that the text NULL is one; without escapes a backslash is one, too.
  const query = work.duck.run(
    `copy (select ${select} from (${relation.select})) to ${literal(pipe)} (format csv, header false, delimiter ',', quote '"', escape '"', nullstr 'NULL', force_quote *, use_tmp_file false)`,
  );
  // A pipe without rows ends at once, before the server has asked for them: what ends later is kept for it.
  const stream = new PassThrough();
  const piped = pipeline(drainPipe(pipe, query), stream).catch(() => {});
  const fields = relation.columns.map((column, index) => ({
    column,
    variable: `@c${index}`,
    value: converted(column, table, `@c${index}`),
  }));
  const list = fields.map(({ column, variable, value }) => (value === undefined ? quote(column.name) : variable));
  const sets = fields.flatMap(({ column, value }) => (value === undefined ? [] : [`${quote(column.name)} = ${value}`]));
  const load = new Promise<Outcome>((resolve, reject) => {
    client.raw.query(
      {
        sql: `load data local infile 'headrace' into table ${STAGE} character set utf8mb4
          fields terminated by ',' optionally enclosed by '"' escaped by '' lines terminated by '\\n'
          (${list.join(', ')})${sets.length === 0 ? '' : ` set ${sets.join(', ')}`}`,
        // One that has failed already would never say so again; its query does.
        infileStreamFactory: () => (stream.destroyed ? Readable.from([]) : stream),
      },
      (error: unknown, result: unknown) => {
        if (!error) return resolve(result as Outcome);
        stream.destroy();
        return reject(error);
      },
    );
  });
  const [made, loaded] = await Promise.allSettled([query, load, piped]);
  // The server's error is the cause of a query that nobody read to its end.
  if (loaded.status === 'rejected') throw loaded.reason;
  if (made.status === 'rejected') throw made.reason;
  if (loaded.value.warningStatus > 0) {
    const [[, , message = ''] = []] = await client.rows('show warnings limit 1');
    throw new TypeMismatchError(`${table.label}: ${place(message ?? '')}`);
  }
  return loaded.value.affectedRows;
}

/** Several rows in each statement, made by DuckDB as text of SQL: for servers that take no LOAD DATA LOCAL. */
async function insertRows(client: MysqlClient, relation: Relation, table: TargetTable, pipe: string, work: Work): Promise<number> {
  const values = relation.columns.map((column) => {
    const text = `(${guarded(column, table)})::varchar`;
    const hex = `'_utf8mb4 x''' || hex(${text}) || ''''`;
    const value = converted(column, table, `' || ${hex} || '`);
    return `coalesce(${value === undefined ? hex : `'${value}'`}, 'null')`;
  });
  const query = work.duck.run(
    `copy (select ${values.join(` || ',' || `)} as line from (${relation.select})) to ${literal(pipe)} (format csv, header false, delimiter '\t', quote '"', use_tmp_file false)`,
  );
  const stream: Readable = drainPipe(pipe, query);
  const sink = await insertLines(client, `insert into ${STAGE} (${relation.columns.map(({ name }) => quote(name)).join(', ')}) values `);
  const [moved, made] = await Promise.allSettled([pipeline(stream, sink), query]);
  if (moved.status === 'rejected') throw moved.reason;
  if (made.status === 'rejected') throw made.reason;
  return sink.rows;
}

/** The text of a value as MySQL reads it, or an error where MySQL would round without a word. */
function guarded(column: Column, table: TargetTable): string {
  const name = ident(column.name);
  const held = table.columns.get(column.name);
  switch (column.type) {
    case 'bytes':
      return `hex(${name})`;
    case 'boolean':
      return `${name}::tinyint`;
    case 'timestamptz':
      return guardDigits(`(${name} at time zone 'UTC')`, column, held);
    case 'timestamp':
    case 'time':
      return guardDigits(name, column, held);
    case 'float8':
      return held?.kind === 'float'
        ? `case when ${name}::float::double is not distinct from ${name} then ${name} else ${refusal(column, held, name)} end`
        : name;
    default:
      return elementType(column.type) ? textExpression(name, column.type) : name;
  }
}

/** MySQL rounds digits of a second that a column has no room for. */
function guardDigits(value: string, column: Column, held: TargetColumn | undefined): string {
  if (held === undefined || held.digits >= 6 || !/^(datetime|timestamp|time)$/.test(held.kind)) return value;
  return `case when ${value} is null or microsecond(${value}) % ${10 ** (6 - held.digits)} = 0 then ${value} else ${refusal(column, held, value)} end`;
}

function refusal(column: Column, held: TargetColumn, value: string): string {
  return `error(${literal(MISMATCH_MARK)} || ${literal(`column "${column.name}" (${held.definition}) cannot hold `)} || (${value})::varchar)`;
}

/** How a text becomes a value that MySQL does not read of a text; undefined where it does. */
function converted(column: Column, table: TargetTable, text: string): string | undefined {
  if (column.type === 'bytes') return `unhex(${text})`;
  return table.columns.get(column.name)?.kind === 'bit' ? `cast(${text} as unsigned)` : undefined;
}

function explainStage(error: unknown, table: TargetTable): unknown {
  if (error instanceof DataError) return error;
  const message = messageOf(error);
  const mark = message.indexOf(MISMATCH_MARK);
  if (mark >= 0)
    return new TypeMismatchError(`${table.label}: ${firstLines(message.slice(mark + MISMATCH_MARK.length), 1)}`, { cause: error });
  const errno = errnoOf(error);
  const { sqlState } = (error ?? {}) as { readonly sqlState?: string };
  if (errno !== undefined && (sqlState?.startsWith('22') || MISFITS.has(errno)))
    return new TypeMismatchError(`${table.label}: ${place(message)}`, { cause: error });
  return error;
}

/** Wrong value, data too long, out of range, truncated, wrong text for the character set. */
const MISFITS: ReadonlySet<number> = new Set([1264, 1265, 1292, 1366, 1367, 1406, 1411]);

/** The server often says only which column of which row it is. */
async function withValue(error: TypeMismatchError, relation: Relation, work: Work): Promise<TypeMismatchError> {
  const [, column = '', row = ''] = /column "?'?(\w+)"?'? at row (\d+)/.exec(error.message) ?? [];
  if (!relation.columns.some(({ name }) => name === column)) return error;
  const found = await work.duck
    .rows(`select substr(${ident(column)}::varchar, 1, 200) as value from (${relation.select}) limit 1 offset ${Number(row) - 1}`)
    .catch(() => []);
  const value = found[0]?.value;
  return value === undefined || value === null
    ? error
    : new TypeMismatchError(`${error.message}: the value is ${value}`, { cause: error.cause });
}

/** The server names its own temporary table. */
function place(message: string): string {
  return message.replace(/`?\w*`?\.`?headrace_stage`?\.`?(\w+)`?/g, '"$1"').slice(0, 500);
}
