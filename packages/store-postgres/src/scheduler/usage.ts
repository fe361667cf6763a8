/**
 * What is in use, counted while the lock on giving slots is held, and kept up while slots are given.
 *
 * U1. Only rows that hold slots are counted: never history, never what waits.
 * U2. A queue is given no more than its workers can soon run: twice their slots, but at least 512, so that a worker that
 *     is about to appear finds work.
 */
import type { Candidate, Capacity } from '@headrace/core';
import type pg from 'pg';

const LOCK = 7_428_004;
const SMALLEST_WINDOW = 512;
const SHARDS = 32n;
/** Beyond so many it does not matter how many wait: no more can get a slot at once. */
export const MOST_COUNTED = 1_000;

/** What is counted, in the order of the answers. */
const COUNTS = {
  live: `
    select l.*, d.max_active_tasks from (
      select pool, dag_id, queue, count(*)::integer as tasks, sum(pool_slots)::integer as slots
      from task_instance where state in ('queued', 'running', 'restarting') group by pool, dag_id, queue
    ) l join dag d on d.dag_id = l.dag_id`,
  pools: 'select name, slots from pool',
  workers: `
    select queue, sum(slots)::integer as slots from worker, unnest(queues) as queue where lease_until > now() group by queue`,
  waiting: `
    select count(*)::integer as waiting from (
      select from task_instance t join dag d on d.dag_id = t.dag_id where t.state = 'scheduled' and not d.paused limit ${MOST_COUNTED}
    ) w`,
  shards: 'select shard, scheduler_id from scheduler_shard where scheduler_id is not null',
};

/** Planned once for each connection: planning them costs more than all they do. */
const PREPARE = Object.entries(COUNTS)
  .map(([name, text]) => `prepare usage_${name} as ${text}`)
  .join(';');

/** One round trip: begins the transaction, takes the lock, and counts. */
const BEGIN = `begin; select pg_advisory_xact_lock(${LOCK}); ${Object.keys(COUNTS)
  .map((name) => `execute usage_${name}`)
  .join(';')}`;

const prepared = new WeakSet<pg.PoolClient>();

export interface Holding {
  readonly pool: string;
  readonly dagId: string;
  readonly queue: string;
  readonly poolSlots: number;
}

export async function beginWithUsage(client: pg.PoolClient): Promise<Usage> {
  if (!prepared.has(client)) {
    await client.query(PREPARE);
    prepared.add(client);
  }
  const answers = (await client.query(BEGIN)) as unknown as readonly pg.QueryResult[];
  const [live, pools, workers, waiting, shards] = answers.slice(2).map((answer) => answer.rows);
  return new Usage({
    live: live ?? [],
    pools: pools ?? [],
    workers: workers ?? [],
    waiting: waiting?.[0]?.waiting ?? 0,
    shards: shards ?? [],
  });
}

interface Counted {
  readonly live: readonly { pool: string; dag_id: string; queue: string; tasks: number; slots: number; max_active_tasks: number }[];
  readonly pools: readonly { name: string; slots: number }[];
  /** Slots of living workers, by queue. */
  readonly workers: readonly { queue: string; slots: number }[];
  readonly waiting: number;
  readonly shards: readonly { shard: number; scheduler_id: string }[];
}

export class Usage {
  /** How many task instances are `scheduled`, of DAGs that are not paused. */
  readonly waiting: number;
  readonly #pools = new Map<string, number>();
  readonly #poolSizes = new Map<string, number>();
  readonly #windows = new Map<string, number>();
  readonly #inQueue = new Map<string, number>();
  readonly #active = new Map<string, number>();
  readonly #dagLimits = new Map<string, number>();
  readonly #owners = new Map<number, string>();

  constructor({ live, pools, workers, waiting, shards }: Counted) {
    this.waiting = waiting;
    for (const { shard, scheduler_id } of shards) this.#owners.set(shard, scheduler_id);
    for (const { name, slots } of pools) {
      this.#pools.set(name, slots);
      this.#poolSizes.set(name, slots);
    }
    for (const { queue, slots } of workers) this.#windows.set(queue, Math.max(SMALLEST_WINDOW, 2 * slots));
    for (const { pool, dag_id, queue, tasks, slots, max_active_tasks } of live) {
      this.#dagLimits.set(dag_id, max_active_tasks);
      if (this.#pools.has(pool)) add(this.#pools, pool, -slots);
      add(this.#active, dag_id, tasks);
      add(this.#inQueue, queue, tasks);
    }
  }

  take({ pool, dagId, queue, poolSlots }: Holding): void {
    if (this.#pools.has(pool)) add(this.#pools, pool, -poolSlots);
    add(this.#active, dagId, 1);
    add(this.#inQueue, queue, 1);
  }

  free({ pool, dagId, queue, poolSlots }: Holding): void {
    if (this.#pools.has(pool)) add(this.#pools, pool, poolSlots);
    add(this.#active, dagId, -1);
    add(this.#inQueue, queue, -1);
  }

  /** Makes the DAG and the queue of a task known that has none of its kind active yet. */
  note({ dagId, maxActiveTasks, queue }: Candidate & { readonly maxActiveTasks: number }): void {
    this.#dagLimits.set(dagId, maxActiveTasks);
    if (!this.#windows.has(queue)) this.#windows.set(queue, SMALLEST_WINDOW);
  }

  /** How many more tasks can get a slot at the most: what pools have free, and no more than the queues that are known take. */
  room(): number {
    let slots = 0;
    for (const free of this.#pools.values()) slots += Math.max(0, free);
    let places = 0;
    for (const [queue, window] of this.#windows) places += Math.max(0, window - (this.#inQueue.get(queue) ?? 0));
    return Math.min(slots, places);
  }

  /** Whether another scheduler has the run in hand. */
  isOthers(runKey: string, schedulerId: string): boolean {
    const owner = this.#owners.get(Number(BigInt(runKey) % SHARDS));
    return owner !== undefined && owner !== schedulerId;
  }

  /** For `admit`. */
  capacity(): Capacity {
    return {
      pools: new Map(this.#pools),
      poolSizes: this.#poolSizes,
      dags: new Map([...this.#dagLimits].map(([dagId, limit]) => [dagId, limit - (this.#active.get(dagId) ?? 0)])),
      queues: new Map([...this.#windows].map(([queue, window]) => [queue, window - (this.#inQueue.get(queue) ?? 0)])),
    };
  }

  /** Pools with a free slot. */
  openPools(): readonly string[] {
    return [...this.#pools].filter(([, free]) => free > 0).map(([pool]) => pool);
  }

  /** Queues whose window is full. */
  fullQueues(): readonly string[] {
    return [...this.#inQueue].filter(([queue, tasks]) => tasks >= (this.#windows.get(queue) ?? SMALLEST_WINDOW)).map(([queue]) => queue);
  }

  /** DAGs that are at their limit. */
  fullDags(): readonly string[] {
    return [...this.#active].filter(([dagId, tasks]) => tasks >= (this.#dagLimits.get(dagId) ?? Infinity)).map(([dagId]) => dagId);
  }
}

function add(counts: Map<string, number>, key: string, amount: number): void {
  counts.set(key, (counts.get(key) ?? 0) + amount);
}
