/** What a transform can be given: SQL in DuckDB, SQL inside a database, a function over rows or batches, or any program. */
import type { Check } from './checks.ts';
import type { ColumnName, Columns } from './columns.ts';
import type { QuarantineLimit, SchemaContract } from './contract.ts';
import type { DatasetTask, Partition, Source, TargetOf } from './dataset.ts';
import type { Disposition, PublishMode } from './disposition.ts';
import type { CommonTaskOptions } from './options/task-options.ts';
import type { PatchOf, RowOf } from './row-values.ts';
import type { RunValue } from './run-value.ts';
import type { DataInterval, TaskLog } from './task-context.ts';

export interface TransformOptions<C extends Columns, P extends Partition> extends CommonTaskOptions {
  /**
   * Name in the SQL → what it stands for. A task stands for the rows that its run wrote (its partition); a place, such as
   * `lake('lake').table('raw/sales')`, for all that is in it.
   */
  readonly reads: Readonly<Record<string, DatasetTask | Source>>;
  /** One DuckDB query. Values of the run are parameters: `where day = $day` with `values: { day: interval.day }`. */
  readonly sql: string;
  readonly values?: Readonly<Record<string, RunValue>>;
  /** The columns that the query must give. A column that is missing, too many, or would lose digits fails the task. */
  readonly columns?: C;
  readonly into: TargetOf<NoInfer<C>>;
  readonly partition?: P;
  /** Default `replace-partition` with a partition, else `replace`. */
  readonly disposition?: Extract<Disposition, string>;
  readonly checks?: readonly Check<ColumnName<NoInfer<C>>>[];
}

/** A database in which SQL can be run: `postgres('dwh')`, `mysql('dwh')`. */
export interface Warehouse {
  readonly connector: string;
  readonly connection: string;
}

/** What the SQL becomes in its database. */
export type WarehouseForm<N extends string = string> =
  /** A view, replaced in one step. It holds no rows of its own. */
  | 'view'
  /** A table that is built anew aside and takes the place of the one that is there. */
  | 'table'
  /** New rows join those of the table: by their keys, or in the place of a partition. */
  | { readonly incremental: Exclude<Disposition<N>, 'replace' | { readonly scd2: readonly N[] }> }
  /** Every version of a row is kept, as by the disposition of that name. */
  | Extract<Disposition<N>, { readonly scd2: readonly N[] }>;

export interface WarehouseTransformOptions<C extends Columns> extends CommonTaskOptions {
  /** Where the SQL runs: no row leaves that server. */
  readonly in: Warehouse;
  /** Of that database's own kind: one query. Values of the run stand as `$name`. */
  readonly sql: string;
  readonly values?: Readonly<Record<string, RunValue>>;
  /**
   * Names in the SQL for tables of the same database: of tasks that wrote there, or places, such as `postgres('dwh').table('raw.sales')`.
   * The SQL may name tables itself, too; what is named here is in the lineage, and is waited for.
   */
  readonly reads?: Readonly<Record<string, DatasetTask | Source>>;
  readonly as: WarehouseForm<ColumnName<NoInfer<C>>>;
  /** The table or view, `name` or `schema.name`. */
  readonly table: string;
  readonly columns?: C;
  /** For `incremental: 'replace-partition'`: the values that all rows of the query have, `{ day: interval.day }`. */
  readonly partition?: Readonly<Record<ColumnName<NoInfer<C>>, RunValue>> | Partition;
  readonly contract?: SchemaContract;
  readonly checks?: readonly Check<ColumnName<NoInfer<C>>>[];
  readonly publish?: PublishMode;
}

/** What is common to functions and programs over rows. */
interface RowsOptions<I extends Columns, C extends Columns, P extends Partition> extends CommonTaskOptions {
  /** One name → the rows. */
  readonly reads: { readonly [name: string]: DatasetTask<I> | Source<I> };
  /** The columns of what comes out. */
  readonly columns: C;
  readonly into: TargetOf<NoInfer<C>>;
  readonly partition?: P;
  readonly disposition?: Disposition<ColumnName<NoInfer<C>>>;
  readonly contract?: SchemaContract;
  readonly checks?: readonly Check<ColumnName<NoInfer<C>>>[];
  /** A row that cannot be transformed fails the task (default), or is kept aside with the reason. */
  readonly onError?: 'fail' | 'quarantine';
  readonly maxQuarantined?: QuarantineLimit;
  /** The connection under whose root quarantined rows are kept. */
  readonly stage?: string;
}

/** What a function over rows is told. */
export interface RowContext {
  /** Of the row, or of the first row of the batch, from 1. */
  readonly number: number;
  readonly log: TaskLog;
  readonly signal: AbortSignal;
  readonly params: Readonly<Record<string, unknown>>;
  readonly interval: DataInterval;
}

export interface RowTransformOptions<I extends Columns, C extends Columns, P extends Partition> extends RowsOptions<I, C, P> {
  /**
   * A row → the row with what it is to have otherwise; columns of the same name and type that are not named stay as they are. `undefined`
   * drops the row, a list makes several of it. Not for promises: those are for `batch`.
   */
  readonly row: (row: RowOf<I>, context: RowContext) => PatchOf<C> | undefined | readonly PatchOf<C>[];
}

export interface BatchTransformOptions<I extends Columns, C extends Columns, P extends Partition> extends RowsOptions<I, C, P> {
  /** Rows → whole rows, as many as it likes. They may be awaited. */
  readonly batch: (rows: RowOf<I>[], context: RowContext) => readonly RowOf<C>[] | Promise<readonly RowOf<C>[]>;
  /** Rows in a batch. Default 1000. */
  readonly batchSize?: number;
}

export interface TransformProgram {
  /** The program and its arguments; no shell sees them. */
  readonly command: readonly [string, ...string[]];
  /** All of its environment beside PATH, HOME, LANG, TZ and TMPDIR. */
  readonly env?: Readonly<Record<string, RunValue>>;
  readonly cwd?: string;
  /** Megabytes of address space for each of its processes, where the system has `prlimit`. Default: no limit. */
  readonly memory?: number;
  /** Most rows that it may print. Default: no limit. */
  readonly maxRows?: number;
}

export interface ProgramTransformOptions<I extends Columns, C extends Columns, P extends Partition> extends RowsOptions<I, C, P> {
  /** Is given each row as a line of JSON on its standard input, and prints rows in the same way: see docs/transforms.md. */
  readonly program: TransformProgram;
}
