/**
 * A run as the core sees it: the status of the run and the state of each task, by the task's index in the compiled DAG.
 *
 * R1. A `RunState` is never changed; `step` returns another one.
 * R2. `tally` can always be derived from `tasks`; it is kept so that a finished task costs its edges, not the whole DAG.
 */
import type { Instant } from '../model/dag.ts';
import type { RunStatus, TaskState } from '../model/states.ts';

export interface RunState {
  readonly status: RunStatus;
  readonly tasks: readonly TaskState[];
  /** Per task, how many of its upstream tasks are in which terminal state. See `tally.ts`. */
  readonly tally: Uint32Array;
  /** How many tasks are not yet terminal. */
  readonly open: number;
}

/** A move of one task. `reason` is for people: the run's history shows it. */
export interface TaskChange {
  readonly task: number;
  readonly from: TaskState;
  readonly to: TaskState;
  readonly reason: string;
}

/**
 * What happened to a run. `now` and `dice` come from outside, so the same history always gives the same decisions.
 * Events may be late, doubled or out of order: each that names a task carries its attempt, and a stale one is ignored.
 */
export type RunEvent =
  | { readonly type: 'run.started' }
  /** The store committed this move (a slot was given, a worker claimed, an attempt ended). It is a fact, not a wish. */
  | { readonly type: 'task.moved'; readonly task: number; readonly to: TaskState }
  /** Many such facts at once, in the order of their commits: decided in one step, so a wide run costs one copy of its state. */
  | { readonly type: 'tasks.moved'; readonly moves: readonly { readonly task: number; readonly to: TaskState }[] }
  /**
   * The lease of a running attempt ended, or its message could not be delivered. `dice` in [0, 1) draws the jitter;
   * `triesBefore` (default 0) as for `attemptOutcome`.
   */
  | { readonly type: 'task.lost'; readonly task: number; readonly attempt: number; readonly dice: number; readonly triesBefore?: number }
  /**
   * Time passed: retries and reschedules that are due. It also makes every decision that was not yet made, so it is what a run
   * needs that was just loaded or cleared. The answer says when to call it again.
   */
  | { readonly type: 'tick' }
  /** A person ends the run: nothing more starts, live attempts are revoked, the run fails. */
  | { readonly type: 'run.cancelled' }
  /**
   * A person wants these tasks run anew; a finished run goes back to `queued`. Nothing else moves, and nothing is scheduled in
   * this step: the store must see the cleared state. The next `run.started` or `tick` goes on.
   */
  | { readonly type: 'tasks.cleared'; readonly tasks: readonly number[] };

/** Only what leaves the database. Moves are not effects: the shell saves them. */
export type Effect =
  /** Something is due at this instant (which may have come already): call `tick` then. */
  | { readonly type: 'wake'; readonly at: Instant }
  /** Whoever runs this attempt must stop it. */
  | { readonly type: 'revoke'; readonly task: number; readonly attempt: number }
  /** The run came into this status. */
  | { readonly type: 'announce'; readonly status: RunStatus };

export type Step =
  | {
      readonly kind: 'applied';
      readonly run: RunState;
      /** The moves the core decided on; the reported move of `task.moved` is not among them. Each task at most once. */
      readonly changes: readonly TaskChange[];
      readonly effects: readonly Effect[];
    }
  | { readonly kind: 'ignored'; readonly why: 'stale_attempt' | 'run_finished' | 'no_change' }
  | { readonly kind: 'rejected'; readonly why: 'unknown_task' | 'illegal_transition'; readonly detail: string };
