/** Waits that count, as the scheduler looks after them. All of it reads the indexes of open waits only. */
import type { RunStatus, TaskStatus } from '@headrace/core';
import type { OpenWait, WaitsStanding, WatchedRun, WatchedRunFilter } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import { openWaitOf, WAIT_COLUMNS, WAIT_FROM, type WaitRow } from './wait-row.ts';

const STANDING = `
  select (select min(due_at) from wait where ended_at is null and due_at is not null) as due,
    exists (select 1 from wait where ended_at is null and kind = 'asset') as assets,
    exists (select 1 from wait where ended_at is null and kind = 'run') as runs`;

/** The task instance is in the state that waits, with the attempt that entered the wait. */
const COUNTS = `t.attempt = w.attempt and t.state in ('deferred', 'awaiting_input')`;

/** Parameter: how many. */
const DUE = `
  select ${WAIT_COLUMNS} from ${WAIT_FROM}
  where w.ended_at is null and w.due_at is not null and w.due_at <= now() and ${COUNTS}
  order by w.due_at limit $1`;

/** Parameters: id or 0, how many. */
const ASSET_WAITS = `
  select ${WAIT_COLUMNS} from ${WAIT_FROM}
  where w.ended_at is null and w.kind = 'asset' and w.id > $1 and ${COUNTS}
  order by w.id limit $2`;

/** A run by its id or its logical date, each by its index. */
const WATCHED = `
  left join lateral (
    select s.id, s.state from dag_run s where s.dag_id = w.of_dag_id and s.run_id = w.of_run_id
    union all
    select s.id, s.state from dag_run s where w.of_logical_date is not null and s.dag_id = w.of_dag_id and s.logical_date = w.of_logical_date
    limit 1
  ) s on true
  left join lateral (
    select array_agg(distinct o.state) as states from task_instance o where o.dag_run_id = s.id and o.task_id = w.of_task_id
  ) o on w.of_task_id is not null`;
const WATCHED_COLUMNS = `${WAIT_COLUMNS}, s.state as seen_run, o.states as seen_tasks`;

/** Parameters: id or 0, how many. */
const WATCHED_RUNS = `
  select ${WATCHED_COLUMNS} from ${WAIT_FROM} ${WATCHED}
  where w.ended_at is null and w.kind = 'run' and w.id > $1 and ${COUNTS}
  order by w.id limit $2`;

/** Parameters: id or 0, how many, run keys. */
const WATCHED_RUNS_OF = `
  select ${WATCHED_COLUMNS}
  from unnest($3::bigint[]) as k (id) join dag_run q on q.id = k.id
  join wait w on w.of_dag_id = q.dag_id and w.ended_at is null and w.kind = 'run' and w.id > $1
    and (w.of_run_id = q.run_id or w.of_logical_date = q.logical_date)
  join task_instance t on t.id = w.task_instance_id join dag_run r on r.id = t.dag_run_id ${WATCHED}
  where ${COUNTS}
  order by w.id limit $2`;

export async function waitsStanding(db: Queryable): Promise<WaitsStanding> {
  const { rows } = await db.query<{ due: number | null; assets: boolean; runs: boolean }>({ name: 'waits standing', text: STANDING });
  const { due = null, assets = false, runs = false } = rows[0] ?? {};
  return { assets, runs, ...(due === null ? {} : { nextDueAt: due }) };
}

export async function dueWaits(db: Queryable, limit: number): Promise<readonly OpenWait[]> {
  const { rows } = await db.query<WaitRow>({ name: 'due waits', text: DUE, values: [limit] });
  return rows.map(openWaitOf);
}

export async function assetWaits(db: Queryable, afterId: string | undefined, limit: number): Promise<readonly OpenWait[]> {
  const { rows } = await db.query<WaitRow>({ name: 'asset waits', text: ASSET_WAITS, values: [afterId ?? 0, limit] });
  return rows.map(openWaitOf);
}

interface WatchedRow extends WaitRow {
  readonly seen_run: RunStatus | null;
  readonly seen_tasks: readonly TaskStatus[] | null;
}

export async function watchedRuns(db: Queryable, { runKeys, afterId }: WatchedRunFilter, limit: number): Promise<readonly WatchedRun[]> {
  const { rows } = await db.query<WatchedRow>(
    runKeys === undefined
      ? { name: 'watched runs', text: WATCHED_RUNS, values: [afterId ?? 0, limit] }
      : { name: 'watched runs of', text: WATCHED_RUNS_OF, values: [afterId ?? 0, limit, runKeys] },
  );
  return rows.map((row) => ({
    ...openWaitOf(row),
    ...(row.seen_run === null ? {} : { run: row.seen_run }),
    ...(row.seen_tasks === null ? {} : { tasks: row.seen_tasks }),
  }));
}
