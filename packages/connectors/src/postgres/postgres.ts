import type { Columns, Source, Target } from '@headrace/sdk';
import { type DeclaredColumns, type QueryOptions, queryPlace, type TableOptions, tablePlace } from '../sql/table-place.ts';
import { type ChangeColumns, type ChangesOptions, changesPlace } from './cdc/changes-place.ts';

/** A PostgreSQL connection (`postgres://…`). */
export interface Postgres {
  readonly connector: 'postgres';
  readonly connection: string;
  /** A table or view, `name` or `schema.name`, written as the catalog has it. A table that is written to is created if it is not there. */
  table(name: string, options?: TableOptions): Source & Target;
  table<const C extends Columns>(name: string, options: TableOptions & DeclaredColumns<C>): Source<C> & Target<C>;
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
    table: <C extends Columns>(name: string, options: TableOptions & Partial<DeclaredColumns<C>> = {}) =>
      tablePlace<C>('postgres', connection, name, options),
    query: <C extends Columns>(sql: string, options: QueryOptions & Partial<DeclaredColumns<C>> = {}) =>
      queryPlace<C>('postgres', connection, sql, options),
    changes: <C extends Columns>(name: string, options: ChangesOptions & Partial<DeclaredColumns<C>> = {}) =>
      changesPlace<C>(connection, name, options),
  };
}
