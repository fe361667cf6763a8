import { assertColumns, type Columns, type RunValue, type Source, type Target } from '@headrace/sdk';

export interface PostgresTableOptions {
  /** A condition on the rows to read, in SQL. Run values stand as `$name`: `sold_at >= $start and sold_at < $end`. */
  readonly where?: string;
  readonly values?: Readonly<Record<string, RunValue>>;
}

export interface PostgresQueryOptions {
  readonly values?: Readonly<Record<string, RunValue>>;
}

/** The columns to read, or that the table takes. Without: all it has, with the types of its catalog. */
export interface DeclaredColumns<C extends Columns> {
  readonly columns: C;
}

/** A PostgreSQL connection (`postgres://…`). */
export interface Postgres {
  readonly connector: 'postgres';
  readonly connection: string;
  /** A table or view, `name` or `schema.name`, written as the catalog has it. A table that is written to is created if it is not there. */
  table(name: string, options?: PostgresTableOptions): Source & Target;
  table<const C extends Columns>(name: string, options: PostgresTableOptions & DeclaredColumns<C>): Source<C> & Target<C>;
  /** The rows of a query. */
  query(sql: string, options?: PostgresQueryOptions): Source;
  query<const C extends Columns>(sql: string, options: PostgresQueryOptions & DeclaredColumns<C>): Source<C>;
}

/** Names a PostgreSQL connection as a place to read from and write to. */
export function postgres(connection: string): Postgres {
  return {
    connector: 'postgres',
    connection,
    table<C extends Columns>(
      name: string,
      { columns, where, values = {} }: PostgresTableOptions & Partial<DeclaredColumns<C>> = {},
    ): Source<C> & Target<C> {
      if (columns) assertColumns(columns, `postgres("${connection}").table("${name}")`);
      return {
        connector: 'postgres',
        connection,
        kind: 'table',
        settings: { name, values, ...(where === undefined ? {} : { where }) },
        ...(columns === undefined ? {} : { columns }),
      };
    },
    query<C extends Columns>(sql: string, { columns, values = {} }: PostgresQueryOptions & Partial<DeclaredColumns<C>> = {}): Source<C> {
      if (columns) assertColumns(columns, `postgres("${connection}").query`);
      return { connector: 'postgres', connection, kind: 'query', settings: { sql, values }, ...(columns === undefined ? {} : { columns }) };
    },
  };
}
