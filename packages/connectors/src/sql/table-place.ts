/** Tables and queries of a database as places, the same for every database. */
import { assertColumns, type Columns, type RunValue, type Source, type Target } from '@headrace/sdk';

export interface TableOptions {
  /** A condition on the rows to read, in SQL. Run values stand as `$name`: `sold_at >= $start and sold_at < $end`. */
  readonly where?: string;
  readonly values?: Readonly<Record<string, RunValue>>;
}

export interface QueryOptions {
  readonly values?: Readonly<Record<string, RunValue>>;
}

/** The columns to read, or that the table takes. Without: all it has, with the types of its catalog. */
export interface DeclaredColumns<C extends Columns> {
  readonly columns: C;
}

/** A table of a database as plain data. Throws TypeError for columns that are none. */
export function tablePlace<C extends Columns>(
  connector: string,
  connection: string,
  name: string,
  { columns, where, values = {} }: TableOptions & Partial<DeclaredColumns<C>>,
): Source<C> & Target<C> {
  if (columns) assertColumns(columns, `${connector}("${connection}").table("${name}")`);
  return {
    connector,
    connection,
    kind: 'table',
    settings: { name, values, ...(where === undefined ? {} : { where }) },
    ...(columns === undefined ? {} : { columns }),
  };
}

/** A query of a database as plain data. Throws TypeError for columns that are none. */
export function queryPlace<C extends Columns>(
  connector: string,
  connection: string,
  sql: string,
  { columns, values = {} }: QueryOptions & Partial<DeclaredColumns<C>>,
): Source<C> {
  if (columns) assertColumns(columns, `${connector}("${connection}").query`);
  return { connector, connection, kind: 'query', settings: { sql, values }, ...(columns === undefined ? {} : { columns }) };
}
