-- Which task asked for a run: names, not keys, because a run outlives the run that it was asked for by.

alter table dag_run
  add column parent_dag_id text,
  add column parent_run_id text,
  add column parent_task_id text,
  add constraint dag_run_parent_check check (num_nulls(parent_dag_id, parent_run_id, parent_task_id) in (0, 3));
