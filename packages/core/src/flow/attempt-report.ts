import type { Instant, Milliseconds } from '../model/dag.ts';
import type { Decision } from '../model/flow-spec.ts';
import type { Wait } from '../model/wait-spec.ts';

/** How an attempt ended, as its worker saw it. `attemptOutcome` makes a state of it. */
export type AttemptReport =
  | { readonly outcome: 'success'; readonly decision?: Decision }
  | { readonly outcome: 'skipped'; readonly reason?: string }
  | { readonly outcome: 'failed'; readonly error: AttemptError }
  /** A sensor looked in vain, or a task's condition is looked at now and then: it looks again at `dueAt`. Not a try. */
  | { readonly outcome: 'rescheduled'; readonly dueAt: Instant; readonly wait?: Wait }
  /** It waits without a slot; it goes on, as the same try, when the wait has ended. */
  | { readonly outcome: 'deferred'; readonly wait: Wait }
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
