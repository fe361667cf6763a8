/**
 * Removing runs that ended long ago, with all that belongs to them.
 *
 * Each run goes as a whole: a transaction takes some runs, together of not many task instances, locks their rows, which nobody else
 * needs, and removes what belongs to them in statements of at most `ROWS_AT_ONCE` task instances. Runs that somebody has locked, to clear
 * them perhaps, are passed over.
 */
import type { RetentionResult, RetentionStep } from '@headrace/ports';
import type pg from 'pg';
import { timestamp } from '../timestamp.ts';
import { transaction } from '../transaction.ts';
import { cursorOf, type Place } from './cursor.ts';
import { forgetLineage } from './lineage.ts';

/** Task instances removed by one statement. */
const ROWS_AT_ONCE = 200;
/** Task instances removed by one transaction, unless a single run has more. */
const TASKS_AT_ONCE = 2_000;

/** For a run `r`: nothing of R2 keeps it. Parameter $5: how many of the newest stay. */
const MAY_GO = `
  not exists (select from backfill b where b.dag_id = r.dag_id and b.completed_at is null)
  and (r.logical_date is null or coalesce((
    select n.state in ('success', 'failed') from dag_run n
    where n.dag_id = r.dag_id and n.logical_date > r.logical_date order by n.logical_date limit 1), false))
  and (r.run_type <> 'scheduled' or exists (
    select from dag_run n where n.dag_id = r.dag_id and n.logical_date > r.logical_date and n.run_type = 'scheduled'))
  and ($5::integer = 0 or exists (
    select from dag_run n where n.dag_id = r.dag_id and (n.run_after, n.id) > (r.run_after, r.id)
    order by n.run_after, n.id offset greatest($5::integer - 1, 0) limit 1))
  and not exists (
    select from wait w where w.ended_at is null and w.kind = 'run' and w.of_dag_id = r.dag_id
      and (w.of_run_id = r.run_id or w.of_logical_date = r.logical_date))`;

/** Parameters: before, the place after which to look (2), how many, how many of the newest stay. */
const LOOK = `
  select r.id, r.ended_at::text as at, ${MAY_GO} as may_go,
    (select count(*)::integer from (select from task_instance t where t.dag_run_id = r.id limit ${TASKS_AT_ONCE}) t) as tasks
  from (
    select id, dag_id, run_id, run_type, logical_date, run_after, ended_at from dag_run
    where state in ('success', 'failed') and ended_at < $1 and (ended_at, id) > ($2::timestamptz, $3::bigint)
    order by ended_at, id limit $4
  ) r
  order by r.ended_at, r.id`;

/** Parameters: runs, before. */
const LOCK = `
  select id from dag_run r where id = any($1) and state in ('success', 'failed') and ended_at < $2
    and not exists (select from task_instance t where t.dag_run_id = r.id and t.state in ('queued', 'running', 'restarting'))
  order by id for update skip locked`;

const TASKS = 'select id from task_instance where dag_run_id = any($1)';

/** Parameter: task instances. What points to them first, so that no row is removed by a cascade that nobody counts. */
const OF_TASKS = ['task_try', 'task_result', 'wait', 'task_progress'].map(
  (table) => `delete from ${table} where task_instance_id = any($1::bigint[])`,
);
const REMOVE_TASKS = 'delete from task_instance where id = any($1::bigint[])';

/** Parameter: runs. */
const OF_RUNS = ['run_event', 'deadline', 'run_asset_event'].map((table) => `delete from ${table} where dag_run_id = any($1::bigint[])`);
const LEAVE_BACKFILLS = 'update backfill_run set dag_run_id = null where dag_run_id = any($1::bigint[])';
const REMOVE_RUNS = `
  with gone as (delete from dag_run where id = any($1::bigint[]) returning dag_id, run_id)
  insert into doomed_object (dag_id, run_id, kind) select dag_id, run_id, 'run' from gone`;

interface Found {
  readonly id: string;
  readonly at: string;
  readonly may_go: boolean;
  readonly tasks: number;
}

export async function removeRuns(
  pool: pg.Pool,
  { before, limit, dryRun = false, keepNewest = 0 }: RetentionStep,
  after: Place,
): Promise<RetentionResult> {
  const values = [timestamp(before), after.at, after.id, limit, keepNewest];
  const { rows } = await pool.query<Found>({ name: 'look for old runs', text: LOOK, values });
  const removed = { runs: 0, task_instances: 0 };
  for (const some of portions(rows.filter((row) => row.may_go))) {
    const gone = dryRun
      ? { runs: some.length, task_instances: await countTasks(pool, some) }
      : await transaction(pool, (client) => removeSome(client, some, before));
    removed.runs += gone.runs;
    removed.task_instances += gone.task_instances;
  }
  const last = rows.at(-1);
  return { removed, ...(rows.length < limit || last === undefined ? {} : { next: cursorOf(last) }) };
}

/** Runs, the oldest first, in portions of not many task instances. */
function* portions(runs: readonly Found[]): Generator<readonly Found[]> {
  let portion: Found[] = [];
  let tasks = 0;
  for (const run of runs) {
    if (portion.length > 0 && tasks + run.tasks > TASKS_AT_ONCE) {
      yield portion;
      portion = [];
      tasks = 0;
    }
    portion.push(run);
    tasks += run.tasks;
  }
  if (portion.length > 0) yield portion;
}

async function removeSome(
  client: pg.PoolClient,
  runs: readonly Found[],
  before: number,
): Promise<{ runs: number; task_instances: number }> {
  // The locks are on rows that nobody waits for; should it be otherwise for once, this work is the one that gives way.
  await client.query(`set local lock_timeout = '1s'; set local statement_timeout = '10s'`);
  const locked = await client.query<{ id: string }>({
    name: 'lock old runs',
    text: LOCK,
    values: [runs.map(({ id }) => id), timestamp(before)],
  });
  const ids = locked.rows.map(({ id }) => id);
  if (ids.length === 0) return { runs: 0, task_instances: 0 };
  const tasks = (await client.query<{ id: string }>({ name: 'tasks of old runs', text: TASKS, values: [ids] })).rows.map(({ id }) => id);
  for (let from = 0; from < tasks.length; from += ROWS_AT_ONCE) {
    const some = tasks.slice(from, from + ROWS_AT_ONCE);
    for (const text of [...OF_TASKS, REMOVE_TASKS]) await client.query(text, [some]);
  }
  await forgetLineage(client, ids);
  for (const text of [...OF_RUNS, LEAVE_BACKFILLS, REMOVE_RUNS]) await client.query(text, [ids]);
  return { runs: ids.length, task_instances: tasks.length };
}

async function countTasks(pool: pg.Pool, runs: readonly Found[]): Promise<number> {
  const { rows } = await pool.query<{ tasks: number }>(
    'select count(*)::integer as tasks from task_instance where dag_run_id = any($1::bigint[])',
    [runs.map(({ id }) => id)],
  );
  return rows[0]?.tasks ?? 0;
}
