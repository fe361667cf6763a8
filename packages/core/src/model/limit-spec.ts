/** Limits of a task besides its pool and its DAG's. In canonical form. */
import type { Milliseconds } from './instant.ts';

/** How the weight by which a task waits for its slot is made of `priorityWeight` (Airflow's weight rules). */
export type WeightRule = 'downstream' | 'upstream' | 'absolute';

/** A name shared by tasks, in any DAG, that use the same thing. A part in `{params.…}` is filled in for each run. */
export type LimitKey = string;

export interface ConcurrencyLimit {
  readonly key: LimitKey;
  /** Tasks at once that name this key; where they differ the smallest counts. */
  readonly limit: number;
}

/** A token bucket a key: an attempt takes one token when it gets its slot. */
export interface RateLimit {
  readonly key: LimitKey;
  /** Tokens that come back … */
  readonly tokens: number;
  /** … in this time, evenly. */
  readonly perMs: Milliseconds;
  /** The most that can be saved up. */
  readonly burst: number;
}

export interface TaskLimits {
  /** Instances of this task at once, over all runs (Airflow's max_active_tis_per_dag). */
  readonly maxActive?: number;
  /** … and in one run (max_active_tis_per_dagrun). */
  readonly maxActivePerRun?: number;
  readonly concurrency?: readonly ConcurrencyLimit[];
  readonly rate?: readonly RateLimit[];
}
