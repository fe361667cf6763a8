/**
 * What tasks read and wrote: loads and checks.
 *
 * DR1. What an attempt tells is recorded in the transaction of its outcome, or not at all. One that failed tells of its checks, and of a load
 *      only if the rows were published all the same.
 * DR2. Records outlive the runs that they tell of, and are never changed.
 */
import type { Instant } from '@headrace/core';
import type { OfDags, Range } from './page.ts';

/** Values of a partition's columns, in the order of its folders. */
export type PartitionValues = Readonly<Record<string, string>>;

/** What a task tells of one place that it left rows in. Counts are whole numbers. */
export interface NewLoad {
  readonly kind: 'package' | 'lake' | 'table' | 'file' | 'delivery';
  readonly connection: string;
  /** A table, the path of a file, the content of a package, a request. */
  readonly place: string;
  readonly loadId?: string;
  readonly disposition?: string;
  readonly partition: PartitionValues;
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly rowsDeduplicated: number;
  readonly rowsQuarantined: number;
  readonly rowsInserted?: number;
  readonly rowsUpdated?: number;
  readonly rowsDeleted?: number;
  readonly rowsUnchanged?: number;
  readonly bytes?: number;
  /** Of a lake table's snapshot. */
  readonly version?: number;
  /** The target held exactly these rows before. */
  readonly unchanged: boolean;
  /** SHA-256 of the columns. */
  readonly schemaHash: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Differences between rows and table, as the SDK's `SchemaDrift`. */
  readonly drift?: readonly Readonly<Record<string, unknown>>[];
  /** The cursor that was moved, as the SDK's `CursorMove`, without the identities at its boundary. */
  readonly cursor?: Readonly<Record<string, unknown>>;
  /** Where rows that were kept aside are. */
  readonly quarantine?: string;
  /** Kept as the newest of the task, not with the load. */
  readonly lineage?: DataLineage;
}

/** A system and what it holds: the same place has the same connector, connection and name. */
export interface DataPlace {
  readonly connector: string;
  readonly connection: string;
  readonly name: string;
}

/** What rows were made of. */
export interface DataLineage {
  readonly reads: readonly (DataPlace & { readonly input?: string })[];
  readonly writes: readonly DataPlace[];
  /** Column written → the columns that its values come from. Absent where that cannot be told for certain. */
  readonly columns?: Readonly<Record<string, readonly { readonly input: string; readonly column: string }[]>>;
}

export interface NewCheck {
  readonly connection: string;
  readonly place: string;
  readonly partition: PartitionValues;
  readonly loadId?: string;
  /** `not_null`, `unique` … */
  readonly name: string;
  readonly columns: readonly string[];
  readonly severity: string;
  /** When it was made: on the way, on what was to be published, or afterwards. */
  readonly stage?: string;
  readonly ok: boolean;
  readonly count: number;
  readonly samples: readonly string[];
  /** What else the check says of itself. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

export interface DataReport {
  readonly loads: readonly NewLoad[];
  readonly checks: readonly NewCheck[];
}

interface OfTry {
  /** Grows: newer ones are greater. */
  readonly id: string;
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly attempt: number;
  readonly taskInstanceId: string;
}

export interface LoadRecord extends OfTry, Omit<NewLoad, 'lineage'> {
  readonly checks: number;
  readonly checksFailed: number;
  readonly intervalStart?: Instant;
  readonly intervalEnd?: Instant;
  readonly committedAt: Instant;
}

export interface CheckRecord extends OfTry, NewCheck {
  readonly at: Instant;
}

export interface DataFilter extends OfDags {
  readonly dagId?: string;
  readonly runId?: string;
  readonly taskId?: string;
  readonly mapIndex?: number;
  readonly connection?: string;
  readonly place?: string;
  /** As `partitionText` writes it. */
  readonly partition?: string;
  readonly at?: Range;
}

export interface LoadFilter extends DataFilter {
  readonly loadId?: string;
  /** Only those that kept rows aside, or differed from their table. */
  readonly quarantined?: boolean;
  readonly drifted?: boolean;
}

export interface CheckFilter extends DataFilter {
  readonly ok?: boolean;
  readonly name?: string;
}

/** Newest first, those older than `before` (an id). */
export interface NewestFirst {
  readonly limit: number;
  readonly before?: string;
}

export interface DataReportStore {
  loads(filter: LoadFilter, page: NewestFirst): Promise<readonly LoadRecord[]>;
  checks(filter: CheckFilter, page: NewestFirst): Promise<readonly CheckRecord[]>;
  /** The newest load of each partition of a place, by partition; those after `after`. */
  newestLoads(
    place: OfDags & { readonly connection: string; readonly place: string },
    page: { readonly limit: number; readonly after?: string },
  ): Promise<readonly LoadRecord[]>;
}

/** `day=2017-06-19/`, as the folders of a lake table; empty without a partition. */
export function partitionText(partition: PartitionValues): string {
  return Object.entries(partition)
    .map(([name, value]) => `${name}=${value}/`)
    .join('');
}
