/**
 * What the scheduler asks of the store. Every method is one transaction and safe to repeat.
 *
 * T1. Only these methods and those of `AttemptStore` and `CommandStore` move task instances, each by compare-and-set on
 *     the state (and attempt) it expects.
 * T2. Leases and due times are compared with the store's own clock, never with a process's.
 */
import type {
  Admission,
  Candidate,
  Capacity,
  DagSpec,
  Exclusion,
  Instant,
  RunProgress,
  RunStatus,
  RunType,
  TaskLimits,
  TaskState,
  TaskStatus,
  UnendedRun,
} from '@headrace/core';
import type { NewNotice } from './notice-store.ts';

/** A run with all its task instances, as read in one snapshot. */
export interface LoadedRun {
  /** The store's own id of the run; `runId` is the user's name for it. */
  readonly runKey: string;
  readonly dagId: string;
  readonly runId: string;
  readonly versionId: string;
  readonly status: RunStatus;
  /** Rises with every command (clear, cancel, mark) on the run: a decision taken on an older one is not saved. */
  readonly revision: number;
  readonly progress: RunProgress;
  readonly runType?: RunType;
  readonly logicalDate?: Instant;
  readonly intervalStart?: Instant;
  readonly intervalEnd?: Instant;
  readonly partitionKey?: string;
  /** When it was due. */
  readonly runAfter?: Instant;
  /** The W3C `traceparent` of what asked for it. */
  readonly traceParent?: string;
  readonly tasks: readonly LoadedTask[];
}

export interface LoadedTask {
  readonly taskInstanceId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly state: TaskState;
}

export interface TaskInstanceChange {
  readonly taskInstanceId: string;
  readonly from: TaskStatus;
  readonly fromAttempt: number;
  readonly to: TaskState;
  readonly reason: string;
  /** The instance was not mapped, and now is that of this item. */
  readonly mapIndex?: number;
  /** Decided because the attempt was lost. If its lease is valid after all, the decision on the run is stale. */
  readonly lost?: true;
}

/** A task instance that comes to be while its run goes on. */
export interface CreatedTaskInstance extends NewTaskInstance {
  readonly mapIndex: number;
  readonly reason: string;
}

export interface RunDecision {
  readonly runKey: string;
  readonly revision: number;
  /** The run's new status, when it changes. */
  readonly status?: RunStatus;
  readonly changes: readonly TaskInstanceChange[];
  readonly created?: readonly CreatedTaskInstance[];
  /** When it changes. */
  readonly progress?: RunProgress;
  /** To be delivered, recorded with the decision or not at all. */
  readonly notices?: readonly NewNotice[];
  /** With a status that ends the run, of a DAG that pauses itself after so many failed runs in a row: counted with the decision. */
  readonly failureStreak?: FailureStreak;
}

export interface FailureStreak {
  readonly limit: number;
  /** Told when it pauses the DAG. */
  readonly notices: readonly NewNotice[];
}

export interface DecisionBatch {
  readonly schedulerId: string;
  readonly runs: readonly RunDecision[];
}

export interface QueuedTask {
  readonly runKey: string;
  readonly taskInstanceId: string;
  readonly attempt: number;
  readonly attemptId: string;
  readonly sequence: number;
  readonly queue: string;
  readonly priority: number;
}

export interface DecisionResult {
  /** Runs of which nothing was saved, because the store has moved on: reload them and decide again. */
  readonly stale: readonly string[];
  /** The ids of the task instances that were created. */
  readonly created: readonly {
    readonly runKey: string;
    readonly taskId: string;
    readonly mapIndex: number;
    readonly taskInstanceId: string;
  }[];
  /** Task instances that were given a slot, to be sent now. */
  readonly queued: readonly QueuedTask[];
  /** Task instances are still `scheduled` because some limit refuses them; a freed slot should lead to another call. */
  readonly backlog: boolean;
  /** When to call again although no slot is freed: a token of a rate limit is there, or not all that waits was looked at. */
  readonly nextAdmissionAt?: Instant;
}

export interface RunBefore {
  readonly runKey: string;
  /** By task id, the states of its instances. */
  readonly tasks: ReadonlyMap<string, readonly TaskStatus[]>;
}

export interface StartableRun {
  readonly runKey: string;
  readonly dagId: string;
  readonly versionId: string;
}

/** One task instance of a run that starts: inserted with the run's change to `running`. */
export interface NewTaskInstance {
  readonly taskId: string;
  /** Default −1. The first iteration of a loop is 0. */
  readonly mapIndex?: number;
  readonly state: TaskState;
  readonly queue: string;
  readonly pool: string;
  readonly poolSlots: number;
  readonly priorityWeight: number;
  readonly maxTries: number;
  /** As the DAG says; the store fills in the `{params.…}` parts of the keys. */
  readonly limits?: TaskLimits;
}

export interface PlannedRun {
  readonly dagId: string;
  readonly versionId: string;
  readonly runId: string;
  readonly runType: RunType;
  readonly logicalDate: Instant;
  readonly intervalStart: Instant;
  readonly intervalEnd: Instant;
  readonly runAfter: Instant;
  /** The partition that it is of. */
  readonly partitionKey?: string;
  /** Why it must stay queued although its time has come: `assets`. */
  readonly heldFor?: string;
}

/** A DAG whose next scheduled run is due, or whose schedule must be planned (new version, un-paused). */
export interface DueDag {
  readonly dagId: string;
  readonly versionId: string;
  readonly spec: DagSpec;
  /** End of the newest interval for which a scheduled run was made. */
  readonly scheduledUpTo?: Instant;
  /** When the DAG was first registered. */
  readonly firstSeenAt: Instant;
  /** When it was last un-paused, or first seen. */
  readonly activeSince: Instant;
  /** Start of the newest interval, as `scheduledUpTo` is its end. */
  readonly scheduledFrom?: Instant;
  /** Its queued and running runs but those of backfills, oldest first; only where the spec needs them (core, `needsUnendedRuns`). */
  readonly unended?: readonly UnendedRun[];
}

export interface SchedulePlan {
  readonly dagId: string;
  readonly runs: readonly PlannedRun[];
  /** The new `scheduledUpTo`. */
  readonly scheduledUpTo?: Instant;
  /** When to look at this DAG again; absent: never, until something changes. */
  readonly nextDueAt?: Instant;
  /** The new `scheduledFrom`. */
  readonly scheduledFrom?: Instant;
  /** Look at this DAG again as soon as it has no queued or running run but those of backfills. */
  readonly whenIdle?: true;
  /** Queued runs that are taken back: as if they had never been made. One that has begun meanwhile is left alone. */
  readonly replaces?: readonly string[];
  /** From now on: how its runs are kept apart when they are started. Default: not at all. */
  readonly exclusion?: Exclusion;
  /** From now on: what becomes of the run that goes on when another is due. Default: nothing. */
  readonly endsOther?: 'cancel' | 'terminate';
}

export interface LostAttempt {
  readonly runKey: string;
  readonly taskInstanceId: string;
  readonly attempt: number;
  /** Attempts that do not count against the retries: see the core's `attemptOutcome`. */
  readonly triesBefore: number;
  readonly why: 'lease_expired' | 'never_claimed';
}

export interface SchedulerStore {
  /** The store's time. */
  now(): Promise<Instant>;

  /** Renews this scheduler's membership for `ttlMs` and shares the shards among the living. Answers with the shards it now owns. */
  heartbeat(schedulerId: string, ttlMs: number): Promise<readonly number[]>;
  /** Gives up membership and shards at once. */
  leave(schedulerId: string): Promise<void>;

  /** Keys of the runs in `running`, of these shards. */
  activeRuns(shards: readonly number[]): Promise<readonly string[]>;
  loadRuns(runKeys: readonly string[]): Promise<readonly LoadedRun[]>;
  loadVersion(versionId: string): Promise<DagSpec>;
  /** Of each run, the one before it: the newest of its DAG with an earlier logical date. A run without one is absent. */
  runsBefore(runKeys: readonly string[]): Promise<ReadonlyMap<string, RunBefore>>;

  /**
   * Moves queued runs that are due (`runAfter` passed, not held, DAG not paused, `maxActiveRuns` not reached) to `running`, oldest first.
   * The runs of a DAG that keeps them apart start one at a time (its `exclusion`). Runs of a backfill count against its limit alone.
   * `tasksOf` gives the task instances of a run that has none yet; a cleared run keeps its own.
   */
  startRuns(
    shards: readonly number[],
    limit: number,
    tasksOf: (run: StartableRun) => Promise<readonly NewTaskInstance[]>,
  ): Promise<readonly LoadedRun[]>;

  /**
   * Saves the decisions and gives slots: in one transaction, with pool and limit usage counted in it, and `admit` asked who gets them.
   * A given slot moves the task instance to `queued` with a new attempt id; that row is the outbox: what is not sent is found again.
   */
  decide(batch: DecisionBatch, admit: (candidates: readonly Candidate[], capacity: Capacity) => Admission): Promise<DecisionResult>;

  /** Locks and returns DAGs whose schedule is due (not paused, not removed), gets the plan for each, and saves runs and the next due time. A run that exists already is left alone. */
  planDueDags(
    limit: number,
    plan: (dag: DueDag, now: Instant) => SchedulePlan,
  ): Promise<{ readonly created: readonly string[]; readonly looked: number }>;
  /** The next instant at which something of these shards becomes due: a DAG's schedule, a queued run's `runAfter`, a retry. */
  nextDue(shards: readonly number[]): Promise<Instant | undefined>;

  /** Running attempts whose lease has ended. */
  expiredLeases(shards: readonly number[], limit: number): Promise<readonly LostAttempt[]>;
  /**
   * Queued attempts that nobody claimed for `olderThanMs`, to be looked for in the queue.
   */
  unclaimed(shards: readonly number[], olderThanMs: number, limit: number): Promise<readonly QueuedTask[]>;
  /** Raises the dispatch sequence of these attempts if they are still queued; the answer is what to send. Attempts re-dispatched more than `cap` times come back as lost. */
  redispatch(
    attempts: readonly QueuedTask[],
    cap: number,
  ): Promise<{ readonly send: readonly QueuedTask[]; readonly lost: readonly LostAttempt[] }>;

  /** Removes workers and schedulers that have been dead for so long. Answers with how many. */
  forgetDead(deadForMs: number): Promise<number>;
}
