/** What `admit` is given and what it answers. All counts are of slots, taken from the store in the same transaction. */
export interface Candidate {
  readonly taskInstanceId: string;
  readonly dagId: string;
  readonly pool: string;
  readonly poolSlots: number;
  readonly queue: string;
  readonly priorityWeight: number;
  /** Orders candidates of equal priority: earlier first. */
  readonly readyAt: number;
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
}

export interface Refusal {
  readonly taskInstanceId: string;
  readonly reason: 'pool_unknown' | 'pool_full' | 'pool_too_small' | 'dag_limit' | 'queue_full';
  readonly detail: string;
}

export interface Admission {
  /** In the order in which they should be dispatched. */
  readonly admitted: readonly Candidate[];
  readonly refused: readonly Refusal[];
}
