/**
 * What is in use, counted while the lock on giving slots is held, and kept up while slots are given.
 *
 * U1. Only rows that hold slots are counted: never history, never what waits.
 * U2. A queue is given no more than its workers can soon run: twice their slots, but at least 512, so that a worker that
 *     is about to appear finds work.
 * U3. Where tasks of one key name different limits, the smallest of those that hold it counts.
 */
import { type Candidate, type Capacity, fullAfterTaking, type Instant, type KeyUse, type SlotLimit, tokenAt } from '@headrace/core';
import type pg from 'pg';
import { FIRST_LANES, type WaitingLane, waitingLane } from './lanes.ts';

const LOCK = 7_428_004;
const SMALLEST_WINDOW = 512;
const SHARDS = 32n;
/** Slots of a pool without a limit: more than there are tasks, and still a number of 32 bits. */
const UNLIMITED = 1_000_000_000;

/** What is counted, in the order of the answers. The clock is read when the lock is held: nobody who held it before read a later one. */
const COUNTS = {
  live: `
    select l.*, d.max_active_tasks from (
      select pool, dag_id, queue, count(*)::integer as tasks, sum(pool_slots)::integer as slots
      from task_instance where state in ('queued', 'running', 'restarting') group by pool, dag_id, queue
    ) l join dag d on d.dag_id = l.dag_id`,
  keys: `
    select k.key, count(*)::integer as held, min(k."limit") as "limit"
    from task_instance t, jsonb_to_recordset(t.limits -> 'slots') as k (key text, "limit" integer)
    where t.state in ('queued', 'running', 'restarting') and t.limits is not null group by k.key`,
  buckets: `
    select key, full_at
    from rate_bucket where full_at > extract(epoch from clock_timestamp())::float8 * 1000`,
  pools: `
    select p.name, p.slots, p.include_deferred, case when p.include_deferred then coalesce((
      select sum(t.pool_slots) from task_instance t where t.state = 'deferred' and t.pool = p.name), 0) else 0 end::integer as deferred
    from pool p`,
  workers: `
    select queue, sum(slots)::integer as slots from worker, unnest(queues) as queue where lease_until > now() group by queue`,
  clock: 'select extract(epoch from clock_timestamp())::float8 * 1000 as now',
  lanes: FIRST_LANES,
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
  readonly limits?: readonly SlotLimit[];
  /** It holds its pool's slots, where they are counted so, and nothing else. */
  readonly isDeferred?: boolean;
}

export async function beginWithUsage(client: pg.PoolClient): Promise<Usage> {
  if (!prepared.has(client)) {
    await client.query(PREPARE);
    prepared.add(client);
  }
  const answers = (await client.query(BEGIN)) as unknown as readonly pg.QueryResult[];
  const [live, keys, buckets, pools, workers, clock, lanes, shards] = answers.slice(2).map((answer) => answer.rows);
  return new Usage({
    live: live ?? [],
    keys: keys ?? [],
    buckets: buckets ?? [],
    pools: pools ?? [],
    workers: workers ?? [],
    now: clock?.[0]?.now ?? 0,
    lanes: (lanes ?? []).map(waitingLane),
    shards: shards ?? [],
  });
}

interface Counted {
  readonly live: readonly { pool: string; dag_id: string; queue: string; tasks: number; slots: number; max_active_tasks: number }[];
  readonly keys: readonly { key: string; held: number; limit: number }[];
  readonly buckets: readonly { key: string; full_at: number }[];
  readonly pools: readonly { name: string; slots: number; include_deferred: boolean; deferred: number }[];
  /** Slots of living workers, by queue. */
  readonly workers: readonly { queue: string; slots: number }[];
  readonly now: Instant;
  readonly lanes: readonly WaitingLane[];
  readonly shards: readonly { shard: number; scheduler_id: string }[];
}

export class Usage {
  /** The first lanes in which something waits; all of them if there are fewer than `FEW_LANES`. */
  readonly lanes: readonly WaitingLane[];
  /** The database's clock, in milliseconds and fractions. */
  readonly now: Instant;
  readonly #pools = new Map<string, number>();
  readonly #poolSizes = new Map<string, number>();
  readonly #poolsWithDeferred = new Set<string>();
  readonly #shares = new Map<string, Map<string, number>>();
  readonly #windows = new Map<string, number>();
  readonly #inQueue = new Map<string, number>();
  readonly #active = new Map<string, number>();
  readonly #dagLimits = new Map<string, number>();
  readonly #keys = new Map<string, KeyUse>();
  readonly #buckets = new Map<string, Instant>();
  readonly #emptied = new Set<string>();
  readonly #owners = new Map<number, string>();

  constructor({ live, keys, buckets, pools, workers, now, lanes, shards }: Counted) {
    this.lanes = lanes;
    this.now = now;
    for (const { shard, scheduler_id } of shards) this.#owners.set(shard, scheduler_id);
    for (const { name, slots, include_deferred, deferred } of pools) {
      const size = slots < 0 ? UNLIMITED : slots;
      this.#pools.set(name, size - deferred);
      this.#poolSizes.set(name, size);
      if (include_deferred) this.#poolsWithDeferred.add(name);
    }
    for (const { queue, slots } of workers) this.#windows.set(queue, Math.max(SMALLEST_WINDOW, 2 * slots));
    for (const { pool, dag_id, queue, tasks, slots, max_active_tasks } of live) {
      this.#dagLimits.set(dag_id, max_active_tasks);
      this.#hold(pool, dag_id, slots);
      add(this.#active, dag_id, tasks);
      add(this.#inQueue, queue, tasks);
      if (!this.#windows.has(queue)) this.#windows.set(queue, SMALLEST_WINDOW);
    }
    for (const { key, held, limit } of keys) this.#keys.set(key, { held, limit });
    for (const { key, full_at } of buckets) this.#buckets.set(key, full_at);
  }

  /** A slot is given: with it go a place in the queue and the DAG, its keys, and a token of each of its rates. */
  take({ pool, dagId, queue, poolSlots, limits = [], rates = [] }: Candidate): void {
    this.#hold(pool, dagId, poolSlots);
    add(this.#active, dagId, 1);
    add(this.#inQueue, queue, 1);
    for (const { key, limit } of limits) {
      const use = this.#keys.get(key);
      this.#keys.set(key, { held: (use?.held ?? 0) + 1, limit: Math.min(limit, use?.limit ?? Infinity) });
    }
    for (const rate of rates) {
      this.#buckets.set(rate.key, fullAfterTaking(this.#buckets.get(rate.key), rate, this.now));
      this.#emptied.add(rate.key);
    }
  }

  free({ pool, dagId, queue, poolSlots, limits = [], isDeferred = false }: Holding): void {
    if (isDeferred) {
      if (this.#poolsWithDeferred.has(pool)) add(this.#pools, pool, poolSlots);
      return;
    }
    this.#hold(pool, dagId, -poolSlots);
    add(this.#active, dagId, -1);
    add(this.#inQueue, queue, -1);
    for (const { key } of limits) {
      const use = this.#keys.get(key);
      if (use === undefined || use.held <= 1) this.#keys.delete(key);
      else this.#keys.set(key, { ...use, held: use.held - 1 });
    }
  }

  /** Makes the DAG and the queue of a task known that has none of its kind active yet. */
  note({ dagId, maxActiveTasks, queue }: Candidate & { readonly maxActiveTasks: number }): void {
    this.#dagLimits.set(dagId, maxActiveTasks);
    if (!this.#windows.has(queue)) this.#windows.set(queue, SMALLEST_WINDOW);
  }

  /** How many more tasks can get a slot at the most. */
  room(): number {
    let slots = 0;
    for (const free of this.#pools.values()) slots += Math.max(0, free);
    return Math.min(slots, UNLIMITED);
  }

  /** Whether another scheduler has the run in hand. */
  isOthers(runKey: string, schedulerId: string): boolean {
    const owner = this.#owners.get(Number(BigInt(runKey) % SHARDS));
    return owner !== undefined && owner !== schedulerId;
  }

  /** For `admit`. */
  capacity(): Capacity {
    return {
      pools: this.#pools,
      poolSizes: this.#poolSizes,
      dags: this.#places(this.#dagLimits, this.#active),
      queues: this.#places(this.#windows, this.#inQueue),
      keys: this.#keys,
      buckets: this.#buckets,
      now: this.now,
      shares: this.#shares,
    };
  }

  /** How many of a lane may get in, as far as its limits tell; and if only tokens are missing, when one is there. */
  roomOf({ lane, paused, maxActiveTasks, limits, rates }: WaitingLane): { readonly room: number; readonly nextAt?: Instant } {
    const [pool, queue, dagId, poolSlots] = lane;
    const slots = this.#pools.get(pool) ?? 0;
    const room = Math.min(
      slots < poolSlots ? 0 : slots,
      (this.#windows.get(queue) ?? SMALLEST_WINDOW) - (this.#inQueue.get(queue) ?? 0),
      maxActiveTasks - (this.#active.get(dagId) ?? 0),
      ...limits.map(({ key, limit }) => Math.min(limit, this.#keys.get(key)?.limit ?? Infinity) - (this.#keys.get(key)?.held ?? 0)),
    );
    if (paused || room <= 0) return { room: 0 };
    const nextAt = Math.max(...rates.map((rate) => tokenAt(this.#buckets.get(rate.key), rate, this.now)), this.now);
    return nextAt > this.now ? { room: 0, nextAt: Math.ceil(nextAt) } : { room };
  }

  /** For looking at lanes: what is left by name, zero or less where nothing is. What is not there has not been used yet. */
  rooms(): Rooms {
    return {
      pools: Object.fromEntries(this.#pools),
      queues: Object.fromEntries(this.#places(this.#windows, this.#inQueue)),
      dags: Object.fromEntries(this.#places(this.#dagLimits, this.#active)),
      fullKeys: [...this.#keys].filter(([, { held, limit }]) => held >= limit).map(([key]) => key),
      buckets: Object.fromEntries(this.#buckets),
    };
  }

  /** Buckets that tokens were taken from, and when each is full again. */
  emptied(): readonly { readonly key: string; readonly fullAt: Instant }[] {
    return [...this.#emptied].sort().map((key) => ({ key, fullAt: this.#buckets.get(key) ?? this.now }));
  }

  #hold(pool: string, dagId: string, slots: number): void {
    if (this.#pools.has(pool)) add(this.#pools, pool, -slots);
    const shares = this.#shares.get(pool) ?? new Map<string, number>();
    this.#shares.set(pool, shares);
    add(shares, dagId, slots);
  }

  #places(limits: ReadonlyMap<string, number>, used: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
    return new Map([...limits].map(([name, limit]) => [name, limit - (used.get(name) ?? 0)]));
  }
}

export interface Rooms {
  readonly pools: Readonly<Record<string, number>>;
  readonly queues: Readonly<Record<string, number>>;
  readonly dags: Readonly<Record<string, number>>;
  readonly fullKeys: readonly string[];
  readonly buckets: Readonly<Record<string, Instant>>;
}

function add(counts: Map<string, number>, key: string, amount: number): void {
  counts.set(key, (counts.get(key) ?? 0) + amount);
}
