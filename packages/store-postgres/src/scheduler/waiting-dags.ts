/**
 * CTEs `waiting`, the DAGs that have queued runs, found by hopping through the index, and `open_dags`, those of them that
 * may start runs, with how many places their limit leaves. For `with recursive`.
 */
export const WAITING_DAGS = `
  waiting as (
    (select dag_id from dag_run where state = 'queued' order by dag_id limit 1)
    union all
    select (select r.dag_id from dag_run r where r.state = 'queued' and r.dag_id > w.dag_id order by r.dag_id limit 1)
    from waiting w where w.dag_id is not null
  ),
  open_dags as (
    select d.dag_id, d.max_active_runs - (select count(*) from dag_run a where a.state = 'running' and a.dag_id = d.dag_id) as places
    from waiting w cross join lateral (
      select dag_id, max_active_runs from dag where dag_id = w.dag_id and not paused and removed_at is null
      -- Keeps the planner from beginning with all DAGs.
      offset 0
    ) d
  )`;
