/**
 * CTEs `waiting`, the DAGs that have queued runs that nothing holds, found by hopping through the index, and `open_dags`, those of
 * them that may start runs, with how many places their limit leaves: one at most, and that only when nothing of them runs, where the
 * runs of the DAG are kept apart. Runs of backfills are no part of it: they have a limit of their own. For `with recursive`.
 */
export const WAITING_DAGS = `
  waiting as (
    (select dag_id from dag_run where state = 'queued' and held_for is null and backfill_id is null order by dag_id limit 1)
    union all
    select (select r.dag_id from dag_run r where r.state = 'queued' and r.held_for is null and r.backfill_id is null and r.dag_id > w.dag_id
      order by r.dag_id limit 1)
    from waiting w where w.dag_id is not null
  ),
  open_dags as (
    select d.dag_id, d.exclusion, case when d.exclusion = 'dag' then least(1, d.max_active_runs) else d.max_active_runs end
      - (select count(*) from dag_run a where a.state = 'running' and a.dag_id = d.dag_id and a.backfill_id is null) as places
    from waiting w cross join lateral (
      select dag_id, exclusion, max_active_runs from dag where dag_id = w.dag_id and not paused and removed_at is null
      -- Keeps the planner from beginning with all DAGs.
      offset 0
    ) d
  )`;

/**
 * A condition on the queued run `q` of the open DAG `d`: of its partition nothing runs, where the runs of a partition are kept apart.
 * A run without a partition is apart from none. A limit, because `exists` would let the planner hash all that
 * runs; `is not distinct from`, because equality would let it look through all runs that the partition ever had.
 */
export const PARTITION_IS_FREE = `(d.exclusion <> 'partition' or q.partition_key is null or (
  select true from dag_run a where a.state = 'running' and a.dag_id = q.dag_id and a.backfill_id is null and a.partition_key is not distinct from q.partition_key
  limit 1) is null)`;

/** CTE `open_backfills`: those that may start runs, with how many places they leave. For `with`. */
export const OPEN_BACKFILLS = `
  open_backfills as (
    select b.id, b.max_active_runs
      - (select count(*) from dag_run a where a.backfill_id = b.id and a.state = 'running') as places
    from (select distinct backfill_id from dag_run where backfill_id is not null and state in ('queued', 'running')) live
    cross join lateral (
      select b.id, b.max_active_runs from backfill b join dag d on d.dag_id = b.dag_id
      where b.id = live.backfill_id and not b.paused and not d.paused and d.removed_at is null
      offset 0
    ) b
  )`;
