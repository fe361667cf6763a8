/** Reads for the API and the CLI. Nothing here takes part in a decision. */
import type { AttemptError, DagSpec, Instant, RunStatus, RunType, TaskStatus } from '@headrace/core';
import type { StoredResult } from './attempt-store.ts';
import type { StoredImportError } from './catalog-store.ts';
import type { Listed, OfDags, Page } from './page.ts';
import type { ParentTask } from './parent-task.ts';
import type { DagFilter, ImportErrorFilter, ResultFilter, RunFilter, TaskInstanceFilter } from './query-filters.ts';

export interface DagRecord {
  readonly dagId: string;
  readonly file: string;
  readonly paused: boolean;
  /** Why it paused itself; absent when a person did. */
  readonly pausedReason?: string;
  readonly removed: boolean;
  readonly versionId: string;
  readonly versionNumber: number;
  readonly bundleHash: string;
  readonly spec: DagSpec;
  readonly nextDueAt?: Instant;
  readonly firstSeenAt: Instant;
  readonly lastParsedAt: Instant;
  readonly hasImportErrors: boolean;
}

export interface RunRecord {
  readonly runKey: string;
  readonly dagId: string;
  readonly runId: string;
  readonly runType: RunType;
  readonly status: RunStatus;
  readonly triggeredBy: string;
  readonly user?: string;
  /** The task that asked for it. */
  readonly parent?: ParentTask;
  readonly logicalDate?: Instant;
  readonly intervalStart?: Instant;
  readonly intervalEnd?: Instant;
  /** The partition that it is of. */
  readonly partitionKey?: string;
  readonly runAfter: Instant;
  readonly queuedAt?: Instant;
  readonly startedAt?: Instant;
  readonly endedAt?: Instant;
  readonly lastDecisionAt?: Instant;
  readonly params: Readonly<Record<string, unknown>>;
  readonly note?: string;
  readonly versionId: string;
  readonly versionNumber: number;
  readonly bundleHash: string;
}

export interface TaskInstanceRecord {
  readonly taskInstanceId: string;
  readonly runKey: string;
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly status: TaskStatus;
  readonly attempt: number;
  readonly attemptId?: string;
  readonly maxTries: number;
  readonly queue: string;
  readonly pool: string;
  readonly poolSlots: number;
  readonly priorityWeight: number;
  readonly logicalDate?: Instant;
  readonly runAfter: Instant;
  readonly scheduledAt?: Instant;
  readonly queuedAt?: Instant;
  readonly startedAt?: Instant;
  readonly endedAt?: Instant;
  readonly dueAt?: Instant;
  readonly workerId?: string;
  readonly hostname?: string;
  readonly pid?: number;
  readonly error?: AttemptError;
  /** Why it is in its state, for people. */
  readonly reason?: string;
  readonly note?: string;
  readonly logKey?: string;
  readonly versionId: string;
  readonly versionNumber: number;
}

/** A task that cannot run as it is: its pool does not exist. */
export interface DagWarning {
  readonly dagId: string;
  readonly kind: 'non-existent pool';
  readonly message: string;
  /** When the version that has it was made. */
  readonly at: Instant;
}

export interface QueryStore {
  /** Order: `dag_id`, `dag_display_name`, `next_dagrun`, `state` and `start_date` of the newest run, also as `last_run_…`. */
  dags(filter: DagFilter, page: Page): Promise<Listed<DagRecord>>;
  dag(dagId: string): Promise<DagRecord | undefined>;
  /** Of all DAGs that there are, also those that are in no file any more. */
  dagIds(): Promise<readonly string[]>;
  version(
    dagId: string,
    number: number,
  ): Promise<{ readonly versionId: string; readonly spec: DagSpec; readonly bundleHash: string; readonly createdAt: Instant } | undefined>;
  importErrors(page: Page, filter?: ImportErrorFilter): Promise<Listed<StoredImportError>>;
  runs(filter: RunFilter, page: Page): Promise<Listed<RunRecord>>;
  run(dagId: string, runId: string): Promise<RunRecord | undefined>;
  taskInstances(filter: TaskInstanceFilter, page: Page): Promise<Listed<TaskInstanceRecord>>;
  taskInstance(dagId: string, runId: string, taskId: string, mapIndex: number): Promise<TaskInstanceRecord | undefined>;
  /** All tries, oldest first, the current one last. */
  tries(taskInstanceId: string): Promise<readonly TaskInstanceRecord[]>;
  result(taskInstanceId: string, attempt?: number): Promise<StoredResult | undefined>;
  /** Task instances that have a result. Order as of task instances. */
  results(filter: ResultFilter, page: Page): Promise<Listed<TaskInstanceRecord>>;
  /** How many runs of each state DAGs have, of DAGs that are in a file; in order of DAG ids. */
  runCounts(filter: OfDags): Promise<readonly { readonly dagId: string; readonly counts: Readonly<Partial<Record<RunStatus, number>>> }[]>;
  /** The tags of DAGs that are in a file. Order: `name`. */
  tags(filter: OfDags & { readonly pattern?: string }, page: Page): Promise<Listed<string>>;
  /** Of DAGs that are in a file. Order: `dag_id`, `warning_type`, `message`, `timestamp`. */
  warnings(filter: OfDags, page: Page): Promise<Listed<DagWarning>>;
  /** The user's favourites. */
  favorites(user: string): Promise<readonly string[]>;
  health(): Promise<HealthRecord>;
  /** Counts of live rows for gauges: runs by status, task instances by status, per pool slots. Never touches history. */
  liveCounts(): Promise<LiveCounts>;
}

export interface HealthRecord {
  readonly schedulers: readonly {
    readonly id: string;
    readonly startedAt?: Instant;
    readonly heartbeatAt: Instant;
    readonly alive: boolean;
  }[];
  readonly workers: readonly {
    readonly id: string;
    readonly hostname: string;
    readonly startedAt?: Instant;
    readonly heartbeatAt: Instant;
    readonly alive: boolean;
    readonly slots: number;
    readonly queues: readonly string[];
  }[];
}

export interface LiveCounts {
  readonly runs: Readonly<Record<string, number>>;
  readonly tasks: Readonly<Record<string, number>>;
  readonly pools: readonly {
    readonly pool: string;
    readonly slots: number;
    readonly used: number;
    readonly waiting: number;
    /** Slots by the state of the task instances that have or want them; states without any are absent. */
    readonly byState: Readonly<Record<string, number>>;
  }[];
  /** Of queues in which something is queued or runs. */
  readonly queues: readonly {
    readonly queue: string;
    readonly queued: number;
    readonly running: number;
    /** For how long the one that waits longest has waited, in milliseconds. */
    readonly oldestMs?: number;
  }[];
  /** Open waits by kind. */
  readonly waits: Readonly<Record<string, number>>;
  /** Neither complete nor cancelled: `running`, `paused`. */
  readonly backfills: Readonly<Record<string, number>>;
  /** `pending`, `dead`. */
  readonly notices: Readonly<Record<string, number>>;
  readonly importErrors: number;
}

export class UnknownOrderError extends Error {
  readonly code = 'HR_UNKNOWN_ORDER';
  constructor(column: string, known: readonly string[]) {
    super(`Cannot order by "${column}": use one of ${known.join(', ')}`);
    this.name = 'UnknownOrderError';
  }
}
