/**
 * The canonical form of a DAG: what the loader makes of a DAG file, what is hashed, stored and decided upon.
 *
 * D1. It is plain JSON: no functions, no clock values, no undefined. Two parses of the same file give the same text.
 * D2. `tasks` is sorted by `taskId`, and each task's `upstream` is sorted and free of duplicates.
 * D3. Durations are whole milliseconds; instants are milliseconds since 1970-01-01T00:00Z.
 */

/** Milliseconds since the epoch, UTC. The core has no `Date`: time is always passed in. */
export type Instant = number;

/** A length of time in whole milliseconds. */
export type Milliseconds = number;

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
}

export type CatchupPolicy =
  | { readonly kind: 'off' }
  | { readonly kind: 'all' }
  /** Only intervals that ended less than `windowMs` ago. */
  | { readonly kind: 'window'; readonly windowMs: Milliseconds };

export type ScheduleSpec =
  | { readonly kind: 'manual' }
  | {
      readonly kind: 'cron';
      /** Five fields, or a macro such as `@daily`. */
      readonly expression: string;
      /** IANA zone. */
      readonly timezone: string;
      /**
       * `trigger`: the data interval is empty and lies at the fire time (Airflow's CronTriggerTimetable).
       * `cron`: the interval reaches from one fire time to the next and the run is due at its end (CronDataIntervalTimetable).
       * `{ lengthMs }`: the interval ends at the fire time and is that long (CronTriggerTimetable with `interval`).
       */
      readonly interval: 'trigger' | 'cron' | { readonly lengthMs: Milliseconds };
    };

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
}
