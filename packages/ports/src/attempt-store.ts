/**
 * What a worker asks of the store. Calls are single, the adapter batches them: many callers, one statement.
 *
 * A1. Every write is guarded by the attempt id: an attempt that was replaced, cancelled or reaped changes nothing.
 * A2. A repeated call by the same worker for the same attempt gives the same answer (a lost response is not an error).
 */
import type { AttemptError, DagSpec, Instant, RunType, TaskState, Wait, WaitCondition } from '@headrace/core';
import type { NewAssetEvent } from './asset-store.ts';
import type { DataReport } from './data-report-store.ts';
import type { NewNotice } from './notice-store.ts';

export interface AttemptRef {
  readonly taskInstanceId: string;
  readonly attemptId: string;
}

/** Everything that is needed to run an attempt, except the bundle and the results of upstream tasks. */
export interface ClaimedAttempt extends AttemptRef {
  readonly runKey: string;
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly attempt: number;
  /** Attempts that do not count against the retries (before a clear, interrupted): for the core's `attemptOutcome`. */
  readonly triesBefore: number;
  readonly maxTries: number;
  /** The store's time of the claim: what is due is counted by the store's clock, whatever the worker's shows. */
  readonly claimedAt: Instant;
  readonly versionId: string;
  readonly runType: RunType;
  readonly logicalDate?: Instant;
  readonly intervalStart?: Instant;
  readonly intervalEnd?: Instant;
  readonly runAfter: Instant;
  readonly params: Readonly<Record<string, unknown>>;
  readonly partitionKey?: string;
  /** Waits of this try that have ended, oldest first: the task is run from its beginning and finds their results by key. */
  readonly waits?: readonly EndedWait[];
  /** A `poll` of this try that has not been answered: this attempt looks again. */
  readonly openWait?: Wait;
  /** When this attempt was ready for a slot. */
  readonly scheduledAt?: Instant;
  /** When it got one. */
  readonly queuedAt?: Instant;
  /** The W3C `traceparent` of what asked for its run. */
  readonly traceParent?: string;
  /** When the first attempt of this task instance began, since the last clear: total timeouts count from it. */
  readonly firstStartedAt?: Instant;
}

export interface EndedWait {
  readonly key: string;
  /** A task that, run anew, waits for something else here is not the task that waited. */
  readonly condition: WaitCondition;
  /** `timeout`: it was given up, and the task goes on all the same. `failed`: it came to a state that fails the wait. */
  readonly outcome: 'met' | 'timeout' | 'failed';
  /** JSON text: what was posted, answered or found. */
  readonly json?: string;
}

/** The attempt with which a task instance succeeded: whose result it is. */
export interface ResultRef {
  readonly taskInstanceId: string;
  readonly attempt: number;
}

/** A task's result: encoded JSON text inline, or the key of an object when it is larger than the inline limit. */
export type StoredResult =
  | { readonly kind: 'inline'; readonly json: string }
  | { readonly kind: 'object'; readonly key: string; readonly size: number };

export interface FinishedAttempt extends AttemptRef {
  /**
   * As decided by the core's `attemptOutcome`. An attempt that was told to restart ends as `none` whatever stands here.
   * One that goes back to `scheduled` was interrupted: it is added to the attempts that do not count (`triesBefore`).
   */
  readonly to: TaskState;
  readonly error?: AttemptError;
  readonly result?: StoredResult;
  /** Object key of the attempt's log. */
  readonly logKey?: string;
  /** What the task waits for now. With `deferred`, `awaiting_input` and `up_for_reschedule`. */
  readonly wait?: Wait;
  /** Waits that began or went on in this attempt and ended in it, in order. */
  readonly endedWaits?: readonly EndedWait[];
  /** Events of its outlets, recorded with the success or not at all. */
  readonly assetEvents?: readonly NewAssetEvent[];
  /** What it read and wrote, recorded with the outcome or not at all. */
  readonly data?: DataReport;
  /** To be delivered, recorded with the outcome or not at all. */
  readonly notices?: readonly NewNotice[];
  /** How the instance of a mapped task is shown. */
  readonly mapLabel?: string;
}

export interface WorkerRegistration {
  readonly workerId: string;
  readonly hostname: string;
  readonly pid: number;
  readonly queues: readonly string[];
  /** Attempts it runs at once. */
  readonly slots: number;
}

export interface AttemptStore {
  /** Registers or renews the worker itself, so that its slots count. */
  register(worker: WorkerRegistration, ttlMs: number): Promise<void>;
  unregister(workerId: string): Promise<void>;

  /** queued → running under a lease. Undefined: not to be run (replaced, cancelled, already run); forget the message. */
  claim(ref: AttemptRef, workerId: string, leaseMs: number): Promise<ClaimedAttempt | undefined>;
  /** Renews all leases of the worker in one statement. Answers with the attempts that are still its own to run; any other must be stopped at once. */
  renew(refs: readonly AttemptRef[], workerId: string, leaseMs: number): Promise<readonly string[]>;
  /** Running → the state given. False: fenced; the outcome was not recorded and must be dropped. */
  finish(outcome: FinishedAttempt, workerId: string): Promise<boolean>;
  /** running → queued, same attempt, as if it had not been claimed (a drain, or no free process). The caller still holds or re-sends the message. */
  release(ref: AttemptRef, workerId: string): Promise<boolean>;

  /** Results of these tasks of the run, of their newest successful attempt. A task without one is absent. */
  results(runKey: string, taskIds: readonly string[]): Promise<ReadonlyMap<string, StoredResult>>;
  /** Of each of these tasks the instance with this map index, if it has succeeded. */
  resultRefs(runKey: string, taskIds: readonly string[], mapIndex: number): Promise<ReadonlyMap<string, ResultRef>>;
  /** Of a task that is repeated: all its instances that have succeeded, by map index. */
  mappedRefs(runKey: string, taskId: string): Promise<readonly ResultRef[]>;
  /**
   * The instance of `taskId` in this place among those that have succeeded, if it is known without counting: none of them has failed,
   * since there are as many as of `consumerId`, which is mapped over it alone.
   */
  refInStep(runKey: string, taskId: string, consumerId: string, mapIndex: number): Promise<ResultRef | undefined>;
  /** The results of these, in their order; undefined for one without. */
  resultsOf(refs: readonly ResultRef[]): Promise<readonly (StoredResult | undefined)[]>;
  /** The bundle of a DAG version. */
  bundle(versionId: string): Promise<StoredBundle>;

  /** Calls back with attempt ids that must stop. The answer ends the subscription. */
  onRevoked(listener: (attemptIds: readonly string[]) => void): Promise<() => Promise<void>>;
}

export interface StoredBundle {
  readonly versionId: string;
  readonly dagId: string;
  /** Content hash of the code. */
  readonly hash: string;
  /** One ES module. */
  readonly code: string;
  readonly sourceMap?: string;
  /** The DAG file, relative to the DAG folder. */
  readonly file: string;
  readonly spec: DagSpec;
}
