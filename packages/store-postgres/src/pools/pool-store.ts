/** Pools, with what is in use of them counted from live rows only. */
import { DEFAULT_POOL, DefaultPoolError, PoolExistsError, PoolNotFoundError, type PoolRecord, type PoolStore } from '@headrace/ports';
import type { Database } from '../database.ts';
import { tellPool } from '../notification.ts';
import { Conditions } from '../queries/conditions.ts';
import { type ListQuery, list, one } from '../queries/list.ts';
import { constraintOf, transaction } from '../transaction.ts';

interface Row {
  readonly name: string;
  readonly slots: number;
  readonly description: string | null;
  readonly include_deferred: boolean;
  readonly running: number;
  readonly queued: number;
  readonly scheduled: number;
  readonly deferred: number;
}

/** Each part has a partial index that begins with the pool. */
const POOLS: ListQuery<Row, PoolRecord> = {
  columns: `p.name, p.slots, p.description, p.include_deferred, live.running, live.queued,
    (select coalesce(sum(t.pool_slots), 0)::integer from task_instance t where t.pool = p.name and t.state = 'scheduled') as scheduled,
    (select coalesce(sum(t.pool_slots), 0)::integer from task_instance t where t.pool = p.name and t.state = 'deferred') as deferred`,
  from: `pool p cross join lateral (
    select coalesce(sum(t.pool_slots) filter (where t.state = 'queued'), 0)::integer as queued,
      coalesce(sum(t.pool_slots) filter (where t.state <> 'queued'), 0)::integer as running
    from task_instance t where t.pool = p.name and t.state in ('queued', 'running', 'restarting')
  ) live`,
  order: { name: 'p.name', pool: 'p.name', id: 'p.name', slots: 'p.slots' },
  key: 'p.name',
  item: poolRecord,
};

const CREATE = 'insert into pool (name, slots, description, include_deferred) values ($1, $2, $3, $4)';

/** Parameters: name, slots, whether the description changes, to what, whether deferred tasks count; null leaves a value as it is. */
const CHANGE = `
  update pool
  set slots = coalesce($2, slots), description = case when $3::boolean then $4 else description end,
    include_deferred = coalesce($5, include_deferred)
  where name = $1
  returning name`;

export function createPoolStore(database: Database): PoolStore {
  const reads = () => database.lane('reads');
  const work = () => database.lane('work');
  return {
    pools: ({ namePattern }, page) => list(reads(), POOLS, new Conditions().like('p.name', namePattern), page),
    pool: (name) => one(reads(), POOLS, new Conditions().add('p.name = ?', name)),

    async create({ name, slots, description, includeDeferred }) {
      try {
        await transaction(work(), async (client) => {
          await client.query(CREATE, [name, slots, description ?? null, includeDeferred]);
          // Tasks may have waited for a pool of this name.
          await tellPool(client, name);
        });
      } catch (error) {
        if (constraintOf(error) === 'pool_pkey') throw new PoolExistsError(name);
        throw error;
      }
    },

    async change(name, { slots, description, includeDeferred }) {
      await transaction(work(), async (client) => {
        const { rows } = await client.query(CHANGE, [
          name,
          slots ?? null,
          description !== undefined,
          description ?? null,
          includeDeferred ?? null,
        ]);
        if (rows.length === 0) throw new PoolNotFoundError(name);
        await tellPool(client, name);
      });
    },

    async delete(name) {
      if (name === DEFAULT_POOL) throw new DefaultPoolError();
      const { rows } = await work().query('delete from pool where name = $1 returning name', [name]);
      if (rows.length === 0) throw new PoolNotFoundError(name);
    },
  };
}

function poolRecord(row: Row): PoolRecord {
  return {
    name: row.name,
    slots: row.slots,
    ...(row.description === null ? {} : { description: row.description }),
    includeDeferred: row.include_deferred,
    runningSlots: row.running,
    queuedSlots: row.queued,
    scheduledSlots: row.scheduled,
    deferredSlots: row.deferred,
  };
}
