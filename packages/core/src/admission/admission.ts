/** What `admit` is given and what it answers. All counts are of slots, taken from the store in the same transaction. */
import type { Instant } from '../model/dag.ts';
import type { RateLimit } from '../model/limit-spec.ts';
import type { SlotLimit } from './slot-limits.ts';

export interface Candidate {
  readonly taskInstanceId: string;
  readonly dagId: string;
  readonly pool: string;
  readonly poolSlots: number;
  readonly queue: string;
  /** Of its run: all of a higher class come before all of a lower one. Default 0. */
  readonly priorityClass?: number;
  readonly priorityWeight: number;
  /** Orders candidates of one DAG and of equal priority: earlier first. */
  readonly readyAt: number;
  /** What else it counts under while it holds a slot. */
  readonly limits?: readonly SlotLimit[];
  /** It takes a token of each when it gets its slot. */
  readonly rates?: readonly RateLimit[];
}

/** What counts under one key. */
export interface KeyUse {
  /** Tasks that hold a slot and name the key. */
  readonly held: number;
  /** The smallest limit that one of them names. */
  readonly limit: number;
}

export interface Capacity {
  /** Free slots per pool. A pool that is not here has none. */
  readonly pools: ReadonlyMap<string, number>;
  /** All slots per pool, free or not: tells a task that must wait from one that can never fit. Absent: not told apart. */
  readonly poolSizes?: ReadonlyMap<string, number>;
  /** Tasks that may still become active, per DAG. A DAG that is not here has no limit. */
  readonly dags: ReadonlyMap<string, number>;
  /** Messages a queue may still take, so that no more wait than workers can soon run. A queue that is not here has no limit. */
  readonly queues: ReadonlyMap<string, number>;
  /** By the key of a `SlotLimit`. A key that is not here is held by nobody. */
  readonly keys?: ReadonlyMap<string, KeyUse>;
  /** By the key of a rate: when its bucket is full again. A bucket that is not here is full. */
  readonly buckets?: ReadonlyMap<string, Instant>;
  /** What `buckets` are looked at with. */
  readonly now?: Instant;
  /** By pool, then by DAG: slots that the DAG's tasks hold there. What is not here holds none. */
  readonly shares?: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

export interface Refusal {
  readonly taskInstanceId: string;
  readonly reason:
    | 'pool_unknown'
    | 'pool_full'
    | 'pool_too_small'
    | 'dag_limit'
    | 'queue_full'
    | 'task_limit'
    | 'run_task_limit'
    | 'concurrency_limit'
    | 'rate_limit';
  readonly detail: string;
}

export interface Admission {
  /** In the order in which they should be dispatched. */
  readonly admitted: readonly Candidate[];
  readonly refused: readonly Refusal[];
  /** The first instant at which a token is there for one that was refused for want of it. */
  readonly nextAt?: Instant;
}
