-- How far running attempts are. Written once a second for each that says so, worth nothing after a crash: not in the log of the database.
create unlogged table task_progress (
  task_instance_id bigint primary key,
  attempt_id uuid not null,
  phase text not null,
  rows_done bigint,
  bytes_done bigint,
  rows_total bigint,
  bytes_total bigint,
  -- When the attempt's process began, and when it last said something.
  began_at timestamptz not null,
  told_at timestamptz not null
) with (fillfactor = 50, autovacuum_vacuum_threshold = 1000);
