/**
 * The states of task instances and runs, and the moves between them, as values.
 *
 * S1. A combination that cannot be (a running task without an attempt) cannot be written: states are tagged unions.
 * S2. `TASK_TRANSITIONS` is the whole table; a move that is not in it does not happen anywhere in Headrace.
 * S3. Names are Airflow's.
 */

import type { Decision } from './flow-spec.ts';
import type { Instant } from './instant.ts';

/**
 * `attempt` counts the tries begun so far: 0 before the first, n while and after try n. It is Airflow's `try_number`,
 * and with the attempt's id in the store it is the fence that keeps a late attempt from changing anything.
 */
export type TaskState =
  | { readonly status: 'none'; readonly attempt: number }
  /** Its trigger rule is met; it waits for a slot. */
  | { readonly status: 'scheduled'; readonly attempt: number }
  /** It has a slot and a message in its queue. */
  | { readonly status: 'queued'; readonly attempt: number }
  | { readonly status: 'running'; readonly attempt: number }
  /** A running attempt was told to stop so that the task can be run anew (clear of a running task). */
  | { readonly status: 'restarting'; readonly attempt: number }
  | { readonly status: 'up_for_retry'; readonly attempt: number; readonly dueAt: Instant }
  | { readonly status: 'up_for_reschedule'; readonly attempt: number; readonly dueAt: Instant }
  | { readonly status: 'deferred'; readonly attempt: number; readonly dueAt?: Instant }
  | { readonly status: 'awaiting_input'; readonly attempt: number; readonly dueAt?: Instant }
  | { readonly status: 'success'; readonly attempt: number; readonly decision?: Decision }
  | { readonly status: 'failed'; readonly attempt: number }
  | { readonly status: 'skipped'; readonly attempt: number }
  | { readonly status: 'upstream_failed'; readonly attempt: number }
  | { readonly status: 'removed'; readonly attempt: number };

export type TaskStatus = TaskState['status'];

export type RunStatus = 'queued' | 'running' | 'success' | 'failed';

export type RunType = 'scheduled' | 'manual' | 'backfill' | 'asset_triggered' | 'asset_materialization';

/** The states in which a task instance has nothing more to do. */
export const TERMINAL_STATUSES = ['success', 'failed', 'skipped', 'upstream_failed', 'removed'] as const satisfies readonly TaskStatus[];
export type TerminalStatus = (typeof TERMINAL_STATUSES)[number];

const terminal: ReadonlySet<TaskStatus> = new Set(TERMINAL_STATUSES);

export function isTerminal(status: TaskStatus): status is TerminalStatus {
  return terminal.has(status);
}

/** The states in which a task instance holds slots of its pool. */
export const SLOT_STATUSES = ['queued', 'running', 'restarting'] as const satisfies readonly TaskStatus[];
