/** What a connector is to the data plane: one interface for what rows come from, one for what they go to. */
import type {
  CheckResult,
  ConnectionSettings,
  DatasetResult,
  Disposition,
  OperationRequest,
  Place,
  RowCounts,
  Source,
  TaskLog,
} from '@headrace/sdk';
import type { DuckSession } from './duckdb.ts';
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
}

export interface SourceConnector {
  /** Finds the rows. Errors about the place itself (no such table, file, host) come from here. */
  open(source: Source, work: Work): Promise<Relation>;
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
}

export interface TargetConnector {
  /** The dispositions it knows. */
  readonly dispositions: readonly ('append' | 'replace' | 'replace-partition' | 'merge')[];
  /** Publishes the rows in one step that cannot be seen half done. Throws FencedCommitError when the attempt was overtaken. */
  write(request: WriteRequest, work: Work): Promise<DatasetResult>;
}

/** Everything the executors are built of. Keys are the `connector` of sources and targets. */
export interface Connectors {
  readonly sources: Readonly<Record<string, SourceConnector>>;
  readonly targets: Readonly<Record<string, TargetConnector>>;
  openRoot(settings: ConnectionSettings): Promise<FileRoot>;
}
