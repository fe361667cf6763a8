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
  InputForm,
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
  /**
   * What its own mapping, or the mapped group or loop that it is in, gives this instance, by name: items, or a loop's state and
   * `iteration`. Absent where there is no such thing.
   */
  readonly args?: Readonly<Record<string, unknown>>;
  /** Whether no later run of the DAG's schedule is due by now; true (or absent) for a run that is not of the schedule. */
  readonly latest?: boolean;
  readonly log: TaskLog;
  /** Aborted on timeout, cancel and shutdown. Pass it on to whatever you await. */
  readonly signal: AbortSignal;
  /** A declared connection's settings. Throws UndeclaredConnectionError for any other. */
  connection(id: string): ConnectionSettings;
  /** The partition that the run is of. */
  readonly partitionKey: string | undefined;
  /** Events of assets that made this run. */
  readonly triggeringEvents: readonly AssetEvent[];
  /** Adds to the event of an outlet, which is made when this task succeeds; or makes one of a partition. Throws for an asset that is no outlet of the task. */
  emit(
    asset: string | { readonly name: string },
    event?: { readonly extra?: Readonly<Record<string, unknown>>; readonly partition?: string | undefined },
  ): void;
  /**
   * Waits without holding a slot or a process. The task ends here, and when what it waits for has come it is run again from its
   * beginning, as the same try: waits that have ended answer at once. So what stands before a wait must be cheap, and may be done again.
   */
  readonly wait: WaitApi;
}

export interface AssetEvent {
  readonly asset: string;
  readonly partition?: string;
  readonly extra: Readonly<Record<string, unknown>>;
  readonly at: Date;
}

export interface WaitOptions {
  /** Given up after so long, counted from when the wait began. A number is milliseconds; text as in `'2 hours'`. */
  readonly timeout?: number | string;
  /** Then: `fail` (default) the task, without another try; `skip` it; or `continue`, the wait answering undefined. */
  readonly onTimeout?: 'fail' | 'skip' | 'continue';
  /** By which the wait is known when the task runs again. Default: its number among the waits of the task. */
  readonly key?: string;
}

export interface WaitApi {
  /** For so long. */
  for(duration: number | string, options?: Pick<WaitOptions, 'key'>): Promise<void>;
  until(time: Date | string | number, options?: Pick<WaitOptions, 'key'>): Promise<void>;
  asset(
    asset: string | { readonly name: string },
    options?: WaitOptions & { readonly partition?: string; readonly since?: Date },
  ): Promise<AssetEvent>;
  run(
    run: { readonly dagId: string; readonly taskId?: string } & ({ readonly runId: string } | { readonly logicalDate: Date }),
    options?: WaitOptions & { readonly states?: readonly string[]; readonly failOn?: readonly string[] },
  ): Promise<string>;
  /** Answers with the JSON body of the call. `announce` is given the URL's path before the wait begins, once. */
  webhook(options?: WaitOptions & { readonly announce?: (path: string) => unknown }): Promise<unknown>;
  /** A person's answer to a form. */
  input<Answer>(form: InputRequest<Answer>, options?: WaitOptions): Promise<Answer>;
  /** Asks again and again until the answer is neither undefined nor false; that is the wait's result. */
  poll<Found>(
    look: () => Promise<Found | undefined | false> | Found | undefined | false,
    options?: WaitOptions & { readonly every?: number | string },
  ): Promise<Found>;
}

export interface InputRequest<Answer> extends Omit<InputForm, 'schema' | 'default' | 'assignees'> {
  /** A Standard Schema of the answer. */
  readonly schema: StandardSchemaV1<unknown, Answer>;
  readonly default?: Answer;
  readonly assignees?: readonly string[];
}

export interface DataInterval {
  /** For a manual run without an interval: the run's `runAfter`, twice. */
  readonly start: Date;
  readonly end: Date;
  /** Local date of `start` in the schedule's zone, `YYYY-MM-DD`. */
  readonly day: string;
  /** `YYYY-MM-DDTHH`, local, of `start`. */
  readonly hour: string;
  /** Local date of `end`: the days of an interval are those from `day` to before `endDay`. */
  readonly endDay?: string;
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
 * What the data plane executes for `extract`, `load`, `transform` and `export` tasks, and how it looks for what a ready-made sensor waits
 * for. A task process gets one by the module specifier in its start options (`export const executors: OperationExecutors`).
 */
export type OperationExecutors = Readonly<Record<Exclude<TaskKind, 'task'>, OperationExecutor>> & {
  /** For sensors with an operation. Answers with what it has found, or undefined: then it is asked again later. */
  readonly look?: OperationExecutor;
};

/** What of the context an executor needs. */
export type OperationContext = Omit<TaskContext, 'wait' | 'emit' | 'triggeringEvents' | 'partitionKey'> &
  Partial<Pick<TaskContext, 'partitionKey'>>;

export type OperationExecutor = (request: OperationRequest) => Promise<unknown>;

export interface OperationRequest {
  readonly operation: Readonly<Record<string, unknown>>;
  /** Results of the upstream tasks named in `inputs`. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly context: OperationContext;
  /** Identifies the attempt in commits to targets: rises with every attempt of the task instance. */
  readonly fence: { readonly taskInstanceId: string; readonly attempt: number; readonly attemptId: string };
  /** A directory of this attempt alone, removed afterwards. */
  readonly scratch: string;
  /** Told as often as the executor likes; passed on about once a second. */
  readonly progress?: (progress: OperationProgress) => void;
  /**
   * Waits, without a slot, for a person's answer: the attempt ends here and the operation begins again when there is one. Until then
   * nothing may have been published.
   */
  readonly ask?: <Answer>(form: InputRequest<Answer>, options: WaitOptions) => Promise<Answer>;
}

/** How far an operation is. All figures count from its beginning. */
export interface OperationProgress {
  /** What it does now: `reading`, `checking`, `writing` … */
  readonly phase: string;
  readonly rows?: number;
  readonly bytes?: number;
  /** When they can be told: for an estimate of what is left. */
  readonly totalRows?: number;
  readonly totalBytes?: number;
}
