/**
 * What task instances wait for without a slot.
 *
 * W1. A wait is entered with the end of its attempt (`AttemptStore.finish`), or not at all; a task instance waits for one thing at a time.
 * W2. A wait counts while its task instance is in `deferred` or `awaiting_input` with the attempt that entered it. Whatever moves the
 *     task instance otherwise (clear, cancel, a new version) has ended its wait, told or not.
 * W3. A wait ends once: the first ending moves the task instance and is recorded, in one transaction; any other changes nothing.
 */
import type { AttemptError, Instant, RunStatus, TaskStatus, Wait } from '@headrace/core';
import type { NewNotice } from './notice-store.ts';
import type { Listed, OfDags, Page, Range } from './page.ts';

/** A wait that counts. Not `poll`: attempts look at those themselves. */
export interface OpenWait extends Wait {
  readonly waitId: string;
  readonly enteredAt: Instant;
  readonly runKey: string;
  readonly dagId: string;
  readonly runId: string;
  readonly versionId: string;
  readonly taskInstanceId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly attempt: number;
}

/** A wait for a run or a task of it, and what is there: nothing as long as the run is not. */
export interface WatchedRun extends OpenWait {
  readonly run?: RunStatus;
  /** States of the task's instances, each once. */
  readonly tasks?: readonly TaskStatus[];
}

export interface WaitEnding {
  readonly waitId: string;
  readonly outcome: 'met' | 'timeout' | 'failed';
  /** What becomes of the task instance; see the core's `afterWait`. */
  readonly to: 'scheduled' | 'failed' | 'skipped';
  readonly reason: string;
  /** JSON text: what was posted, answered or found. */
  readonly json?: string;
  /** Who answered; it is then in the run's history. */
  readonly user?: string;
  readonly error?: AttemptError;
  /** To be delivered, recorded with the ending or not at all. */
  readonly notices?: readonly NewNotice[];
}

/** What there is to look after. */
export interface WaitsStanding {
  /** When the next wait is due by its time or its timeout; it may have passed. */
  readonly nextDueAt?: Instant;
  readonly assets: boolean;
  readonly runs: boolean;
}

/** Which waits for runs to look at: those whose run is one of these, or those after this id. Absent: all. */
export interface WatchedRunFilter {
  readonly runKeys?: readonly string[];
  readonly afterId?: string;
}

export interface WaitRecord extends Omit<OpenWait, 'attempt'> {
  /** Of which try. */
  readonly tryNumber: number;
  /** Absent: it counts. `closed`: its task instance went on without it. */
  readonly ended?: {
    readonly at: Instant;
    readonly outcome: 'met' | 'timeout' | 'failed' | 'closed';
    readonly json?: string;
    readonly user?: string;
  };
}

export interface WaitFilter extends OfDags {
  readonly dagId?: string;
  readonly runId?: string;
  readonly taskId?: string;
  readonly mapIndex?: number;
  readonly tryNumber?: number;
  readonly kinds?: readonly Wait['condition']['kind'][];
  /** States of the task instances now. */
  readonly taskStatuses?: readonly TaskStatus[];
  /** Of one that is open, those that count; else all there ever were. */
  readonly open?: boolean;
  /** Only forms that name this user, or nobody. */
  readonly assignee?: string;
  /** `LIKE` patterns; the last two of forms. */
  readonly dagIdPattern?: string;
  readonly taskIdPattern?: string;
  readonly subjectPattern?: string;
  readonly bodyPattern?: string;
  /** Ended by one of these. */
  readonly users?: readonly string[];
  readonly enteredAt?: Range;
}

export interface WaitStore {
  standing(): Promise<WaitsStanding>;
  /** Waits whose time or timeout has come, the longest due first. */
  due(limit: number): Promise<readonly OpenWait[]>;
  /** Waits for assets, by id. */
  assetWaits(afterId: string | undefined, limit: number): Promise<readonly OpenWait[]>;
  /** Waits for runs, by id. */
  watchedRuns(filter: WatchedRunFilter, limit: number): Promise<readonly WatchedRun[]>;
  /** Answers with the ids of the waits that were ended by this call. */
  endWaits(endings: readonly WaitEnding[]): Promise<ReadonlySet<string>>;
  /** Marks waits as closed that do not count any more (W2). Answers with how many. */
  closeAbandoned(limit: number): Promise<number>;
  /** The wait of a webhook. It need not count any more. */
  byToken(tokenHash: string): Promise<WaitRecord | undefined>;
  /** Orders: `id`, `entered_at`, `timeout_at`. */
  waits(filter: WaitFilter, page: Page): Promise<Listed<WaitRecord>>;
}
