/** What is in use, counted within the transaction that gives slots, and kept up while slots are given. */
import type { Candidate, Capacity, KeyUse, SlotLimit } from '@headrace/core';
import { SLOT_STATUSES } from '@headrace/core';
import type { MemoryDatabase } from './database.ts';

/** A queue is given no more than its workers can soon run: twice their slots, but at least so many. */
const SMALLEST_WINDOW = 512;

export interface Holding {
  readonly pool: string;
  readonly dagId: string;
  readonly queue: string;
  readonly poolSlots: number;
  readonly limits?: readonly SlotLimit[] | undefined;
}

export class Usage {
  readonly #db: MemoryDatabase;
  readonly #pools = new Map<string, number>();
  readonly #poolSizes = new Map<string, number>();
  readonly #windows = new Map<string, number>();
  readonly #inQueue = new Map<string, number>();
  readonly #active = new Map<string, number>();
  /** By pool, then by DAG. */
  readonly #shares = new Map<string, Map<string, number>>();
  /** By key: the limits of those that hold it. */
  readonly #keys = new Map<string, number[]>();

  constructor(db: MemoryDatabase) {
    this.#db = db;
    for (const { name, slots } of db.pools.rows()) {
      const size = slots < 0 ? Number.MAX_SAFE_INTEGER : slots;
      this.#pools.set(name, size);
      this.#poolSizes.set(name, size);
    }
    for (const row of db.tasksByStatus.get('deferred')) if (this.#countsDeferred(row.pool)) add(this.#pools, row.pool, -row.poolSlots);
    const now = db.now();
    const workerSlots = new Map<string, number>();
    for (const { queues, slots, leaseUntil } of db.workers.rows()) {
      if (leaseUntil > now) for (const queue of queues) add(workerSlots, queue, slots);
    }
    for (const [queue, slots] of workerSlots) this.#windows.set(queue, Math.max(SMALLEST_WINDOW, 2 * slots));
    for (const status of SLOT_STATUSES) for (const row of db.tasksByStatus.get(status)) this.take(row);
  }

  take({ pool, dagId, queue, poolSlots, limits = [] }: Holding): void {
    this.#hold(pool, dagId, poolSlots);
    add(this.#active, dagId, 1);
    add(this.#inQueue, queue, 1);
    for (const { key, limit } of limits) this.#keys.set(key, [...(this.#keys.get(key) ?? []), limit]);
  }

  free({ pool, dagId, queue, poolSlots, limits = [] }: Holding): void {
    this.#hold(pool, dagId, -poolSlots);
    add(this.#active, dagId, -1);
    add(this.#inQueue, queue, -1);
    for (const { key, limit } of limits) {
      const held = this.#keys.get(key) ?? [];
      this.#keys.set(key, held.toSpliced(held.indexOf(limit), 1));
    }
  }

  /** A task is deferred no longer: its pool may have counted its slots. */
  freeDeferred({ pool, poolSlots }: Holding): void {
    if (this.#countsDeferred(pool)) add(this.#pools, pool, poolSlots);
  }

  /** Whether no limit refuses it from the first: a pool with a free slot, a queue with room, a DAG below its limit. */
  mayFit({ pool, dagId, queue }: Holding): boolean {
    return (this.#pools.get(pool) ?? 0) > 0 && this.#placesIn(queue) > 0 && this.#placesOf(dagId) > 0;
  }

  /** For `admit`, of these candidates. */
  capacity(candidates: Iterable<Candidate>): Capacity {
    const dags = new Map<string, number>();
    const queues = new Map<string, number>();
    for (const { dagId, queue } of candidates) {
      if (!dags.has(dagId)) dags.set(dagId, this.#placesOf(dagId));
      if (!queues.has(queue)) queues.set(queue, this.#placesIn(queue));
    }
    const keys = new Map([...this.#keys].filter(([, held]) => held.length > 0).map(([key, held]) => [key, keyUse(held)]));
    const buckets = new Map([...this.#db.rateBuckets.rows()].map(({ key, fullAt }) => [key, fullAt]));
    return { pools: this.#pools, poolSizes: this.#poolSizes, dags, queues, keys, buckets, now: this.#db.now(), shares: this.#shares };
  }

  #countsDeferred(pool: string): boolean {
    return this.#db.pools.get(pool)?.includeDeferred === true;
  }

  #hold(pool: string, dagId: string, slots: number): void {
    if (this.#pools.has(pool)) add(this.#pools, pool, -slots);
    const shares = this.#shares.get(pool) ?? new Map<string, number>();
    this.#shares.set(pool, shares);
    add(shares, dagId, slots);
  }

  #placesOf(dagId: string): number {
    return (this.#db.dags.get(dagId)?.maxActiveTasks ?? Infinity) - (this.#active.get(dagId) ?? 0);
  }

  #placesIn(queue: string): number {
    return (this.#windows.get(queue) ?? SMALLEST_WINDOW) - (this.#inQueue.get(queue) ?? 0);
  }
}

function keyUse(held: readonly number[]): KeyUse {
  return { held: held.length, limit: Math.min(...held) };
}

function add(counts: Map<string, number>, key: string, amount: number): void {
  counts.set(key, (counts.get(key) ?? 0) + amount);
}
