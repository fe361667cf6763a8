import type { Milliseconds } from '../model/dag.ts';

/** How an attempt ended, as its worker saw it. `attemptOutcome` makes a state of it. */
export type AttemptReport =
  | { readonly outcome: 'success' }
  | { readonly outcome: 'skipped'; readonly reason?: string }
  | { readonly outcome: 'failed'; readonly error: AttemptError }
  /** The worker stopped it and it did not fail by itself (drain): the try does not count. */
  | { readonly outcome: 'interrupted' };

export interface AttemptError {
  /** The error's class name, e.g. `TypeError`, or one of Headrace's: `ExecutionTimeout`, `OutOfMemory`, `ProcessExit`, `AttemptLost`. */
  readonly name: string;
  readonly message: string;
  /** e.g. `ECONNREFUSED`, `HR_CHECK_FAILED`. */
  readonly code?: string;
  /** With positions in the DAG's source files. */
  readonly stack?: string;
  /** `false`: fail now whatever the policy says. */
  readonly retryable?: boolean;
  /** Wait this long before the next try, instead of the policy's delay. */
  readonly retryAfterMs?: Milliseconds;
}
