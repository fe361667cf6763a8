/** The room that is left while slots are given: one candidate after the other takes from it. */
import type { Instant } from '../model/dag.ts';
import type { RateLimit } from '../model/limit-spec.ts';
import type { Candidate, Capacity, KeyUse, Refusal } from './admission.ts';
import { refusalOfKey } from './key-refusal.ts';
import { fullAfterTaking, tokenAt } from './token-bucket.ts';

export class Room {
  readonly #capacity: Capacity;
  readonly #pools: Map<string, number>;
  readonly #dags: Map<string, number>;
  readonly #queues: Map<string, number>;
  readonly #keys: Map<string, KeyUse>;
  readonly #buckets: Map<string, Instant>;
  readonly #shares: Map<string, Map<string, number>>;
  readonly #now: Instant;
  /** The rates of those that were refused for want of a token. */
  readonly #starved: (readonly RateLimit[])[] = [];

  constructor(capacity: Capacity) {
    this.#capacity = capacity;
    this.#pools = new Map(capacity.pools);
    this.#dags = new Map(capacity.dags);
    this.#queues = new Map(capacity.queues);
    this.#keys = new Map(capacity.keys);
    this.#buckets = new Map(capacity.buckets);
    this.#shares = new Map([...(capacity.shares ?? [])].map(([pool, shares]) => [pool, new Map(shares)]));
    this.#now = capacity.now ?? 0;
  }

  /** Slots of the pool that the DAG holds. */
  share(pool: string, dagId: string): number {
    return this.#shares.get(pool)?.get(dagId) ?? 0;
  }

  /** When tokens are there for one that was refused only for want of them, after all that were taken since. */
  get nextToken(): Instant | undefined {
    if (this.#starved.length === 0) return undefined;
    const firsts = this.#starved.map((rates) =>
      rates.reduce((latest, rate) => Math.max(latest, tokenAt(this.#buckets.get(rate.key), rate, this.#now)), this.#now),
    );
    return Math.ceil(firsts.reduce((first, at) => Math.min(first, at)));
  }

  /** Why the candidate gets no slot; undefined: it fits. Tokens are asked for last, so one that waits for them waits for nothing else. */
  refuse(candidate: Candidate): Omit<Refusal, 'taskInstanceId'> | undefined {
    return this.#noSlot(candidate) ?? this.#noPlace(candidate) ?? this.#noKey(candidate) ?? this.#noToken(candidate);
  }

  take({ pool, poolSlots, dagId, queue, limits = [], rates = [] }: Candidate): void {
    lower(this.#pools, pool, poolSlots);
    lower(this.#dags, dagId, 1);
    lower(this.#queues, queue, 1);
    const shares = this.#shares.get(pool) ?? new Map<string, number>();
    shares.set(dagId, (shares.get(dagId) ?? 0) + poolSlots);
    this.#shares.set(pool, shares);
    for (const { key, limit } of limits) {
      const use = this.#keys.get(key);
      this.#keys.set(key, { held: (use?.held ?? 0) + 1, limit: Math.min(limit, use?.limit ?? Infinity) });
    }
    for (const rate of rates) this.#buckets.set(rate.key, fullAfterTaking(this.#buckets.get(rate.key), rate, this.#now));
  }

  #noSlot({ pool, poolSlots }: Candidate): Omit<Refusal, 'taskInstanceId'> | undefined {
    const free = this.#pools.get(pool);
    if (free === undefined) {
      return { reason: 'pool_unknown', detail: `There is no pool "${pool}": create it, or give the task another pool` };
    }
    const size = this.#capacity.poolSizes?.get(pool);
    if (size !== undefined && poolSlots > size) {
      return { reason: 'pool_too_small', detail: `The task needs ${poolSlots} slots at once, but pool "${pool}" has ${size} in all` };
    }
    if (poolSlots > free) {
      return { reason: 'pool_full', detail: `The task needs ${poolSlots} of pool "${pool}"'s slots, ${Math.max(0, free)} are free` };
    }
    return undefined;
  }

  #noPlace({ dagId, queue }: Candidate): Omit<Refusal, 'taskInstanceId'> | undefined {
    if ((this.#dags.get(dagId) ?? Infinity) < 1) {
      return { reason: 'dag_limit', detail: `DAG "${dagId}" has as many active tasks as its maxActiveTasks allows` };
    }
    if ((this.#queues.get(queue) ?? Infinity) < 1) {
      return { reason: 'queue_full', detail: `Queue "${queue}" holds as many messages as its workers can soon run` };
    }
    return undefined;
  }

  #noKey({ limits = [] }: Candidate): Omit<Refusal, 'taskInstanceId'> | undefined {
    for (const { key, limit } of limits) {
      const use = this.#keys.get(key);
      const smallest = Math.min(limit, use?.limit ?? Infinity);
      if ((use?.held ?? 0) >= smallest) return refusalOfKey({ key, limit: smallest });
    }
    return undefined;
  }

  #noToken({ rates = [] }: Candidate): Omit<Refusal, 'taskInstanceId'> | undefined {
    let at = this.#now;
    let key = '';
    for (const rate of rates) {
      const next = tokenAt(this.#buckets.get(rate.key), rate, this.#now);
      if (next > at) [at, key] = [next, rate.key];
    }
    if (at === this.#now) return undefined;
    this.#starved.push(rates);
    return {
      reason: 'rate_limit',
      detail: `The rate limit "${key}" has no token left; the next one comes in ${Math.ceil(at - this.#now)} ms`,
    };
  }
}

function lower(counts: Map<string, number>, key: string, amount: number): void {
  const count = counts.get(key);
  if (count !== undefined) counts.set(key, count - amount);
}
