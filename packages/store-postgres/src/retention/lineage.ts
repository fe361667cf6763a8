/**
 * What tasks make of which data goes with the last run that told it.
 *
 * A flow names that run to an hour (`FRESH_FOR` of save-lineage.ts): when it goes, a later run that began within that hour may have told
 * the same, and takes its place. Flows that are being told just now are passed over: they will name another run.
 */

import { FRESH_FOR } from '../data/save-lineage.ts';
import type { Queryable } from '../database.ts';

/** Parameter: runs, which are still there. */
const FORGET = `
  with told as (
    select f.dag_id, f.task_id, f.written, f.seen_at as told_at, r.run_after, r.id
    from dag_run r join lineage_flow f on f.dag_id = r.dag_id and f.run_id = r.run_id
    where r.id = any($1::bigint[])
    order by f.dag_id, f.task_id, f.written for update of f skip locked
  ),
  later as (
    select t.dag_id, t.task_id, t.written, n.run_id
    from told t left join lateral (
      select n.run_id, n.started_at from dag_run n
      where n.dag_id = t.dag_id and (n.run_after, n.id) > (t.run_after, t.id) and n.id <> all($1::bigint[])
      order by n.run_after, n.id limit 1
    ) n on n.started_at <= t.told_at + ${FRESH_FOR}
  ),
  kept as (
    update lineage_flow f set run_id = l.run_id from later l
    where l.run_id is not null and f.dag_id = l.dag_id and f.task_id = l.task_id and f.written = l.written
  )
  delete from lineage_flow f using later l
  where l.run_id is null and f.dag_id = l.dag_id and f.task_id = l.task_id and f.written = l.written`;

export async function forgetLineage(client: Queryable, runKeys: readonly string[]): Promise<void> {
  await client.query({ name: 'forget lineage of runs', text: FORGET, values: [runKeys] });
}
