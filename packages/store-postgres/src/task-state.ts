/** Task states as rows and as the core's tagged unions: the only place that converts. */
import type { Decision, Instant, TaskState, TaskStatus } from '@headrace/core';

export interface StateColumns {
  readonly state: TaskStatus;
  readonly attempt: number;
  readonly due_at: Instant | null;
  readonly decision?: Decision | null;
}

export function stateOf({ state: status, attempt, due_at, decision }: StateColumns): TaskState {
  switch (status) {
    case 'up_for_retry':
    case 'up_for_reschedule':
      // A wait without an end would never be looked at again; a row that lost its due time is due.
      return { status, attempt, dueAt: due_at ?? 0 };
    case 'success':
      return decision === undefined || decision === null ? { status, attempt } : { status, attempt, decision };
    case 'deferred':
    case 'awaiting_input':
      return due_at === null ? { status, attempt } : { status, attempt, dueAt: due_at };
    default:
      return { status, attempt };
  }
}

export function dueAtOf(state: TaskState): Instant | undefined {
  return 'dueAt' in state ? state.dueAt : undefined;
}
