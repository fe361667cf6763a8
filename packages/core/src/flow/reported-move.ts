/**
 * What to make of a report that a task is now in some state. Reports tell of committed facts, but may be late, doubled, or
 * leave out steps in between.
 */

import { isTerminal, type TaskState, type TaskStatus } from '../model/states.ts';
import { isLegalMove, isOnlyMarked, isReportable } from '../model/transitions.ts';
import type { Step } from './run.ts';

/** In these a task has no attempt under way: its number is that of the last one, and the next one is one higher. */
const BETWEEN_ATTEMPTS: ReadonlySet<TaskStatus> = new Set([
  'none',
  'scheduled',
  'up_for_retry',
  'up_for_reschedule',
  'deferred',
  'awaiting_input',
]);

/** A task comes into these only with an attempt. */
const NEEDS_ATTEMPT: ReadonlySet<TaskStatus> = new Set([
  'queued',
  'running',
  'restarting',
  'success',
  'up_for_retry',
  'up_for_reschedule',
  'deferred',
  'awaiting_input',
]);

/** A cleared task may come into these without another attempt: then its number is still that of one that ended otherwise. */
const WITHOUT_ATTEMPT: ReadonlySet<TaskStatus> = new Set(['skipped', 'upstream_failed', 'removed']);

type Judgement = 'accept' | Exclude<Step, { kind: 'applied' }>;

const STALE: Judgement = { kind: 'ignored', why: 'stale_attempt' };

export function judgeReport(taskId: string, known: TaskState, reported: TaskState): Judgement {
  const sameAttempt = reported.attempt === known.attempt;
  if (sameAttempt && reported.status === known.status) return { kind: 'ignored', why: 'no_change' };
  if (NEEDS_ATTEMPT.has(reported.status) && reported.attempt < 1)
    return illegal(taskId, known, reported, 'a state of an attempt needs an attempt number');
  if (reported.attempt < known.attempt) return STALE;
  if (sameAttempt) {
    if (BETWEEN_ATTEMPTS.has(known.status)) {
      if (NEEDS_ATTEMPT.has(reported.status) || isOnlyMarked(known.status, reported.status)) return STALE;
      return isLegalMove(known.status, reported.status) ? 'accept' : STALE;
    }
    if (isReportable(known.status, reported.status)) return 'accept';
    const late =
      WITHOUT_ATTEMPT.has(known.status) ||
      // The gate of a loop at its cap is failed after its attempt succeeded.
      (known.status === 'failed' && reported.status === 'success') ||
      isReportable(reported.status, known.status) ||
      (isTerminal(known.status) && !isTerminal(reported.status));
    return late ? STALE : illegal(taskId, known, reported, 'no move leads there');
  }
  const begun = known.status === 'scheduled' && reported.attempt === known.attempt + 1 && isReportable(known.status, reported.status);
  return begun ? 'accept' : illegal(taskId, known, reported, 'decisions in between are not known here; load the run anew');
}

function illegal(taskId: string, known: TaskState, reported: TaskState, because: string): Judgement {
  const detail = `Task "${taskId}" is ${known.status} (attempt ${known.attempt}) and was reported ${reported.status} (attempt ${reported.attempt}): ${because}`;
  return { kind: 'rejected', why: 'illegal_transition', detail };
}
