-- What tasks read and wrote, saved in the transaction of their outcome. Names, not keys: it outlives the runs that it tells of.

-- A row for each place that a successful try of a task left rows in.
create table data_load (
  id bigint generated always as identity primary key,
  dag_id text not null,
  run_id text not null,
  task_id text not null,
  map_index integer not null,
  try_number integer not null,
  task_instance_id bigint not null,
  kind text not null,
  connection text not null,
  -- The table, the path of a file, the content of a package, or a request.
  place text not null,
  load_id text,
  disposition text,
  partition jsonb not null,
  -- As text, in the order of the table's folders: `day=2017-06-19/`. Empty without one.
  partition_key text not null,
  interval_start timestamptz,
  interval_end timestamptz,
  rows_in bigint not null,
  rows_out bigint not null,
  rows_deduplicated bigint not null,
  rows_quarantined bigint not null,
  rows_inserted bigint,
  rows_updated bigint,
  rows_deleted bigint,
  rows_unchanged bigint,
  bytes bigint,
  -- Of a lake table's snapshot.
  version bigint,
  -- The target already held exactly these rows.
  unchanged boolean not null default false,
  schema_hash text not null,
  columns jsonb not null,
  drift jsonb,
  cursor jsonb,
  quarantine text,
  checks integer not null default 0,
  checks_failed integer not null default 0,
  committed_at timestamptz not null default now()
);

create index data_load_dag on data_load (dag_id, id);
create index data_load_task_instance on data_load (task_instance_id);
-- The newest load of each partition.
create index data_load_place on data_load (connection, place, partition_key, id desc);
create index data_load_at on data_load (committed_at, id);

-- A row for each check of a try, also of one that failed by it.
create table data_check (
  id bigint generated always as identity primary key,
  dag_id text not null,
  run_id text not null,
  task_id text not null,
  map_index integer not null,
  try_number integer not null,
  task_instance_id bigint not null,
  connection text not null,
  place text not null,
  partition jsonb not null,
  partition_key text not null,
  load_id text,
  name text not null,
  columns text[] not null,
  severity text not null,
  -- When it was made: on the way, on what was to be published, or afterwards.
  stage text,
  ok boolean not null,
  count bigint not null,
  samples jsonb not null,
  detail jsonb,
  checked_at timestamptz not null default now()
);

create index data_check_dag on data_check (dag_id, id);
create index data_check_task_instance on data_check (task_instance_id);
create index data_check_place on data_check (connection, place, partition_key, id);
create index data_check_failed on data_check (id) where not ok;
create index data_check_at on data_check (checked_at, id);
