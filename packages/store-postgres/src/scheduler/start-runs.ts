/**
 * queued → running, for runs whose time has come.
 *
 * R1. A DAG never has more running runs than its limit, a backfill no more than its own, and runs that are kept apart run one at a
 *     time: all starting is serialised by an advisory lock.
 * R2. Cost follows the DAGs that have queued runs, not all DAGs, and not how many runs a DAG has queued.
 * R3. A run that begins gets its task instances in the same transaction; a cleared run keeps its own.
 */
import type { LoadedRun, NewTaskInstance, SchedulerStore, StartableRun } from '@headrace/ports';
import type pg from 'pg';
import type { Queryable } from '../database.ts';
import { transaction } from '../transaction.ts';
import { insertTasks } from './insert-tasks.ts';
import { loadRuns } from './load-runs.ts';
import { OPEN_BACKFILLS, PARTITION_IS_FREE, WAITING_DAGS } from './waiting-dags.ts';

/** One round trip for both. */
const BEGIN = 'begin; select pg_advisory_xact_lock(7428003)';
/** A wide DAG fills a call by itself; what is left over is started by the next one. */
const MOST_TASKS_AT_ONCE = 50_000;

const ANY_QUEUED = `select exists (select from dag_run where state = 'queued') as found`;

/** Parameters: shards, how many. `exists` would let the planner hash all task instances there are; a limit does not. */
const STARTABLE = `
  with recursive ${WAITING_DAGS},
  ${OPEN_BACKFILLS},
  chosen as (
    select r.* from open_dags d cross join lateral (
      select id, dag_id, version_id, run_after, case when d.exclusion = 'partition' then partition_key end as apart from dag_run q
      where q.state = 'queued' and q.held_for is null and q.backfill_id is null and q.dag_id = d.dag_id and q.run_after <= now()
        and q.id % 32 = any($1) and ${PARTITION_IS_FREE}
      order by q.run_after, q.id
      limit greatest(0, d.places)
    ) r
    union all
    select r.* from open_backfills b cross join lateral (
      select id, dag_id, version_id, run_after, null from dag_run q
      where q.backfill_id = b.id and q.state = 'queued' and q.held_for is null and q.run_after <= now() and q.id % 32 = any($1)
      -- As they were made or cleared.
      order by q.queued_at, q.id
      limit greatest(0, b.places)
    ) r
  )
  select r.id, r.dag_id, r.version_id, r.apart,
    (select true from task_instance t where t.dag_run_id = r.id limit 1) is not null as has_tasks
  from chosen r
  order by r.run_after, r.id
  limit $2`;

/** Parameter: run keys. A run that a command ended meanwhile is left alone. */
const START = `
  with chosen as materialized (
    select id, 'queued' as from_state from dag_run where id = any($1) order by id for no key update
  )
  update dag_run r set state = 'running', started_at = coalesce(r.started_at, now()), ended_at = null, last_decision_at = now()
  from chosen c
  where r.id = c.id and r.state = c.from_state
  returning r.id`;

interface Startable {
  readonly id: string;
  readonly dag_id: string;
  readonly version_id: string;
  /** The partition of which it must be the only run. */
  readonly apart: string | null;
  readonly has_tasks: boolean;
}

export async function startRuns(
  pool: pg.Pool,
  shards: readonly number[],
  limit: number,
  tasksOf: Parameters<SchedulerStore['startRuns']>[2],
): Promise<readonly LoadedRun[]> {
  if (shards.length === 0 || !(await anyQueued(pool))) return [];
  const work = async (client: Queryable): Promise<readonly LoadedRun[]> => {
    const { rows } = await client.query<Startable>({ name: 'startable runs', text: STARTABLE, values: [shards, limit] });
    if (rows.length === 0) return [];
    const chosen = await withTasks(apart(rows), tasksOf);
    const started = await start(client, [...chosen.keys()]);
    for (const [tasks, runKeys] of byTasks(chosen, started)) await insertTasks(client, runKeys, tasks);
    return loadRuns(client, [...started]);
  };
  return transaction(pool, work, BEGIN);
}

/** Asked without a transaction, because mostly there is none: a scheduler looks after every run that ends. */
async function anyQueued(pool: pg.Pool): Promise<boolean> {
  const { rows } = await pool.query<{ found: boolean }>({ name: 'any queued run', text: ANY_QUEUED });
  return rows[0]?.found === true;
}

/** Of several runs of one partition that are kept apart only the first: the rest wait for it to end. */
function apart(rows: readonly Startable[]): readonly Startable[] {
  const taken = new Set<string>();
  return rows.filter((row) => {
    if (row.apart === null) return true;
    const key = `${row.dag_id}\n${row.apart}`;
    return !taken.has(key) && taken.add(key);
  });
}

/** The runs that fit into one call, with the task instances to make for each. */
async function withTasks(
  rows: readonly Startable[],
  tasksOf: (run: StartableRun) => Promise<readonly NewTaskInstance[]>,
): Promise<ReadonlyMap<string, readonly NewTaskInstance[]>> {
  const chosen = new Map<string, readonly NewTaskInstance[]>();
  let total = 0;
  for (const { id, dag_id, version_id, has_tasks } of rows) {
    const tasks = has_tasks ? [] : await tasksOf({ runKey: id, dagId: dag_id, versionId: version_id });
    total += tasks.length;
    if (chosen.size > 0 && total > MOST_TASKS_AT_ONCE) break;
    chosen.set(id, tasks);
  }
  return chosen;
}

async function start(client: Queryable, runKeys: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ id: string }>({ name: 'start runs', text: START, values: [runKeys] });
  return new Set(rows.map((row) => row.id));
}

/** Runs of one version usually share one list, which is then sent once. */
function byTasks(
  chosen: ReadonlyMap<string, readonly NewTaskInstance[]>,
  started: ReadonlySet<string>,
): ReadonlyMap<readonly NewTaskInstance[], readonly string[]> {
  const groups = new Map<readonly NewTaskInstance[], string[]>();
  for (const [runKey, tasks] of chosen) {
    if (tasks.length === 0 || !started.has(runKey)) continue;
    const group = groups.get(tasks);
    if (group === undefined) groups.set(tasks, [runKey]);
    else group.push(runKey);
  }
  return groups;
}
