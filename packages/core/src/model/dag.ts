/**
 * The canonical form of a DAG: what the loader makes of a DAG file, what is hashed, stored and decided upon.
 *
 * D1. It is plain JSON: no functions, no clock values, no undefined. Two parses of the same file give the same text.
 * D2. `tasks` is sorted by `taskId`, and each task's `upstream` is sorted and free of duplicates.
 * D3. Durations are whole milliseconds; instants are milliseconds since 1970-01-01T00:00Z.
 */

import type { AssetSpec, PartitionSpec } from './asset-spec.ts';
import type { DecidesSpec, ExpandSpec, GroupSpec, RepeatPolicy } from './flow-spec.ts';
import type { Instant, Milliseconds } from './instant.ts';
import type { TaskLimits, WeightRule } from './limit-spec.ts';
import type { DeadlineSpec, RunNoticeSpec, TaskNoticeSpec } from './notice-spec.ts';
import type { OverlapPolicy, ScheduleSpec } from './schedule-spec.ts';
import type { RunType } from './states.ts';

export type { Instant, Milliseconds } from './instant.ts';

export type TaskKind = 'task' | 'extract' | 'load' | 'transform' | 'export';

/** The twelve trigger rules of Airflow 3 (core-concepts/dags, "Trigger Rules"). */
export type TriggerRule =
  | 'all_success'
  | 'all_failed'
  | 'all_done'
  | 'all_done_min_one_success'
  | 'all_skipped'
  | 'one_failed'
  | 'one_success'
  | 'one_done'
  | 'none_failed'
  | 'none_failed_min_one_success'
  | 'none_skipped'
  | 'always';

/** What to do with an error whose name or code matches. The first matching rule wins. */
export interface RetryRule {
  /** Matches the error's `name` or its `code`, exactly. */
  readonly error: string;
  /** `fail`: no further try. `retry`: as the policy says. */
  readonly action: 'fail' | 'retry';
  /** For `retry`: this delay instead of the policy's. */
  readonly delayMs?: Milliseconds;
}

export interface RetryPolicy {
  /** Tries after the first. 0: never retry. */
  readonly max: number;
  readonly delayMs: Milliseconds;
  readonly backoff: 'fixed' | 'exponential';
  /** The cap of an exponential delay, before jitter. */
  readonly maxDelayMs: Milliseconds;
  /** Share of the delay that is random, 0..1: the delay is drawn from `[delay × (1 − jitter), delay]`. */
  readonly jitter: number;
  readonly rules: readonly RetryRule[];
}

export interface SourcePosition {
  /** Path relative to the DAG folder, with `/`. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface TaskSpec {
  readonly taskId: string;
  readonly kind: TaskKind;
  readonly upstream: readonly string[];
  readonly triggerRule: TriggerRule;
  readonly retries: RetryPolicy;
  /** Per try. */
  readonly executionTimeoutMs: Milliseconds;
  readonly queue: string;
  readonly pool: string;
  readonly poolSlots: number;
  readonly priorityWeight: number;
  /** Name of a task's argument → the upstream task whose result it is. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Ids of the connections the task declared; it is given no other. Sorted. */
  readonly connections: readonly string[];
  readonly doc?: string;
  readonly source?: SourcePosition;
  // What follows is absent where it does not differ from what is usual, so that a plain task's text stays short.
  /** A setup makes what its teardowns take away; a teardown runs whatever became of the tasks between. Absent: neither. */
  readonly role?: 'setup' | 'teardown';
  /** Of a teardown: the setups that it undoes. Sorted; each is also upstream of it. */
  readonly setups?: readonly string[];
  /** Of a teardown: its failure fails the run. */
  readonly failsRun?: boolean;
  readonly decides?: DecidesSpec;
  /** The innermost group that it is in. Its id then begins with the group's. */
  readonly group?: string;
  readonly expand?: ExpandSpec;
  /** How an instance of a mapped task is shown: a template over its item, filled in by its attempt. */
  readonly mapIndexTemplate?: string;
  /** The same task of the run before must have succeeded or been skipped (the first run is exempt). */
  readonly dependsOnPast?: boolean;
  /** … and the tasks directly downstream of it there must have, too. Implies `dependsOnPast`. */
  readonly waitForDownstream?: boolean;
  /** Default `downstream`. */
  readonly weightRule?: WeightRule;
  readonly limits?: TaskLimits;
  /** Names of assets of which a success makes an event. Sorted. */
  readonly outlets?: readonly string[];
  /** Names of assets that it reads. Sorted. */
  readonly inlets?: readonly string[];
  readonly notices?: readonly TaskNoticeSpec[];
  /** It only looks whether something has come to be, and is then done. */
  readonly sensor?: SensorSpec;
}

export interface SensorSpec {
  /** `poke`: it keeps its slot between looks. `reschedule`: it gives it back. `deferred`: no look at all is needed. */
  readonly mode: 'poke' | 'reschedule' | 'deferred';
  readonly everyMs: Milliseconds;
  /** In all, over all tries and looks; then it fails without a further try (or is skipped). */
  readonly timeoutMs: Milliseconds;
  readonly softFail: boolean;
  /** What looks, when it is no function of the DAG file: the connector of its condition, such as `files`. */
  readonly condition?: string;
}

export type CatchupPolicy =
  | { readonly kind: 'off' }
  | { readonly kind: 'all' }
  /** Only intervals that ended less than `windowMs` ago. */
  | { readonly kind: 'window'; readonly windowMs: Milliseconds };

export interface DagSpec {
  readonly formatVersion: 1;
  readonly dagId: string;
  readonly description?: string;
  readonly doc?: string;
  readonly tags: readonly string[];
  readonly owners: readonly string[];
  readonly schedule: ScheduleSpec;
  /** No interval begins before it. Absent: the DAG's first registration counts. */
  readonly startAt?: Instant;
  /** No run is due after it. */
  readonly endAt?: Instant;
  readonly catchup: CatchupPolicy;
  readonly maxActiveRuns: number;
  readonly maxActiveTasks: number;
  readonly pausedUponCreation: boolean;
  /** JSON Schema (draft 2020-12) of the params, as the API shows it. The DAG's own validator runs in the loader's child. */
  readonly paramsSchema?: Readonly<Record<string, unknown>>;
  /** The params when none are given; must itself be valid. */
  readonly paramsDefault: Readonly<Record<string, unknown>>;
  readonly tasks: readonly TaskSpec[];
  // What follows is absent where it does not differ from what is usual.
  /** Sorted by id; a group comes after the one around it. */
  readonly groups?: readonly GroupSpec[];
  /** Default `allow`. */
  readonly overlap?: OverlapPolicy;
  /** A run that is still active so long after it started is failed. */
  readonly runTimeoutMs?: Milliseconds;
  /** A run that failed is run anew from its failed tasks, or as a whole. */
  readonly runRetries?: RepeatPolicy & { readonly from: 'failed' | 'start' };
  /** `leaves` (default): Airflow's leaf rule. `any_failed`: any failed task fails the run. */
  readonly runOutcome?: 'leaves' | 'any_failed';
  /** Pauses the DAG after so many failed runs in a row. */
  readonly maxConsecutiveFailedRuns?: number;
  /** All assets that the DAG names, sorted by name. */
  readonly assets?: readonly AssetSpec[];
  /** Every run is of one partition. */
  readonly partitions?: PartitionSpec;
  readonly notices?: readonly RunNoticeSpec[];
  readonly deadlines?: readonly DeadlineSpec[];
  /** Run types that may be made. Absent: all. */
  readonly allowedRunTypes?: readonly RunType[];
}
