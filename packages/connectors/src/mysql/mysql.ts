import type { Columns, Source, Target } from '@headrace/sdk';
import { type DeclaredColumns, type QueryOptions, queryPlace, type TableOptions, tablePlace } from '../sql/table-place.ts';

/** A MySQL or MariaDB connection (`mysql://…`, `mariadb://…`). */
export interface Mysql {
  readonly connector: 'mysql';
  readonly connection: string;
  /** A table or view, `name` or `database.name`. A table that is written to is created if it is not there. */
  table(name: string, options?: TableOptions): Source & Target;
  table<const C extends Columns>(name: string, options: TableOptions & DeclaredColumns<C>): Source<C> & Target<C>;
  /** The rows of a query. */
  query(sql: string, options?: QueryOptions): Source;
  query<const C extends Columns>(sql: string, options: QueryOptions & DeclaredColumns<C>): Source<C>;
}

/** Names a MySQL or MariaDB connection as a place to read from and write to. */
export function mysql(connection: string): Mysql {
  return {
    connector: 'mysql',
    connection,
    table: <C extends Columns>(name: string, options: TableOptions & Partial<DeclaredColumns<C>> = {}) =>
      tablePlace<C>('mysql', connection, name, options),
    query: <C extends Columns>(sql: string, options: QueryOptions & Partial<DeclaredColumns<C>> = {}) =>
      queryPlace<C>('mysql', connection, sql, options),
  };
}
