/** Who is there and what is going on, for health and gauges. Reads live rows only. */
import type { Instant } from '@headrace/core';
import type { HealthRecord, LiveCounts } from '@headrace/ports';
import type { Queryable } from '../database.ts';

interface Schedulers {
  readonly scheduler_id: string;
  readonly started_at: Instant;
  readonly heartbeat_at: Instant;
  readonly alive: boolean;
}

interface Workers {
  readonly worker_id: string;
  readonly hostname: string;
  readonly started_at: Instant;
  readonly heartbeat_at: Instant;
  readonly alive: boolean;
  readonly slots: number;
  readonly queues: readonly string[];
}

export async function readHealth(db: Queryable): Promise<HealthRecord> {
  const schedulers = await db.query<Schedulers>(
    'select scheduler_id, started_at, heartbeat_at, lease_until > now() as alive from scheduler order by started_at, scheduler_id',
  );
  const workers = await db.query<Workers>(
    'select worker_id, hostname, started_at, heartbeat_at, lease_until > now() as alive, slots, queues from worker order by started_at, worker_id',
  );
  return {
    schedulers: schedulers.rows.map((row) => ({
      id: row.scheduler_id,
      startedAt: row.started_at,
      heartbeatAt: row.heartbeat_at,
      alive: row.alive,
    })),
    workers: workers.rows.map((row) => ({
      id: row.worker_id,
      hostname: row.hostname,
      startedAt: row.started_at,
      heartbeatAt: row.heartbeat_at,
      alive: row.alive,
      slots: row.slots,
      queues: row.queues,
    })),
  };
}

/** Each part has a partial index of its own, or is a small table. */
const LIVE_ROWS = `
  select 'runs' as what, 'queued' as state, count(*)::integer as found from dag_run where state = 'queued'
  union all select 'runs', 'running', count(*)::integer from dag_run where state = 'running'
  union all select 'waits', kind, count(*)::integer from wait where ended_at is null group by kind
  union all
  select 'backfills', case when paused then 'paused' else 'running' end, count(*)::integer from backfill where completed_at is null group by 2
  union all select 'notices', 'pending', count(*)::integer from notice where state = 'pending'
  union all select 'notices', 'dead', count(*)::integer from notice where state = 'dead'
  union all select 'importErrors', '', count(*)::integer from import_error`;

const LIVE_TASKS = `
  select state, pool, queue, count(*)::integer as tasks, sum(pool_slots)::integer as slots,
    floor(extract(epoch from now() - min(queued_at) filter (where state = 'queued')) * 1000)::float8 as oldest_ms
  from task_instance where state in ('queued', 'running', 'restarting') group by state, pool, queue
  union all
  select state, pool, queue, count(*)::integer, sum(pool_slots)::integer, null
  from task_instance where state = 'scheduled' group by state, pool, queue
  union all
  select state, pool, queue, count(*)::integer, sum(pool_slots)::integer, null
  from task_instance where state in ('up_for_retry', 'up_for_reschedule') group by state, pool, queue
  union all
  select state, pool, '', count(*)::integer, sum(pool_slots)::integer, null from task_instance where state = 'deferred' group by state, pool
  union all
  select t.state, t.pool, '', count(*)::integer, sum(t.pool_slots)::integer, null
  from wait w join task_instance t on t.id = w.task_instance_id
  where w.ended_at is null and t.state = 'awaiting_input' group by t.state, t.pool`;

interface LiveTasks {
  readonly state: string;
  readonly pool: string;
  /** Empty of those that have no slot to wait for. */
  readonly queue: string;
  readonly tasks: number;
  readonly slots: number;
  readonly oldest_ms: number | null;
}

export async function readLiveCounts(db: Queryable): Promise<LiveCounts> {
  const { rows: found } = await db.query<{ what: string; state: string; found: number }>({ name: 'live rows', text: LIVE_ROWS });
  const { rows: live } = await db.query<LiveTasks>({ name: 'live tasks', text: LIVE_TASKS });
  const { rows: pools } = await db.query<{ name: string; slots: number }>('select name, slots from pool order by name');
  const countsOf = (what: string): Record<string, number> =>
    Object.fromEntries(found.filter((row) => row.what === what).map((row) => [row.state, row.found]));
  return {
    runs: countsOf('runs'),
    tasks: sums(live, ({ state, tasks }) => [state, tasks]),
    pools: pools.map(({ name, slots }) => {
      const byState = sums(
        live.filter(({ pool }) => pool === name),
        (row) => [row.state, row.slots],
      );
      const used = HOLDING.reduce((sum, state) => sum + (byState[state] ?? 0), 0);
      return { pool: name, slots, used, waiting: byState.scheduled ?? 0, byState };
    }),
    queues: queuesOf(live),
    waits: countsOf('waits'),
    backfills: countsOf('backfills'),
    notices: countsOf('notices'),
    importErrors: countsOf('importErrors')[''] ?? 0,
  };
}

const HOLDING = ['queued', 'running', 'restarting'];

function queuesOf(live: readonly LiveTasks[]): LiveCounts['queues'] {
  const holding = live.filter(({ state }) => HOLDING.includes(state));
  return [...new Set(holding.map(({ queue }) => queue))].sort().map((queue) => {
    const rows = holding.filter((row) => row.queue === queue);
    const byState = sums(rows, ({ state, tasks }) => [state, tasks]);
    const oldest = rows.flatMap(({ oldest_ms: ms }) => (ms === null ? [] : [ms]));
    return {
      queue,
      queued: byState.queued ?? 0,
      running: (byState.running ?? 0) + (byState.restarting ?? 0),
      ...(oldest.length === 0 ? {} : { oldestMs: Math.max(0, ...oldest) }),
    };
  });
}

function sums<T>(rows: readonly T[], of: (row: T) => readonly [string, number]): Record<string, number> {
  const summed: Record<string, number> = {};
  for (const row of rows) {
    const [key, value] = of(row);
    summed[key] = (summed[key] ?? 0) + value;
  }
  return summed;
}
