/**
 * What becomes of a task when an attempt of it ends.
 *
 * O1. The attempt number never falls and never stays for a second try: it is the fence against late writes. What does not count
 *     as a try is therefore counted apart, in `triesBefore`: the number of attempts so far that were made before the last clear,
 *     were interrupted, or only looked and were rescheduled. Try number = attempt − triesBefore.
 * O2. An interrupted attempt goes back to `scheduled` with its attempt number; whoever saves that adds one to `triesBefore`.
 */

import type { Instant, Milliseconds, RetryRule, TaskSpec } from '../model/dag.ts';
import type { TaskState, TaskStatus } from '../model/states.ts';
import type { AttemptError, AttemptReport } from './attempt-report.ts';
import { retryDelay } from './backoff.ts';

/** The error of an attempt whose lease ended, or whose message could not be delivered. */
export const ATTEMPT_LOST: AttemptError = {
  name: 'AttemptLost',
  message: 'The attempt stopped renewing its lease: its worker died, was cut off, or never got the message',
};

/**
 * The state after an attempt ended as reported.
 * @param dice in [0, 1): draws the jitter of the retry delay.
 * @param triesBefore attempts that do not count against `retries.max` (see O1).
 */
export function attemptOutcome(
  task: Pick<TaskSpec, 'retries'>,
  attempt: number,
  report: AttemptReport,
  now: Instant,
  dice: number,
  triesBefore = 0,
): TaskState {
  switch (report.outcome) {
    case 'success':
      return report.decision === undefined ? { status: 'success', attempt } : { status: 'success', attempt, decision: report.decision };
    case 'skipped':
      return { status: 'skipped', attempt };
    case 'rescheduled':
      return { status: 'up_for_reschedule', attempt, dueAt: report.dueAt };
    case 'deferred': {
      const { condition, timeoutAt } = report.wait;
      const dueAt = condition.kind === 'time' ? Math.min(condition.at, timeoutAt ?? Infinity) : timeoutAt;
      const status = condition.kind === 'input' ? 'awaiting_input' : 'deferred';
      return dueAt === undefined ? { status, attempt } : { status, attempt, dueAt };
    }
    case 'interrupted':
      return { status: 'scheduled', attempt };
    case 'failed': {
      const { error } = report;
      const tryNumber = attempt - triesBefore;
      const rule = task.retries.rules.find((candidate) => matches(candidate, error));
      const final = error.retryable === false || rule?.action === 'fail' || tryNumber > task.retries.max;
      if (final) return { status: 'failed', attempt };
      const delay = retryDelay(task.retries, tryNumber, dice, askedDelay(error) ?? rule?.delayMs);
      return { status: 'up_for_retry', attempt, dueAt: now + delay };
    }
  }
}

function matches(rule: RetryRule, error: AttemptError): boolean {
  return rule.error === error.name || rule.error === error.code;
}

/** User code may ask for nonsense (NaN from a bad header); then the policy decides. */
function askedDelay(error: AttemptError): Milliseconds | undefined {
  return error.retryAfterMs !== undefined && Number.isFinite(error.retryAfterMs) ? error.retryAfterMs : undefined;
}

export interface DecidedEnd {
  readonly from: TaskStatus;
  readonly to: TaskState;
  readonly reason: string;
  readonly lost?: true;
}

/**
 * The error of an attempt that a decision ended, not its worker: it was lost, or its run took too long or was ended by a person.
 * Undefined: the decision ended none.
 */
export function errorOfDecision({ from, to, reason, lost }: DecidedEnd): AttemptError | undefined {
  if ((from !== 'queued' && from !== 'running') || (to.status !== 'failed' && to.status !== 'up_for_retry')) return undefined;
  return lost === true ? ATTEMPT_LOST : { name: 'Stopped', code: 'HR_STOPPED', message: reason };
}
