/** A condition on the DAG `d`: it has no queued or running run but those of backfills. A limit, because `exists` would let the planner hash them all. */
export const IS_IDLE = `
  (select true from dag_run a where a.state = 'running' and a.dag_id = d.dag_id and a.backfill_id is null limit 1) is null
  and (select true from dag_run a where a.state = 'queued' and a.dag_id = d.dag_id and a.backfill_id is null limit 1) is null`;
