/** What the pool is asked to run, and what it answers. */
import type { AttemptReport } from '@headrace/core';
import type { ClaimedAttempt, StoredResult } from '@headrace/ports';
import type { ConnectionSettings } from '@headrace/sdk';

export interface AttemptRequest {
  readonly attempt: ClaimedAttempt;
  /** The bundle of the run's version, as `writeBundle` left it. */
  readonly bundle: { readonly hash: string; readonly path: string };
  /** Upstream task id → its result. A task without a result is absent. */
  readonly results: ReadonlyMap<string, StoredResult>;
  /** Those that the task declared, no other. */
  readonly connections: readonly ConnectionSettings[];
  /** From its start in a task process. */
  readonly timeoutMs: number;
}

/**
 * Why an attempt is stopped. `cancelled`: a person or the scheduler took it back. `interrupted`: the worker shuts down.
 * `lease_lost`: somebody else may run it by now, so it is killed without grace.
 */
export type StopReason = 'cancelled' | 'interrupted' | 'lease_lost';

export interface RunHooks {
  /** Aborted with a StopReason as its reason. */
  readonly signal?: AbortSignal;
  /** Rejects with NotStartedError when no process was free within this time. Absent: waits for ever. */
  readonly startWithinMs?: number;
  /** A process has begun with it. */
  onStart?(): void;
  /** Its process is free again; log and result are still being stored. */
  onFreed?(runMs: number): void;
}

export interface AttemptResult {
  readonly report: AttemptReport;
  readonly result?: StoredResult;
  /** Absent when the attempt wrote nothing. */
  readonly logKey?: string;
  readonly stopped?: StopReason | 'timeout';
}
