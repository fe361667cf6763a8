/** Pools, and what is in use of them. */
import { SLOT_STATUSES, type TaskStatus } from '@headrace/core';
import {
  DEFAULT_POOL,
  DefaultPoolError,
  PoolExistsError,
  PoolNotFoundError,
  type PoolRecord,
  type PoolStore,
  UnknownOrderError,
} from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';
import { likePattern } from './like-pattern.ts';
import type { PoolRow } from './rows.ts';

const ORDERS: ReadonlySet<string> = new Set(['id', 'name', 'pool', 'slots']);

export function createPoolStore(db: MemoryDatabase): PoolStore {
  const required = (name: string): PoolRow => {
    const row = db.pools.get(name);
    if (row === undefined) throw new PoolNotFoundError(name);
    return row;
  };
  return {
    async pools({ namePattern }, { limit, offset, orderBy = [] }) {
      const found = [...db.pools.rows()].filter(({ name }) => namePattern === undefined || likePattern(namePattern).test(name));
      const sorted = found.sort(comparison(orderBy));
      return { items: sorted.slice(offset, offset + limit).map((row) => poolRecord(db, row)), total: found.length };
    },

    async pool(name) {
      const row = db.pools.get(name);
      return row === undefined ? undefined : poolRecord(db, row);
    },

    async create({ name, slots, description, includeDeferred }) {
      if (db.pools.get(name) !== undefined) throw new PoolExistsError(name);
      db.transaction(() => {
        db.pools.insert(name, { name, slots, description, includeDeferred });
        db.tell([{ type: 'pool', pool: name }]);
      });
    },

    async change(name, { slots, description, includeDeferred }) {
      const row = required(name);
      db.transaction(() => {
        db.pools.change(name, {
          slots: slots ?? row.slots,
          description: description === undefined ? row.description : (description ?? undefined),
          includeDeferred: includeDeferred ?? row.includeDeferred ?? false,
        });
        db.tell([{ type: 'pool', pool: name }]);
      });
    },

    async delete(name) {
      if (name === DEFAULT_POOL) throw new DefaultPoolError();
      required(name);
      db.transaction(() => db.pools.delete(name));
    },
  };
}

function comparison(orderBy: readonly string[]): (a: PoolRow, b: PoolRow) => number {
  const terms = orderBy.map((term) => {
    const descending = term.startsWith('-');
    const name = descending ? term.slice(1) : term;
    if (!ORDERS.has(name)) throw new UnknownOrderError(name, [...ORDERS].sort());
    const ascending = name === 'slots' ? (a: PoolRow, b: PoolRow) => a.slots - b.slots : byName;
    return descending ? (a: PoolRow, b: PoolRow) => ascending(b, a) : ascending;
  });
  return (a, b) => [...terms, byName].reduce((found, term) => found || term(a, b), 0);
}

function byName(a: PoolRow, b: PoolRow): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function poolRecord(db: MemoryDatabase, { name, slots, description, includeDeferred = false }: PoolRow): PoolRecord {
  const slotsIn = (...statuses: readonly TaskStatus[]): number => {
    let sum = 0;
    for (const status of statuses) for (const task of db.tasksByStatus.get(status)) if (task.pool === name) sum += task.poolSlots;
    return sum;
  };
  return {
    name,
    slots,
    ...(description === undefined ? {} : { description }),
    includeDeferred,
    runningSlots: slotsIn(...SLOT_STATUSES.filter((status) => status !== 'queued')),
    queuedSlots: slotsIn('queued'),
    scheduledSlots: slotsIn('scheduled'),
    deferredSlots: slotsIn('deferred'),
  };
}
