/**
 * A run as the core sees it: the status of the run and the state of each of its nodes, which are its task instances.
 *
 * R1. A `RunState` is never changed; `step` returns another one.
 * R2. `tally`, `open` and `index` can always be derived from the rest; they are kept so that a finished task costs its edges, not
 *     the whole run.
 */
import type { Instant } from '../model/dag.ts';
import type { RunStatus, TaskState } from '../model/states.ts';

export interface RunState {
  readonly status: RunStatus;
  /** By node: see `nodes`. */
  readonly tasks: readonly TaskState[];
  /** Which task instance each node is. Nodes keep their index for the life of the state; mapping and loops add nodes at the end. */
  readonly nodes: readonly RunNode[];
  /** What else of the run is kept; plain JSON. */
  readonly progress: RunProgress;
  /** The nodes that wait for the run before; undefined: not yet told, and all nodes of tasks that depend on it wait. */
  readonly pastUnmet: ReadonlySet<number> | undefined;
  /** Per task, how many nodes upstream of it are in which terminal state. See `tally.ts`. */
  readonly tally: Uint32Array;
  /** How many nodes are not yet terminal. */
  readonly open: number;
  /** Where the nodes of a task are, and how far spaces and groups have come. */
  readonly index: RunIndex;
}

/** What is derived from the nodes and their states, so that no decision looks through all of them. See `run-index.ts`. */
export interface RunIndex {
  /** Per task its node of map index −1 or 0. */
  readonly first: Int32Array;
  /** Per task in a space its nodes by map index, from 1; the entry at 0 is unused. */
  readonly more: ReadonlyMap<number, readonly (number | undefined)[]>;
  /** Per task, how many of its nodes are in each terminal state, in `none`, and in all: see `run-index.ts`. */
  readonly counts: Uint32Array;
  /** Per space, of a loop: the map index of its last iteration. */
  readonly iteration: Int32Array;
  /** Per barrier: nodes within that are not terminal, … */
  readonly unfinished: Int32Array;
  /** … and that are failed, but for teardowns that may fail. */
  readonly failed: Int32Array;
  /** Per barrier 1 when it is sure that it is over. */
  readonly passable: Uint8Array;
}

/** A task instance within a run. */
export interface RunNode {
  /** The task's index in the compiled DAG. */
  readonly task: number;
  /** −1: not mapped, or mapped and its length not yet known. Else the place of its item, or its iteration in a loop. */
  readonly mapIndex: number;
}

/** What a run remembers that its task instances do not say. Stored with the run as it is; `{}` is a run that has nothing to remember. */
export interface RunProgress {
  /** Nothing more starts but teardowns; when they have ended the run fails (or, if marked so, succeeds). */
  readonly ending?: { readonly why: 'cancelled' | 'timed_out' | 'marked'; readonly status: 'success' | 'failed' };
  /** Whole-run retries made so far. */
  readonly retries?: number;
  /** When the run, or a group of it, is run anew. */
  readonly retryAt?: Instant;
  /** By group id: times it was run anew, and when it will be. */
  readonly groups?: Readonly<Record<string, { readonly retries: number; readonly retryAt?: Instant }>>;
  /** When it was moved to running: the run's timeout counts from it. */
  readonly startedAt?: Instant;
}

/** A task instance that came to be while the run went on. */
export interface NewNode extends RunNode {
  readonly state: TaskState;
  readonly reason: string;
}

/** A move of one task. `reason` is for people: the run's history shows it. */
export interface TaskChange {
  /** The node. */
  readonly task: number;
  /** The node was not mapped, and now is the instance of this item. */
  readonly mapIndex?: number;
  /** Decided because the attempt was lost: not to be saved if its lease turns out to be valid. */
  readonly lost?: true;
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
   * `triesBefore` (default 0) as for `attemptOutcome`. `claimed`: it was seen with a worker. Claims need not be told, so one that is
   * known as queued here is taken to run, and is moved from there: if its worker has given it back since, the store finds it elsewhere.
   */
  | {
      readonly type: 'task.lost';
      readonly task: number;
      readonly attempt: number;
      readonly dice: number;
      readonly triesBefore?: number;
      readonly claimed?: boolean;
    }
  /**
   * Time passed: retries and reschedules that are due. It also makes every decision that was not yet made, so it is what a run
   * needs that was just loaded or cleared. The answer says when to call it again.
   */
  | { readonly type: 'tick' }
  /** A person ends the run: nothing more starts but teardowns (unless `teardowns` is false), live attempts are revoked, the run fails. */
  | { readonly type: 'run.cancelled'; readonly teardowns?: boolean }
  /**
   * A person wants these tasks run anew; a finished run goes back to `queued`. Nothing else moves, and nothing is scheduled in
   * this step: the store must see the cleared state. The next `run.started` or `tick` goes on.
   */
  | { readonly type: 'tasks.cleared'; readonly tasks: readonly number[] }
  /**
   * A person says what these task instances came to. Live attempts are revoked. After `success`, what had failed downstream is cleared;
   * successors are decided, at the next tick, as if it had happened. A finished run goes back to `queued` if something is open now,
   * else its outcome is found anew.
   */
  | { readonly type: 'tasks.marked'; readonly tasks: readonly number[]; readonly status: 'success' | 'failed' }
  /**
   * A person says what the run came to: what has not ended is skipped, what lives is revoked and failed; teardowns still run. A
   * finished run only changes its status.
   */
  | { readonly type: 'run.marked'; readonly status: 'success' | 'failed' }
  /**
   * How the run before stands: the nodes whose `dependsOnPast` or `waitForDownstream` is not yet met. Until it is first told, all
   * nodes of such tasks wait. Without a run before, tell an empty list.
   */
  | { readonly type: 'past.told'; readonly unmet: readonly number[] };

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
      /** Task instances that are new; the first has the index `nodes.length` of the run before the step. */
      readonly created: readonly NewNode[];
      readonly effects: readonly Effect[];
    }
  | { readonly kind: 'ignored'; readonly why: 'stale_attempt' | 'run_finished' | 'no_change' }
  | { readonly kind: 'rejected'; readonly why: 'unknown_task' | 'illegal_transition'; readonly detail: string };
