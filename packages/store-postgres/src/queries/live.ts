/** Who is there and what is going on, for health and gauges. Reads live rows only. */
import type { Instant } from '@headrace/core';
import type { HealthRecord, LiveCounts } from '@headrace/ports';
import type { Queryable } from '../database.ts';

interface Schedulers {
  readonly scheduler_id: string;
  readonly heartbeat_at: Instant;
  readonly alive: boolean;
}

interface Workers {
  readonly worker_id: string;
  readonly hostname: string;
  readonly heartbeat_at: Instant;
  readonly alive: boolean;
  readonly slots: number;
  readonly queues: readonly string[];
}

export async function readHealth(db: Queryable): Promise<HealthRecord> {
  const schedulers = await db.query<Schedulers>(
    'select scheduler_id, heartbeat_at, lease_until > now() as alive from scheduler order by started_at, scheduler_id',
  );
  const workers = await db.query<Workers>(
    'select worker_id, hostname, heartbeat_at, lease_until > now() as alive, slots, queues from worker order by started_at, worker_id',
  );
  return {
    schedulers: schedulers.rows.map((row) => ({ id: row.scheduler_id, heartbeatAt: row.heartbeat_at, alive: row.alive })),
    workers: workers.rows.map((row) => ({
      id: row.worker_id,
      hostname: row.hostname,
      heartbeatAt: row.heartbeat_at,
      alive: row.alive,
      slots: row.slots,
      queues: row.queues,
    })),
  };
}

/** Each part has a partial index of its own. */
const LIVE_RUNS = `
  select 'queued' as state, count(*)::integer as runs from dag_run where state = 'queued'
  union all select 'running', count(*)::integer from dag_run where state = 'running'`;

const LIVE_TASKS = `
  select state, pool, count(*)::integer as tasks, sum(pool_slots)::integer as slots
  from task_instance where state in ('queued', 'running', 'restarting') group by state, pool
  union all
  select state, pool, count(*)::integer, sum(pool_slots)::integer from task_instance where state = 'scheduled' group by state, pool
  union all
  select state, pool, count(*)::integer, sum(pool_slots)::integer
  from task_instance where state in ('up_for_retry', 'up_for_reschedule') group by state, pool`;

export async function readLiveCounts(db: Queryable): Promise<LiveCounts> {
  const runs = await db.query<{ state: string; runs: number }>({ name: 'live runs', text: LIVE_RUNS });
  const live = await db.query<{ state: string; pool: string; tasks: number; slots: number }>({ name: 'live tasks', text: LIVE_TASKS });
  const pools = await db.query<{ name: string; slots: number }>('select name, slots from pool order by name');
  const tasks: Record<string, number> = {};
  for (const row of live.rows) tasks[row.state] = (tasks[row.state] ?? 0) + row.tasks;
  const slotsOf = (pool: string, holds: boolean): number =>
    live.rows
      .filter((row) => row.pool === pool && (holds ? HOLDING.has(row.state) : row.state === 'scheduled'))
      .reduce((sum, row) => sum + row.slots, 0);
  return {
    runs: Object.fromEntries(runs.rows.map((row) => [row.state, row.runs])),
    tasks,
    pools: pools.rows.map(({ name, slots }) => ({ pool: name, slots, used: slotsOf(name, true), waiting: slotsOf(name, false) })),
  };
}

const HOLDING: ReadonlySet<string> = new Set(['queued', 'running', 'restarting']);
