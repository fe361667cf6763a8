/**
 * Backfills: what each is to do, and how far it is.
 *
 * B1. A DAG has one backfill at a time.
 * B2. A run belongs to the backfill that made or cleared it last; a run that is queued or running is never made twice, nor taken.
 * B3. What a backfill is to do is fixed when it is created; what has become of it is decided when its turn comes.
 */
import type { BackfillEntry, BackfillMove, BackfillProgress, Instant, ReprocessBehavior } from '@headrace/core';
import type { Listed, Page } from './page.ts';

export interface NewBackfill {
  readonly dagId: string;
  /** Logical dates, both inclusive. */
  readonly from: Instant;
  readonly to: Instant;
  /** Already validated against the DAG's params. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly reprocess: ReprocessBehavior;
  readonly backwards: boolean;
  readonly maxActiveRuns: number;
  /** All tasks of a higher class get their slots before all of a lower one. Of an ordinary run: 0. */
  readonly priorityClass: number;
  /** The version of its runs. Absent: the DAG's newest when each is made or cleared. */
  readonly versionId?: string;
  readonly user?: string;
  readonly entries: readonly BackfillEntry[];
}

export interface BackfillRecord extends Omit<NewBackfill, 'entries'> {
  readonly backfillId: string;
  readonly paused: boolean;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  /** Nothing is left to do, or it was cancelled. */
  readonly completedAt?: Instant;
  readonly cancelledAt?: Instant;
}

/** What became of one date. */
export interface BackfillRunRecord {
  readonly position: number;
  readonly logicalDate: Instant;
  readonly partitionKey?: string;
  readonly state: 'waiting' | 'clearing' | 'made' | 'skipped';
  readonly reason?: string;
  readonly runId?: string;
}

/** A run of the backfill that must be cleared, and then noted as cleared. */
export interface RunToClear {
  readonly backfillId: string;
  readonly position: number;
  readonly dagId: string;
  readonly runId: string;
  readonly onLatestVersion: boolean;
}

export interface BackfillStep {
  /** Backfills that were open and taken in hand. */
  readonly open: number;
  /** Keys of the runs that were made. */
  readonly created: readonly string[];
  readonly toClear: readonly RunToClear[];
  /** Backfills of which nothing is left to do. */
  readonly completed: readonly string[];
}

export interface BackfillStore {
  /** Throws DagNotFoundError, BackfillRunningError. */
  create(backfill: NewBackfill): Promise<BackfillRecord>;
  get(backfillId: string): Promise<BackfillRecord | undefined>;
  /** Ordered by `id`, `-id` for the newest first. Any other column throws UnknownOrderError. */
  list(dagId: string, page: Page): Promise<Listed<BackfillRecord>>;
  /** In the order in which they are made. */
  runs(backfillId: string, page: Omit<Page, 'orderBy'>): Promise<Listed<BackfillRunRecord>>;
  /** Paused, it makes and starts no runs; those that run go on. Throws BackfillNotFoundError, BackfillEndedError. */
  setPaused(backfillId: string, paused: boolean): Promise<BackfillRecord>;
  /** It makes and starts no more runs; see `cancelledRuns` for those that wait. Throws BackfillNotFoundError, BackfillEndedError. */
  cancel(backfillId: string): Promise<BackfillRecord>;

  /** Runs that exist at these logical dates. */
  existing(dagId: string, logicalDates: readonly Instant[]): Promise<readonly ExistingRunRecord[]>;

  /**
   * Locks backfills that are open and not paused, of DAGs that are not paused either, asks for each what is to be done next, and does it:
   * one transaction, in which a backfill that another holds is passed over. At most `limit` dates of each are looked at.
   */
  advance(limit: number, decide: (progress: BackfillProgress) => readonly BackfillMove[]): Promise<BackfillStep>;
  /** The run was cleared, or cannot be: then `skipped` says why. */
  noteCleared(backfillId: string, position: number, skipped?: string): Promise<void>;
  /** Queued runs of cancelled backfills: they are to be cancelled, too. */
  cancelledRuns(limit: number): Promise<readonly { readonly dagId: string; readonly runId: string }[]>;
}

export interface ExistingRunRecord {
  readonly runKey: string;
  readonly runId: string;
  readonly logicalDate: Instant;
  readonly status: 'queued' | 'running' | 'success' | 'failed';
}

export class BackfillNotFoundError extends Error {
  readonly code = 'HR_BACKFILL_NOT_FOUND';
  constructor(backfillId: string) {
    super(`There is no backfill ${backfillId}`);
    this.name = 'BackfillNotFoundError';
  }
}

export class BackfillRunningError extends Error {
  readonly code = 'HR_BACKFILL_RUNNING';
  constructor(dagId: string, backfillId: string) {
    super(`DAG "${dagId}" already has a backfill, ${backfillId}, that has not ended: wait for it or cancel it`);
    this.name = 'BackfillRunningError';
  }
}

export class BackfillEndedError extends Error {
  readonly code = 'HR_BACKFILL_ENDED';
  constructor(backfillId: string) {
    super(`Backfill ${backfillId} has ended: create another`);
    this.name = 'BackfillEndedError';
  }
}
