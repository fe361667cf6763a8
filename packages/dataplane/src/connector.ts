/** What a connector is to the data plane: one interface for what rows come from, one for what they go to. */
import type { Transform } from 'node:stream';
import type {
  CheckResult,
  Column,
  Columns,
  ConnectionSettings,
  CursorMove,
  CursorState,
  DatasetResult,
  Disposition,
  DispositionName,
  OperationProgress,
  OperationRequest,
  Place,
  RowCounts,
  Source,
  TaskLog,
} from '@headrace/sdk';
import type { DuckSession, SqlValue } from './duckdb.ts';
import type { FileRoot } from './file-root.ts';
import type { Relation } from './relation.ts';

/** What the executors of one attempt share. */
export interface Work {
  readonly duck: DuckSession;
  /** The attempt's own directory. */
  readonly scratch: string;
  readonly signal: AbortSignal;
  readonly log: TaskLog;
  readonly context: OperationRequest['context'];
  readonly fence: OperationRequest['fence'];
  connection(id: string): ConnectionSettings;
  /** The root of a `file:` or `s3:` connection, opened once per attempt. */
  root(connection: string): Promise<FileRoot>;
  /** As often as one likes: it is thinned out on its way. */
  progress(progress: OperationProgress): void;
  /** See `OperationRequest`. Absent where nobody could answer. */
  readonly ask?: OperationRequest['ask'];
}

/** The slice of a source that a task wants. Bounds are text in the column type's own form (`column-types.ts`); `[from, to)`. */
export interface ReadRange {
  readonly column: string;
  readonly from?: string;
  readonly to?: string;
  /** Whether rows without a value in the column are wanted. */
  readonly missing: boolean;
}

/** What a source is asked for beyond what it is itself. */
export interface ReadOptions {
  /** A source that can reads only these rows; the data plane drops the others of one that cannot. */
  readonly range?: ReadRange;
  /** What the source gave as `Relation.position` when this task read it last. */
  readonly position?: unknown;
}

export interface SourceConnector {
  /** Finds the rows. Errors about the place itself (no such table, file, host) come from here. */
  open(source: Source, work: Work, options?: ReadOptions): Promise<Relation>;
}

/** Rows that have passed their checks and wait to be published. */
export interface StagedRows {
  readonly relation: Relation;
  /** SHA-256 over columns and content. */
  readonly hash: string;
  readonly counts: RowCounts;
  readonly checks: readonly CheckResult[];
}

export interface WriteRequest {
  readonly target: Place;
  readonly rows: StagedRows;
  readonly partition: Readonly<Record<string, string>>;
  readonly disposition: Disposition;
  readonly loadId: string;
  /** Of the load, for its record. Default 1. */
  readonly generation?: number;
  /** Changes of the table that the contract allows, to be made in the same commit. */
  readonly schema?: SchemaChange;
  /**
   * Moved in the same commit. Throws CursorMovedError when what is stored is neither `before` nor already `after`.
   */
  readonly cursor?: CursorMove;
  /** The rows are published only when this, run on the table as it would be, throws nothing. */
  readonly audit?: (table: AuditedTable) => Promise<void>;
  /** The same of the new rows alone. Asked only of rows that are `inside`. */
  readonly auditStaged?: (table: AuditedTable) => Promise<void>;
}

export interface SchemaChange {
  readonly add: readonly Column[];
  readonly widen: readonly Column[];
}

/** A table that can be asked with SQL of its own kind, before it is published. */
export interface AuditedTable {
  readonly dialect: 'duckdb' | 'postgres' | 'mysql';
  /** The table as it stands in `from`. */
  readonly sql: string;
  readonly columns: readonly Column[];
  /** Rows as text. */
  query(sql: string): Promise<readonly Readonly<Record<string, string | null>>[]>;
}

/** What it takes to reach a place: also outside of an attempt, where there is no DuckDB. */
export type Reach = Pick<Work, 'signal' | 'connection' | 'root'>;

/**
 * Cursors that are kept with the data of a place. A place without `settings.name` stands for the whole connection: `list` answers with
 * the cursors of all its tables.
 */
export interface CursorHome {
  read(place: Place, name: string, work: Reach): Promise<CursorState | undefined>;
  list(place: Place, work: Reach): Promise<readonly StoredCursor[]>;
  /** Sets or, with undefined, forgets a cursor, whatever it is. */
  set(place: Place, name: string, state: CursorState | undefined, work: Reach): Promise<void>;
}

export interface StoredCursor {
  readonly name: string;
  /** The table beside which it is kept, as a target names it. */
  readonly table: string;
  readonly state: CursorState;
  readonly updatedAt: Date;
  /** The load that moved it; absent when a person set it. */
  readonly loadId?: string;
}

/** A load whose rows could go from the source to the target without passing through DuckDB. */
export interface DirectRequest extends Omit<WriteRequest, 'rows'> {
  readonly source: Source;
  readonly read: ReadOptions;
  /** What the rows pass through on their way. */
  readonly through?: RowStage;
}

/** A function on the way of rows, which are lines of PostgreSQL's text of `COPY` before it and after it. */
export interface RowStage {
  /** After it. */
  readonly columns: readonly Column[];
  open(from: readonly Column[]): Transform & { readonly counts: { readonly read: number; readonly made: number } };
}

/** A query in SQL of the target's own kind, over what is on its server. */
export interface InsideQuery {
  readonly sql: string;
  readonly values: Readonly<Record<string, SqlValue>>;
  /** Names in the SQL → tables. */
  readonly names: Readonly<Record<string, string>>;
  /** The columns that it must give; without, its own. */
  readonly columns?: Columns;
  /** For messages. */
  readonly where: string;
}

export interface TargetConnector {
  /** The dispositions it knows. */
  readonly dispositions: readonly DispositionName[];
  /** Columns of the table as it is; undefined when there is none. For contracts. */
  columns?(target: Place, work: Work): Promise<readonly Column[] | undefined>;
  /** A `replace` gives the table the columns of the rows, where the contract does not speak against it. */
  readonly redefines?: boolean;
  /** Lets a table be asked, as it is. For checks after publishing, where `write` does not call `audit`. */
  inspect?<T>(target: Place, work: Work, use: (table: AuditedTable) => Promise<T>): Promise<T>;
  /** Rows of earlier loads into the table (of other partitions, for a partition), the latest first; not those of the load itself. */
  history?(target: Place, partition: Readonly<Record<string, string>>, loadId: string, work: Work): Promise<readonly number[]>;
  readonly cursors?: CursorHome;
  /**
   * Moves rows straight from a source of its own kind, with the same commit as `write`. Undefined when it cannot: then nothing was done.
   * Asked only where nothing has to see the rows on their way.
   */
  direct?(request: DirectRequest, work: Work): Promise<DatasetResult | undefined>;
  /** The rows of a query that runs on the target's own server, for `write` alone (`Relation.inside`). Throws SqlError, ColumnNotFoundError. */
  inside?(query: InsideQuery, target: Place, work: Work): Promise<Relation>;
  /** Makes the query a view, or changes the one that is there, in one step, by the same record and fence as a load. */
  view?(query: InsideQuery, request: Omit<WriteRequest, 'rows'>, work: Work): Promise<DatasetResult>;
  /** Publishes the rows in one step that cannot be seen half done. Throws FencedCommitError when the attempt was overtaken. */
  write(request: WriteRequest, work: Work): Promise<DatasetResult>;
}

/** Everything the executors are built of. Keys are the `connector` of sources and targets. */
export interface Connectors {
  readonly sources: Readonly<Record<string, SourceConnector>>;
  readonly targets: Readonly<Record<string, TargetConnector>>;
  openRoot(settings: ConnectionSettings): Promise<FileRoot>;
}
