/** The world as a task sees it: its run, its attempt, its connections, and what it may ask for. */
import type { InputForm } from '@headrace/core';
import type { StandardSchemaV1 } from '@standard-schema/spec';

/** What a task function is given when it runs. */
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

/** A connection as the worker hands it to a task: `postgres://…`, `file:///…`, `s3://bucket/prefix?region=…`. */
export interface ConnectionSettings {
  readonly id: string;
  readonly url: string;
}
