/**
 * A table read over several connections at once, each of which reads a slice of it.
 *
 * S1. All are in one exported snapshot: the slices are of the table as it was at one instant, whatever is written meanwhile.
 * S2. Every row is in exactly one slice, wherever the borders are: a slice begins where the one before ends, the first takes also what has
 *     no value, and the last what is beyond all borders. Where the borders are is only a question of speed.
 * S3. The session that exported the snapshot keeps it, and a lock against a rewrite of the table, until all slices are read.
 */
import { ColumnNotFoundError, DataError, type Work } from '@headrace/dataplane';
import type { Column, ConnectionSettings } from '@headrace/sdk';
import type pg from 'pg';
import { applySettings, codeOf, withClient } from './connect.ts';
import type { ParallelRead, Select } from './select.ts';
import { quote, quoteName } from './sql-text.ts';
import { sizeOfTable } from './table-size.ts';

/** A slice, and who reads it. The query of all rows where nothing is read in parallel. */
export interface Slice {
  readonly client: pg.Client;
  readonly sql: string;
}

/**
 * Runs `use` with the slices of what is selected, of which `client` reads the first. Throws DataError for what cannot be sliced,
 * ColumnNotFoundError for a column to slice by that is not there.
 */
export async function withSlices<T>(
  client: pg.Client,
  select: Select,
  present: readonly Column[],
  connection: ConnectionSettings,
  work: Work,
  use: (slices: readonly Slice[]) => Promise<T>,
): Promise<T> {
  const { parallel, name, slice } = select;
  if (parallel === undefined || name === undefined || slice === undefined) return use([{ client, sql: select.sql }]);
  await client.query('begin isolation level repeatable read read only');
  await client.query(`select from ${quoteName(name)} limit 0`);
  const conditions = await conditionsOf(client, parallel, select, name, present);
  if (conditions.length <= 1) return use([{ client, sql: select.sql }]);
  const snapshot = (await client.query<{ id: string }>('select pg_export_snapshot() as id')).rows[0]?.id ?? '';
  work.log.info(`${select.where}: ${conditions.length} connections read it`, { connections: conditions.length });
  const join = async (other: pg.Client): Promise<void> => {
    await other.query('begin isolation level repeatable read read only');
    await other.query(`set transaction snapshot '${snapshot.replaceAll("'", "''")}'`);
    await applySettings(other, select.values);
  };
  const sliced = (clients: readonly pg.Client[]): Slice[] =>
    clients.map((each, index) => ({ client: each, sql: slice(conditions[index] ?? 'false') }));
  const withMore = (clients: readonly pg.Client[]): Promise<T> =>
    clients.length === conditions.length
      ? use(sliced(clients))
      : withClient(connection, work.signal, async (other) => {
          await join(other);
          return withMore([...clients, other]);
        });
  return withMore([client]);
}

/** A condition of SQL for each slice; none where one is enough. */
async function conditionsOf(
  client: pg.Client,
  { connections, by }: ParallelRead,
  { where, sql }: Select,
  name: string,
  present: readonly Column[],
): Promise<readonly string[]> {
  const { kinds, pages } = await sizeOfTable(client, quoteName(name));
  // Its server takes no snapshot of ours.
  if (kinds.includes('f'))
    throw unsliceable(`${where} has its rows on another server, where several connections would not see them as of one instant`);
  if (by === undefined) {
    if (kinds.includes('v'))
      throw unsliceable(`${where} is a view, which has no pages: name a column to divide it by, { connections, by }`);
    return between('ctid', 'false', await pageBorders(client, pages, connections, where));
  }
  if (!present.some((column) => column.name === by))
    throw new ColumnNotFoundError(
      `${where}, "parallel": the table`,
      by,
      present.map((column) => column.name),
    );
  return between(quote(by), `${quote(by)} is null`, await valueBorders(client, { where, sql }, name, by, connections));
}

function unsliceable(problem: string): DataError {
  return new DataError('HR_NOT_PARALLEL', `${problem}, or read it without "parallel"`);
}

/** `missing`: which rows have no value. */
function between(value: string, missing: string, borders: readonly string[]): readonly string[] {
  if (borders.length === 0) return [];
  return [
    `(${value} < ${borders[0]} or ${missing})`,
    ...borders.slice(1).map((border, index) => `${value} >= ${borders[index]} and ${value} < ${border}`),
    `${value} >= ${borders.at(-1)}`,
  ];
}

/** Rows that move to another page, by an update, are there for the snapshot where they were. */
async function pageBorders(client: pg.Client, pages: number, slices: number, where: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ version: string }>(`select current_setting('server_version_num') as version`);
  if (Number(rows[0]?.version) < FIRST_WITH_TID_RANGES)
    throw unsliceable(
      `${where}: the server reads ranges of pages from PostgreSQL 14 on. Name a column to divide it by, { connections, by }`,
    );
  const count = Math.min(slices, pages);
  return Array.from({ length: Math.max(count - 1, 0) }, (_, index) => `'(${Math.floor((pages * (index + 1)) / count)},0)'::tid`);
}

const FIRST_WITH_TID_RANGES = 140_000;

/** From the column's statistics; where there are none, from its values. Literals without a type, so that they are of the column's. */
async function valueBorders(
  client: pg.Client,
  select: Pick<Select, 'where' | 'sql'>,
  name: string,
  by: string,
  slices: number,
): Promise<readonly string[]> {
  const fractions = Array.from({ length: slices - 1 }, (_, index) => (index + 1) / slices);
  const { rows: known } = await client.query<{ bounds: string[] }>(
    `select s.histogram_bounds::text::text[] as bounds
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
       join pg_stats s on s.schemaname = n.nspname and s.tablename = c.relname and s.attname = $2
      where c.oid = to_regclass($1) and s.histogram_bounds is not null
      order by s.inherited desc limit 1`,
    [quoteName(name), by],
  );
  const bounds = known[0]?.bounds;
  const values =
    bounds === undefined
      ? await quantiles(client, select, by, fractions)
      : fractions.map((fraction) => bounds[Math.round(fraction * (bounds.length - 1))] ?? '');
  return [...new Set(values)].map((value) => `'${value.replaceAll("'", "''")}'`);
}

async function quantiles(
  client: pg.Client,
  { where, sql }: Pick<Select, 'where' | 'sql'>,
  by: string,
  fractions: readonly number[],
): Promise<readonly string[]> {
  try {
    const { rows } = await client.query<{ values: string[] | null }>(
      `select percentile_disc(array[${fractions.join(', ')}]::float8[]) within group (order by ${quote(by)})::text[] as values
         from (${sql}\n) headrace_source`,
    );
    return rows[0]?.values ?? [];
  } catch (error) {
    if (codeOf(error) === NO_SUCH_OPERATOR)
      throw unsliceable(`${where}: the values of "${by}" have no order. Name another column, { connections, by }`);
    throw error;
  }
}

const NO_SUCH_OPERATOR = '42883';
