import type { Columns, Source, Target } from '@headrace/sdk';
import { type DeclaredColumns, type QueryOptions, queryPlace, type TableOptions, tablePlace } from '../sql/table-place.ts';
import { type ChangeColumns, type ChangesOptions, changesPlace } from './cdc/changes-place.ts';
import type { ParallelRead } from './select.ts';

export interface PostgresTableOptions extends TableOptions {
  /**
   * Reads the table over so many connections at once, 1 to 32, as of one instant. Its pages are divided among them; with `by` the values of
   * that column are, which a view needs. Says nothing of a table that is written to.
   */
  readonly parallel?: number | { readonly connections: number; readonly by?: string };
}

/** A PostgreSQL connection (`postgres://…`). */
export interface Postgres {
  readonly connector: 'postgres';
  readonly connection: string;
  /** A table or view, `name` or `schema.name`, written as the catalog has it. A table that is written to is created if it is not there. */
  table(name: string, options?: PostgresTableOptions): Source & Target;
  table<const C extends Columns>(name: string, options: PostgresTableOptions & DeclaredColumns<C>): Source<C> & Target<C>;
  /** The rows of a query. */
  query(sql: string, options?: QueryOptions): Source;
  query<const C extends Columns>(sql: string, options: QueryOptions & DeclaredColumns<C>): Source<C>;
  /**
   * The changes of a table since the last load: at first all its rows, then what was inserted, updated and deleted. Rows have the table's
   * columns, `_deleted`, and `_order`, which grows with every change.
   */
  changes(name: string, options?: ChangesOptions): Source;
  changes<const C extends Columns, const O extends ChangesOptions>(
    name: string,
    options: O & DeclaredColumns<C>,
  ): Source<C & ChangeColumns<O>>;
}

/** Names a PostgreSQL connection as a place to read from and write to. */
export function postgres(connection: string): Postgres {
  return {
    connector: 'postgres',
    connection,
    table: <C extends Columns>(name: string, options: PostgresTableOptions & Partial<DeclaredColumns<C>> = {}) => {
      const place = tablePlace<C>('postgres', connection, name, options);
      return options.parallel === undefined
        ? place
        : { ...place, settings: { ...place.settings, parallel: parallelRead(options.parallel, name) } };
    },
    query: <C extends Columns>(sql: string, options: QueryOptions & Partial<DeclaredColumns<C>> = {}) =>
      queryPlace<C>('postgres', connection, sql, options),
    changes: <C extends Columns>(name: string, options: ChangesOptions & Partial<DeclaredColumns<C>> = {}) =>
      changesPlace<C>(connection, name, options),
  };
}

/** Throws TypeError for a number of connections that is none. */
function parallelRead(parallel: NonNullable<PostgresTableOptions['parallel']>, table: string): ParallelRead {
  const read = typeof parallel === 'number' ? { connections: parallel } : parallel;
  if (Number.isInteger(read.connections) && read.connections >= 1 && read.connections <= MOST_CONNECTIONS) return read;
  throw new TypeError(
    `table("${table}"): "parallel" is a whole number of connections from 1 to ${MOST_CONNECTIONS}, not ${read.connections}`,
  );
}

const MOST_CONNECTIONS = 32;
