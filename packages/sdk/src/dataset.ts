/**
 * What flows between extract, load, transform and export: descriptions of places (`Source`, `Target`), and the small JSON
 * results of tasks that name where rows are. Rows themselves never pass through a task's result.
 *
 * A description is plain data and may hold references (`interval.day`); what executes it is found by `connector`.
 */
import type { CheckResult } from './check-result.ts';
import type { Column, Columns } from './columns.ts';
import type { SchemaDrift } from './contract.ts';
import type { CursorMove } from './cursor.ts';
import type { Reference, TaskDefinition } from './definition.ts';

/** A place as plain data. */
export interface Place {
  /** Whose place it is: `postgres`, `files`, `lake`. */
  readonly connector: string;
  readonly connection: string;
  /** What it is to the connector: `table`, `query`, `csv` … */
  readonly kind: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Where rows can be read. */
export interface Source<C extends Columns = Columns> extends Place {
  readonly columns?: C;
  /**
   * It gives what it did not give before, and remembers by a position of its own (files seen, a place in a log). A task that reads it has
   * a cursor even without a column, and every run of it moves that cursor: a position is no range that an interval could choose.
   */
  readonly remembers?: true;
  /** Only for the compiler. */
  readonly __provides?: C;
}

/** Where rows can be written. A target that declares columns takes only rows that have them. */
export interface Target<C extends Columns = Columns> extends Place {
  /** What an export does where it says nothing, if it is not `replace`: a place that only takes rows can replace none. */
  readonly defaultDisposition?: 'append';
  /** Only for the compiler. */
  readonly __accepts?: (rows: C) => void;
}

/** A target for rows with the columns `C`: any target where the columns are not declared. */
export type TargetOf<C extends Columns> = Target<C> | (string extends keyof C ? Target<never> : never);

/** A task that leaves rows somewhere. */
export interface DatasetTask<C extends Columns = Columns, R extends DatasetResult = DatasetResult> extends TaskDefinition<R> {
  /** Only for the compiler. */
  readonly __columns?: C;
}

/** Column name → value, in the order of the folders: `{ day: interval.day }` becomes `day=2017-06-19/`. */
export type Partition = Readonly<Record<string, string | Reference<string>>>;

/** The columns that a partition adds. */
export type PartitionColumns<P extends Partition> = { readonly [K in keyof P]: 'date' | 'text' };

export interface RowCounts {
  /** Rows that came in: always `out + deduplicated + quarantined`. */
  readonly in: number;
  readonly out: number;
  readonly deduplicated: number;
  readonly quarantined: number;
}

/** What is told of every dataset that a task read or wrote. */
export interface DatasetFacts {
  readonly columns: readonly Column[];
  readonly checks: readonly CheckResult[];
  /** Where rows that were kept aside are. */
  readonly quarantine?: string;
  /** Differences between the rows and the table, and what was done about them. */
  readonly drift?: readonly SchemaDrift[];
  /** Tables that were loaded with these rows, of lists inside them. */
  readonly nested?: readonly NestedLoad[];
  /** Of a package: the cursor that its load is to move. Of a load: the cursor that it moved. */
  readonly cursor?: CursorMove;
  /** Of a function or program over rows: what it was given, and what it made of it. `counts.in` are the rows that it made or failed at. */
  readonly transformed?: TransformedRows;
  readonly lineage?: Lineage;
}

export interface TransformedRows {
  readonly read: number;
  /** Rows of which nothing was made, on purpose. */
  readonly dropped: number;
  readonly failed: number;
  readonly made: number;
}

/** What was read and written. A place is `connector:connection/name`; a task's rows are those of the place that it wrote. */
export interface Lineage {
  readonly reads: readonly LineagePlace[];
  readonly writes: readonly LineagePlace[];
  /** Column written → the columns that its values come from. Absent where that cannot be told for certain. */
  readonly columns?: Readonly<Record<string, readonly { readonly input: string; readonly column: string }[]>>;
}

export interface LineagePlace {
  /** Of `reads`: the name that the operation calls it by. */
  readonly input?: string;
  readonly connector: string;
  readonly connection: string;
  readonly name: string;
}

/** A table that a list inside nested data became. */
export interface NestedLoad {
  readonly table: string;
  readonly rows: number;
  readonly loadId?: string;
  readonly columns: readonly Column[];
}

/** Rows of an extract: Parquet files that are never changed, under their content's name. */
export interface PackageResult extends DatasetFacts {
  readonly kind: 'package';
  /** The connection under whose root the package lies. */
  readonly connection: string;
  /** SHA-256 of the content. */
  readonly package: string;
  readonly files: readonly { readonly path: string; readonly rows: number; readonly bytes: number }[];
  readonly rows: number;
  readonly bytes: number;
  readonly counts: RowCounts;
}

/** Rows that a load or a transform wrote to a lake table. */
export interface LakeResult extends DatasetFacts {
  readonly kind: 'lake';
  readonly connection: string;
  readonly table: string;
  /** Empty for a table without partitions. */
  readonly partition: Readonly<Record<string, string>>;
  /** Version of the table's manifest that has these rows. */
  readonly version: number;
  readonly loadId: string;
  /** The table already held exactly this load: nothing was written. */
  readonly unchanged: boolean;
  readonly rows: number;
  readonly bytes: number;
  readonly counts: RowCounts;
}

/** Rows that a load or an export wrote to a table of a database. */
export interface TableResult extends DatasetFacts {
  readonly kind: 'table';
  readonly connection: string;
  readonly table: string;
  readonly loadId: string;
  readonly rows: number;
  readonly counts: RowCounts;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly unchanged: number;
}

/** A file that an export published. */
export interface FileResult extends DatasetFacts {
  readonly kind: 'file';
  readonly connection: string;
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
}

/** Rows that an export sent to an API, each by a request that a retry of the task does not send again. */
export interface DeliveryResult extends DatasetFacts {
  readonly kind: 'delivery';
  readonly connection: string;
  /** `POST /orders`. */
  readonly request: string;
  readonly loadId: string;
  /** Delivered, by this attempt or one before it: `counts.out`. */
  readonly rows: number;
  /** `quarantined` are those that the API refuses; they are tried again when the task is. */
  readonly counts: RowCounts;
  /** Of `rows`, those that an attempt before this one has delivered. */
  readonly deliveredBefore: number;
  /** Requests that were sent, with those that were repeated. */
  readonly requests: number;
}

export type DatasetResult = PackageResult | LakeResult | TableResult | FileResult | DeliveryResult;
