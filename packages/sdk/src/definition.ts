/**
 * What a DAG file exports and what the loader and the task process read: plain objects with a brand, so that a DAG
 * bundled with another copy of the SDK is still understood.
 *
 * The bundle carries the SDK and the connectors' builders (data only). What executes extract, load, transform and export
 * is not in the bundle: a task process looks it up by `kind` in the data plane it was started with.
 */
import type {
  AssetSpec,
  CatchupPolicy,
  DagSpec,
  DecidesSpec,
  Decision,
  GroupSpec,
  RetryPolicy,
  ScheduleSpec,
  SensorSpec,
  TaskKind,
  TaskLimits,
  TaskNoticeSpec,
  TriggerRule,
  WeightRule,
} from '@headrace/core';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { TaskContext } from './task-context.ts';

/** `Symbol.for`, so that it is the same in every copy of the SDK. */
export const DAG_BRAND: unique symbol = Symbol.for('headrace.dag') as never;
export const TASK_BRAND: unique symbol = Symbol.for('headrace.task') as never;
export const REFERENCE_BRAND: unique symbol = Symbol.for('headrace.reference') as never;
export const GROUP_BRAND: unique symbol = Symbol.for('headrace.group') as never;
export const ASSET_BRAND: unique symbol = Symbol.for('headrace.asset') as never;
export const CONNECTION_BRAND: unique symbol = Symbol.for('headrace.connection') as never;

/** What a task function of ours returns when it says more than a result. */
export const OUTCOME_BRAND: unique symbol = Symbol.for('headrace.outcome') as never;

/** The definition protocol between a bundle and the task process; raised on an incompatible change. */
export const DEFINITION_VERSION = 1;

/** A value known only when a run exists: `interval.day`, `params.minRevenue`. `resolveReferences` puts the value in its place before a task sees it. */
export interface Reference<T> {
  readonly [REFERENCE_BRAND]: ReferenceSource;
  /** Only for the compiler. */
  readonly __type?: T;
}

/** Kept under the brand, so that a param may have any name. */
export type ReferenceSource =
  /** e.g. `['interval', 'day']`. */
  | { readonly kind: 'value'; readonly path: readonly string[] }
  /** What a variable holds when the task begins. */
  | { readonly kind: 'variable'; readonly name: string; readonly schema?: StandardSchemaV1 }
  /** `parts[0] + values[0] + parts[1] + …` */
  | { readonly kind: 'text'; readonly parts: readonly string[]; readonly values: readonly unknown[] };

export interface TaskDefinition<Result = unknown> {
  readonly [TASK_BRAND]: typeof DEFINITION_VERSION;
  readonly taskId: string;
  readonly kind: TaskKind;
  readonly options: ResolvedTaskOptions;
  /** Argument name → the task whose result it is. */
  readonly inputs: Readonly<Record<string, TaskDefinition>>;
  /** Further upstream tasks. Filled while the DAG is built. */
  readonly after: Set<TaskDefinition>;
  readonly connections: readonly string[];
  /** For `kind: 'task'`: the user's function. A sensor may have an `operation` instead. */
  readonly run?: (context: TaskContext & Record<string, unknown>) => Result | Promise<Result>;
  /** For the other kinds and ready-made sensors: what the data plane executes. May hold references and functions (a row transform). */
  readonly operation?: Readonly<Record<string, unknown>>;
  /** A mapped task: an instance for each item, or combination of items. `argument` is what the function finds its item under. */
  readonly mapped?: MappedDefinition;
  readonly group?: GroupDefinition;
  readonly flow?: FlowOptions;
  /** The stack at its definition, as the engine writes it, innermost call first. The loader finds the user's line in it. */
  readonly definedAt?: string;
  /** Only for the compiler. */
  readonly __result?: Result;
}

export interface ResolvedTaskOptions {
  readonly triggerRule: TriggerRule;
  readonly retries: RetryPolicy;
  readonly executionTimeoutMs: number;
  readonly queue: string;
  readonly pool: string;
  readonly poolSlots: number;
  readonly priorityWeight: number;
  readonly doc?: string;
  readonly weightRule?: WeightRule;
  readonly limits?: TaskLimits;
  readonly dependsOnPast?: boolean;
  readonly waitForDownstream?: boolean;
  readonly notices?: readonly TaskNoticeSpec[];
}

/** Items of a mapped task or group: known when the DAG file is read (then they may hold references), or a task's result. */
export type Items = readonly unknown[] | TaskDefinition;

/**
 * What the items of an instance are to its function: `context.args`, by the names in `over`. The SDK's wrapper puts them among the
 * function's arguments, and references to a group's items find them there.
 */
export interface MappedDefinition {
  readonly combine: 'product' | 'zip';
  /**
   * In the order in which they were written. A result's items are those of an array, or `[key, value]` of an object; of a mapped task
   * the results of its instances that succeeded.
   */
  readonly over: readonly { readonly argument: string; readonly items: Items }[];
  /** Names the instance, from its `args`: shown in place of its map index. A template's function is here too. */
  readonly label?: (args: Readonly<Record<string, unknown>>) => string;
  /** The text of the template that `label` fills in; only it is in the spec. */
  readonly template?: string;
}

/**
 * A group of tasks. Its spec's ids are complete. Of the groups around a task, outermost to innermost, and the task itself at most one
 * has `mapped` or `loop`; what that one gives is in `context.args`.
 */
export interface GroupDefinition {
  readonly spec: Omit<GroupSpec, 'expand'>;
  readonly parent?: GroupDefinition;
  readonly mapped?: MappedDefinition;
  readonly loop?: LoopDefinition;
}

export interface LoopDefinition {
  /**
   * The name in `context.args` under which the tasks of the loop find its state: `initial` in the first iteration, then the result of
   * the gate's instance before. Beside it stands `iteration`, which is the map index.
   */
  readonly argument: string;
  /** May hold references (`resolveReferences`). */
  readonly initial: unknown;
  readonly gate: () => TaskDefinition;
}

export interface FlowOptions {
  readonly role?: 'setup' | 'teardown';
  readonly setups?: readonly TaskDefinition[];
  readonly failsRun?: boolean;
  readonly decides?: DecidesSpec;
  readonly sensor?: SensorSpec;
  readonly outlets?: readonly AssetSpec[];
  readonly inlets?: readonly AssetSpec[];
}

/** More than a result: what a branch chose, what a loop's gate wants. Made by the SDK's wrappers, read by the task process. */
export interface TaskOutcome {
  readonly [OUTCOME_BRAND]: true;
  readonly result: unknown;
  readonly decision?: Omit<Decision, 'items'>;
  /** A run of another DAG is wanted; then the result is the run's id and `result` is not looked at. */
  readonly trigger?: TriggerDagRequest;
}

/**
 * The worker makes the run when the attempt ends, and the same one again for the same try of the task instance: what `runId` does not
 * say is worked out from both. With `wait` the task is then deferred under the key `triggered` until the run has ended; it is run once
 * more from its beginning, asks for the same again, and with that wait ended it is done.
 */
export interface TriggerDagRequest {
  readonly dagId: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** Epoch milliseconds. Absent: the run has none. */
  readonly logicalDate?: number;
  readonly runId?: string;
  readonly partition?: string;
  readonly wait?: TriggeredWait;
}

/** As `WaitApi.run` waits. */
export interface TriggeredWait {
  readonly timeoutMs?: number;
  readonly onTimeout?: 'fail' | 'skip' | 'continue';
  readonly states: readonly string[];
  readonly failOn: readonly string[];
}

/**
 * What a task gets as the result of a mapped task, or of a task in a mapped group that it is not in itself: the results of the instances
 * that succeeded, in the order of their map index, each fetched when it is asked for. Empty when there are none. Within the same mapped
 * group or loop it is given the plain result of the same index; after a loop, that of its last iteration.
 */
export interface MappedResults<Result> extends AsyncIterable<Result> {
  readonly length: number;
  /** Counts from 0; from the end when negative. Undefined beyond either end. */
  at(index: number): Promise<Result | undefined>;
  /** All of them, in memory. */
  toArray(): Promise<Result[]>;
}

/** A user's timetable: the interval after `last`, or none. Pure: the same question, the same answer. */
export type TimetableFunction = (question: TimetableQuestion) => TimetableAnswer | undefined;

/** Instants in epoch milliseconds. */
export interface TimetableQuestion {
  /** Undefined: asks for the first. */
  readonly last: { readonly start: number; readonly end: number } | undefined;
  /** No interval may begin before it. */
  readonly earliest: number;
  readonly latest: number | undefined;
}

export interface TimetableAnswer {
  readonly start: number;
  readonly end: number;
  /** Default: `end`. */
  readonly runAfter?: number;
}

/** A function of the DAG file that is told of something: see the payloads in `docs/notifications.md`. */
export type NoticeHook = (notice: Readonly<Record<string, unknown>>) => unknown;

export interface DagDefinition {
  readonly [DAG_BRAND]: typeof DEFINITION_VERSION;
  readonly dagId: string;
  readonly schedule: ScheduleSpec;
  readonly catchup: CatchupPolicy;
  readonly params?: StandardSchemaV1;
  readonly tasks: ReadonlyMap<string, TaskDefinition>;
  /** By the name that the spec calls them. */
  readonly hooks?: ReadonlyMap<string, NoticeHook>;
  readonly timetables?: ReadonlyMap<string, TimetableFunction>;
  /** Everything of the canonical spec but the tasks' source positions, which the loader adds. */
  toSpec(): DagSpec;
}

/** A connection by its id. Holds no secret: the worker hands the settings only to the task that declared it. */
export interface ConnectionReference {
  readonly [CONNECTION_BRAND]: true;
  readonly connectionId: string;
}
