/**
 * Runs whose deadlines are not stored yet, and storing them.
 *
 * Cost follows the DAGs that have deadlines and their active runs, never history: the versions come from a partial index, the runs from
 * those of queued and of running runs.
 */
import type { DagSpec, Instant } from '@headrace/core';
import type { NewDeadline, UnwatchedRun } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import { present } from '../queries/optional.ts';
import { timestampOrNull } from '../timestamp.ts';

/** Parameter: how many. A recursive walk over the index gives each DAG once, however many versions it has. */
const UNWATCHED = `
  with recursive watched (dag_id) as (
    (select dag_id from dag_version where spec ? 'deadlines' order by dag_id limit 1)
    union all
    select (select v.dag_id from dag_version v where v.spec ? 'deadlines' and v.dag_id > w.dag_id order by v.dag_id limit 1)
    from watched w where w.dag_id is not null
  )
  select r.id, r.dag_id, r.version_id, v.spec, r.queued_at, r.logical_date, r.interval_end
  from watched w
  cross join lateral (
    (select * from dag_run q where q.dag_id = w.dag_id and q.state = 'running')
    union all
    (select * from dag_run q where q.dag_id = w.dag_id and q.state = 'queued')
  ) r
  join dag_version v on v.id = r.version_id
  where w.dag_id is not null and v.spec ? 'deadlines'
    and not exists (select from deadline d where d.dag_run_id = r.id)
  limit $1`;

interface Row {
  readonly id: string;
  readonly dag_id: string;
  readonly version_id: string;
  readonly spec: DagSpec;
  readonly queued_at: Instant;
  readonly logical_date: Instant | null;
  readonly interval_end: Instant | null;
}

export async function unwatchedRuns(db: Queryable, limit: number): Promise<readonly UnwatchedRun[]> {
  const { rows } = await db.query<Row>({ name: 'unwatched runs', text: UNWATCHED, values: [limit] });
  return rows.map((row) => ({
    runKey: row.id,
    dagId: row.dag_id,
    versionId: row.version_id,
    spec: row.spec,
    queuedAt: row.queued_at,
    ...present({ logicalDate: row.logical_date, intervalEnd: row.interval_end }),
  }));
}

/** Parameters, one array entry a deadline: runs, names, due times, when to look. A run that is gone has no deadlines. */
const WATCH = `
  insert into deadline (dag_run_id, name, due_at, state, check_at)
  select w.run, w.name, w.due_at, case when w.due_at is null then 'void' else 'pending' end,
    case when w.due_at is not null then coalesce(w.check_at, w.due_at) end
  from unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::timestamptz[]) as w (run, name, due_at, check_at)
  where exists (select from dag_run r where r.id = w.run)
  on conflict do nothing`;

export async function watchDeadlines(db: Queryable, deadlines: readonly NewDeadline[]): Promise<void> {
  if (deadlines.length === 0) return;
  await db.query({
    name: 'watch deadlines',
    text: WATCH,
    values: [
      deadlines.map((one) => one.runKey),
      deadlines.map((one) => one.name),
      deadlines.map((one) => timestampOrNull(one.dueAt)),
      deadlines.map((one) => timestampOrNull(one.checkAt)),
    ],
  });
}
