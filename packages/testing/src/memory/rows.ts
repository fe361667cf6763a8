/** The rows that the store's adapters share, as `migrations/` has them in Postgres. */
import type {
  AttemptError,
  DagSpec,
  Exclusion,
  Instant,
  RateLimit,
  RunProgress,
  RunStatus,
  RunType,
  SlotLimit,
  TaskState,
  Wait,
} from '@headrace/core';
import type { NewNotice, NoticeState, StoredResult, WaitRecord } from '@headrace/ports';

export interface BundleRow {
  readonly hash: string;
  readonly code: string;
  readonly sourceMap: string | undefined;
}

export interface DagRow {
  readonly dagId: string;
  readonly file: string;
  /** The newest version. */
  readonly versionId: string | undefined;
  readonly paused: boolean;
  readonly removedAt: Instant | undefined;
  readonly tags: readonly string[];
  readonly maxActiveRuns: number;
  readonly maxActiveTasks: number;
  readonly scheduledUpTo: Instant | undefined;
  /** Its start. */
  readonly scheduledFrom?: Instant | undefined;
  /** What its newest version says, as planned. */
  readonly exclusion?: Exclusion;
  readonly endsOther?: 'cancel' | 'terminate' | undefined;
  readonly planWhenIdle?: boolean;
  /** When the schedule must be looked at; undefined: not before something changes. */
  readonly nextDueAt: Instant | undefined;
  readonly firstSeenAt: Instant;
  readonly activeSince: Instant;
  readonly lastParsedAt: Instant;
}

export interface VersionRow {
  readonly versionId: string;
  readonly dagId: string;
  readonly number: number;
  readonly file: string;
  readonly graphHash: string;
  readonly bundleHash: string;
  readonly spec: DagSpec;
  readonly createdAt: Instant;
}

export interface RunRow {
  readonly runKey: string;
  readonly dagId: string;
  readonly runId: string;
  readonly versionId: string;
  readonly runType: RunType;
  readonly status: RunStatus;
  readonly revision: number;
  readonly progress: RunProgress;
  readonly logicalDate: Instant | undefined;
  readonly intervalStart: Instant | undefined;
  readonly intervalEnd: Instant | undefined;
  readonly runAfter: Instant;
  readonly partitionKey: string | undefined;
  /** Default 0. */
  readonly priorityClass?: number | undefined;
  /** Why it must stay queued although its time has come: `assets`. */
  readonly heldFor: string | undefined;
  readonly backfillId?: string;
  readonly traceParent?: string;
  /** Of the request that made it. */
  readonly idempotency?: { readonly key: string; readonly requestHash: string };
  readonly params: Readonly<Record<string, unknown>>;
  readonly triggeredBy: string;
  readonly user: string | undefined;
  readonly note: string | undefined;
  readonly queuedAt: Instant;
  readonly startedAt: Instant | undefined;
  readonly endedAt: Instant | undefined;
  readonly lastDecisionAt: Instant | undefined;
}

/** What belongs to an attempt, on the task instance while it is the newest, then in a `TryRow`. */
export interface AttemptColumns {
  readonly attemptId: string | undefined;
  readonly scheduledAt: Instant | undefined;
  readonly queuedAt: Instant | undefined;
  readonly startedAt: Instant | undefined;
  readonly endedAt: Instant | undefined;
  readonly workerId: string | undefined;
  readonly hostname: string | undefined;
  readonly pid: number | undefined;
  readonly error: AttemptError | undefined;
  readonly reason: string | undefined;
  readonly logKey: string | undefined;
}

export interface TaskInstanceRow extends AttemptColumns {
  readonly taskInstanceId: string;
  readonly runKey: string;
  readonly dagId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly mapLabel: string | undefined;
  readonly state: TaskState;
  readonly triesBefore: number;
  readonly maxTries: number;
  readonly queue: string;
  readonly pool: string;
  readonly poolSlots: number;
  readonly priorityWeight: number;
  /** Of the run. Default 0. */
  readonly priorityClass?: number | undefined;
  /** Keys filled in for the run. */
  readonly limits?: readonly SlotLimit[] | undefined;
  readonly rates?: readonly RateLimit[] | undefined;
  readonly dispatchSequence: number;
  readonly dispatchedAt: Instant | undefined;
  readonly leaseUntil: Instant | undefined;
  readonly firstStartedAt: Instant | undefined;
  readonly note: string | undefined;
}

/** An earlier try. */
export interface TryRow extends AttemptColumns {
  readonly taskInstanceId: string;
  readonly attempt: number;
  readonly status: string;
}

export interface ResultRow {
  readonly taskInstanceId: string;
  readonly attempt: number;
  readonly result: StoredResult;
}

/** What a person or a program did to a run. */
export interface CommandRow {
  readonly runKey: string;
  readonly name: string;
  readonly user: string | undefined;
  readonly detail: object;
  readonly at: Instant;
}

export interface ImportErrorRow {
  readonly id: string;
  readonly file: string;
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly code: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly at: Instant;
}

export interface WorkerRow {
  readonly workerId: string;
  readonly hostname: string;
  readonly pid: number;
  readonly queues: readonly string[];
  readonly slots: number;
  readonly heartbeatAt: Instant;
  readonly leaseUntil: Instant;
}

export interface SchedulerRow {
  readonly schedulerId: string;
  readonly heartbeatAt: Instant;
  readonly leaseUntil: Instant;
}

/** Run keys are shared out by their remainder of 32. */
export interface ShardRow {
  readonly shard: number;
  readonly schedulerId: string | undefined;
}

export interface PoolRow {
  readonly name: string;
  readonly slots: number;
  readonly description?: string | undefined;
  /** Default false. */
  readonly includeDeferred?: boolean;
}

/** A token bucket that is not full, or was not when it was last used. */
export interface RateBucketRow {
  readonly key: string;
  readonly fullAt: Instant;
}

export interface WaitRow {
  readonly waitId: string;
  readonly taskInstanceId: string;
  readonly runKey: string;
  /** The attempt that entered it, or looked last. */
  readonly attempt: number;
  readonly tryNumber: number;
  readonly wait: Wait;
  readonly enteredAt: Instant;
  readonly ended: WaitRecord['ended'];
}

export interface NoticeRow extends NewNotice {
  readonly id: string;
  readonly state: NoticeState;
  /** Deliveries begun. */
  readonly attempts: number;
  /** When it is tried (again); while it is being delivered, when its lease ends. */
  readonly nextAt: Instant;
  readonly lastError: string | undefined;
  readonly createdAt: Instant;
  readonly deliveredAt: Instant | undefined;
}

export interface DeadlineRow {
  readonly runKey: string;
  readonly name: string;
  readonly dueAt: Instant | undefined;
  readonly state: 'pending' | 'met' | 'missed' | 'void';
  /** Of a pending one. */
  readonly checkAt: Instant | undefined;
  readonly predictedAt: Instant | undefined;
  readonly expectedAt: Instant | undefined;
}

/** Failed runs in a row, of a DAG that pauses itself after so many. */
export interface FailureStreakRow {
  readonly failedRuns: number;
  /** Why the DAG paused itself. */
  readonly pausedReason: string | undefined;
}
