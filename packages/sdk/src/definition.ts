/**
 * What a DAG file exports and what the loader and the task process read: plain objects with a brand, so that a DAG
 * bundled with another copy of the SDK is still understood.
 *
 * The bundle carries the SDK and the connectors' builders (data only). What executes extract, load, transform and export
 * is not in the bundle: a task process looks it up by `kind` in the data plane it was started with.
 */
import type { CatchupPolicy, DagSpec, RetryPolicy, ScheduleSpec, TaskKind, TriggerRule } from '@headrace/core';
import type { StandardSchemaV1 } from '@standard-schema/spec';

/** `Symbol.for`, so that it is the same in every copy of the SDK. */
export const DAG_BRAND: unique symbol = Symbol.for('headrace.dag') as never;
export const TASK_BRAND: unique symbol = Symbol.for('headrace.task') as never;
export const REFERENCE_BRAND: unique symbol = Symbol.for('headrace.reference') as never;
export const CONNECTION_BRAND: unique symbol = Symbol.for('headrace.connection') as never;

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
  /** For `kind: 'task'`: the user's function. */
  readonly run?: (context: TaskContext & Record<string, unknown>) => Result | Promise<Result>;
  /** For the other kinds: what the data plane executes. May hold references and functions (a row transform). */
  readonly operation?: Readonly<Record<string, unknown>>;
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
}

export interface DagDefinition {
  readonly [DAG_BRAND]: typeof DEFINITION_VERSION;
  readonly dagId: string;
  readonly schedule: ScheduleSpec;
  readonly catchup: CatchupPolicy;
  readonly params?: StandardSchemaV1;
  readonly tasks: ReadonlyMap<string, TaskDefinition>;
  /** Everything of the canonical spec but the tasks' source positions, which the loader adds. */
  toSpec(): DagSpec;
}

/** What a task function is given. */
export interface TaskContext {
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  /** 1 for the first try. */
  readonly attempt: number;
  readonly maxTries: number;
  readonly params: Readonly<Record<string, unknown>>;
  /** Undefined for a manual run without a logical date. */
  readonly logicalDate: Date | undefined;
  readonly interval: DataInterval;
  readonly log: TaskLog;
  /** Aborted on timeout, cancel and shutdown. Pass it on to whatever you await. */
  readonly signal: AbortSignal;
  /** A declared connection's settings. Throws UndeclaredConnectionError for any other. */
  connection(id: string): ConnectionSettings;
}

export interface DataInterval {
  /** For a manual run without an interval: the run's `runAfter`, twice. */
  readonly start: Date;
  readonly end: Date;
  /** Local date of `start` in the schedule's zone, `YYYY-MM-DD`. */
  readonly day: string;
  /** `YYYY-MM-DDTHH`, local, of `start`. */
  readonly hour: string;
}

export interface TaskLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** A connection by its id. Holds no secret: the worker hands the settings only to the task that declared it. */
export interface ConnectionReference {
  readonly [CONNECTION_BRAND]: true;
  readonly connectionId: string;
}

/** A connection as the worker hands it to a task: `postgres://…`, `file:///…`, `s3://bucket/prefix?region=…`. */
export interface ConnectionSettings {
  readonly id: string;
  readonly url: string;
}

/**
 * What the data plane executes for `extract`, `load`, `transform` and `export` tasks. A task process gets one by the
 * module specifier in its start options (`export const executors: OperationExecutors`).
 */
export type OperationExecutors = Readonly<Record<Exclude<TaskKind, 'task'>, OperationExecutor>>;

export type OperationExecutor = (request: OperationRequest) => Promise<unknown>;

export interface OperationRequest {
  readonly operation: Readonly<Record<string, unknown>>;
  /** Results of the upstream tasks named in `inputs`. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly context: TaskContext;
  /** Identifies the attempt in commits to targets: rises with every attempt of the task instance. */
  readonly fence: { readonly taskInstanceId: string; readonly attempt: number; readonly attemptId: string };
  /** A directory of this attempt alone, removed afterwards. */
  readonly scratch: string;
}
