-- What runs remember of mapping, loops, retries and commands, and the partition they are of.

alter table dag_run
  -- The core's RunProgress; '{}' is a run that has nothing to remember.
  add column progress jsonb not null default '{}',
  add column partition_key text;

alter table task_instance
  -- What a success decided for the tasks downstream of it.
  add column decision jsonb,
  -- How an instance of a mapped task is shown.
  add column map_label text,
  -- When the first attempt since the last clear began: total timeouts count from it.
  add column first_started_at timestamptz;

create index dag_run_partition on dag_run (dag_id, partition_key) where partition_key is not null;
