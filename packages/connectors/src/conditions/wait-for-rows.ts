import {
  assertColumns,
  type Columns,
  type ColumnType,
  type ConditionOptions,
  DagDefinitionError,
  defineCondition,
  type RunValue,
  type TaskDefinition,
} from '@headrace/sdk';
import type { Postgres } from '../postgres/postgres.ts';
import type { DeclaredColumns } from '../sql/table-place.ts';
import { count } from './wait-for-file.ts';

/** What a column's value is in a result. What has more digits than a JavaScript number stays exact: as a bigint, or as its text. */
export type CellOf<Type extends ColumnType> = Type extends 'int2' | 'int4' | 'float4' | 'float8'
  ? number
  : Type extends 'int8'
    ? bigint
    : Type extends 'boolean'
      ? boolean
      : Type extends 'timestamptz'
        ? Date
        : Type extends 'bytes'
          ? Uint8Array
          : Type extends 'json'
            ? unknown
            : string;

/** Column name → value. */
export type RowOf<C extends Columns> = { readonly [Name in keyof C]: CellOf<C[Name]> | null };

export interface WaitForRowOptions extends ConditionOptions {
  readonly in: Postgres;
  /** One query, which must change nothing. Values of the run stand as `$name`. */
  readonly sql: string;
  readonly values?: Readonly<Record<string, RunValue>>;
  readonly min?: never;
}

export interface WaitForRowCountOptions extends Omit<WaitForRowOptions, 'min'> {
  /** So many rows must be there; what is in them does not matter. */
  readonly min: number;
}

/** What the executor is given, with the references resolved. */
export interface RowsCondition {
  readonly connector: 'postgres';
  readonly connection: string;
  readonly sql: string;
  readonly values: Readonly<Record<string, string | number | bigint | boolean | Date | null>>;
  readonly columns?: Columns;
  readonly min?: number;
}

/**
 * A sensor that asks a database: it waits until the query gives a row whose first column is neither null, 0, '0', an empty text nor false,
 * as Airflow's SqlSensor does, and has this row as its result. With `min` it waits for so many rows, and their number is its result.
 * Declared `columns` give the row its type; the query must have them, with these types.
 * Throws DagDefinitionError as `sensor` does.
 */
export function waitForRows<const C extends Columns>(id: string, options: WaitForRowOptions & DeclaredColumns<C>): TaskDefinition<RowOf<C>>;
export function waitForRows(id: string, options: WaitForRowCountOptions): TaskDefinition<number>;
export function waitForRows(id: string, options: WaitForRowOptions): TaskDefinition<RowOf<Columns>>;
export function waitForRows(
  id: string,
  options: (WaitForRowOptions | WaitForRowCountOptions) & Partial<DeclaredColumns<Columns>>,
): TaskDefinition<never> {
  const { in: database, sql, values = {}, min, columns, ...rest } = options;
  const where = `Task "${id}"`;
  if (typeof sql !== 'string' || sql.trim() === '') throw new DagDefinitionError('HR_BAD_OPTION', `${where}: "sql" is empty`);
  if (columns !== undefined) assertColumns(columns, where);
  if (columns !== undefined && min !== undefined)
    throw new DagDefinitionError('HR_BAD_OPTION', `${where}: with "min" only the rows' number is the result; leave out "columns"`);
  return defineCondition<never>({
    taskId: id,
    options: rest,
    operation: {
      connector: database.connector,
      connection: database.connection,
      sql,
      values,
      ...(columns === undefined ? {} : { columns }),
      ...(min === undefined ? {} : { min: count(`${where}, min`, min, 1) }),
    },
    connections: [database.connection],
  });
}
