-- The whole state of the orchestrator. Rows are the truth: what is queued is a row in state `queued`, and everything
-- that is owed after a crash follows from rows.
--
-- What is alive (scheduled, queued, running, waiting for a time) has partial indexes of its own, so that no statement of
-- the hot path ever reads history, however long it grows.

-- DAGs, their versions and the code of the versions ---------------------------------------------------------------------

-- Code, once for each content: many versions of many DAGs may share one bundle.
create table bundle (
  hash text primary key,
  code text not null,
  source_map text,
  created_at timestamptz not null default now()
);

create table dag (
  dag_id text primary key,
  file text not null,
  -- The newest version; a run is pinned to the version it was created with.
  version_id bigint,
  paused boolean not null,
  -- Set while the DAG is in no file.
  removed_at timestamptz,
  tags text[] not null,
  max_active_runs integer not null,
  max_active_tasks integer not null,
  -- End of the newest interval for which a scheduled run was made.
  scheduled_up_to timestamptz,
  -- When the schedule must be looked at; null: not before something changes.
  next_due_at timestamptz,
  first_seen_at timestamptz not null default now(),
  -- When it was last un-paused, or first seen.
  active_since timestamptz not null default now(),
  last_parsed_at timestamptz not null default now()
);

create index dag_due on dag (next_due_at) where next_due_at is not null and not paused and removed_at is null;
create index dag_file on dag (file) where removed_at is null;

create table dag_version (
  id bigint generated always as identity primary key,
  dag_id text not null references dag,
  number integer not null,
  file text not null,
  graph_hash text not null,
  bundle_hash text not null references bundle,
  spec jsonb not null,
  created_at timestamptz not null default now(),
  unique (dag_id, number)
);

alter table dag add foreign key (version_id) references dag_version;

create table import_error (
  id bigint generated always as identity primary key,
  file text not null unique,
  line integer,
  column_number integer,
  code text not null,
  message text not null,
  stack text,
  at timestamptz not null default now()
);

-- Runs and task instances -----------------------------------------------------------------------------------------------

create table dag_run (
  id bigint generated always as identity primary key,
  dag_id text not null references dag,
  run_id text not null,
  version_id bigint not null references dag_version,
  run_type text not null check (run_type in ('scheduled', 'manual', 'backfill', 'asset_triggered', 'asset_materialization')),
  state text not null check (state in ('queued', 'running', 'success', 'failed')),
  -- Raised by every command on the run: a decision taken on an older one is not saved.
  revision integer not null default 0,
  logical_date timestamptz,
  interval_start timestamptz,
  interval_end timestamptz,
  run_after timestamptz not null,
  params jsonb not null,
  triggered_by text not null,
  username text,
  note text,
  queued_at timestamptz not null default now(),
  started_at timestamptz,
  ended_at timestamptz,
  last_decision_at timestamptz,
  unique (dag_id, run_id)
) with (fillfactor = 85);

create unique index dag_run_logical_date on dag_run (dag_id, logical_date) where logical_date is not null;
create index dag_run_queued on dag_run (dag_id, run_after, id) where state = 'queued';
create index dag_run_running on dag_run (dag_id, id) where state = 'running';
-- For lists only.
create index dag_run_run_after on dag_run (dag_id, run_after, id);

create table task_instance (
  id bigint generated always as identity primary key,
  dag_run_id bigint not null references dag_run,
  dag_id text not null,
  task_id text not null,
  map_index integer not null default -1,
  state text not null check (state in ('none', 'scheduled', 'queued', 'running', 'restarting', 'up_for_retry', 'up_for_reschedule',
    'deferred', 'awaiting_input', 'success', 'failed', 'skipped', 'upstream_failed', 'removed')),
  -- Attempts begun so far; with attempt_id the fence against late writes. It never falls.
  attempt integer not null default 0,
  attempt_id uuid,
  -- Attempts that do not count against the retries: made before the last clear, interrupted, or rescheduled.
  tries_before integer not null default 0,
  max_tries integer not null,
  queue text not null,
  pool text not null,
  pool_slots integer not null,
  priority_weight integer not null,
  -- When a retry or a reschedule is due.
  due_at timestamptz,
  scheduled_at timestamptz,
  queued_at timestamptz,
  -- The newest message: its number within the attempt and when it was sent.
  dispatch_sequence integer not null default 0,
  dispatched_at timestamptz,
  started_at timestamptz,
  ended_at timestamptz,
  lease_until timestamptz,
  worker_id text,
  hostname text,
  pid integer,
  error jsonb,
  reason text,
  note text,
  log_key text,
  unique (dag_run_id, task_id, map_index),
  -- Its place among those that wait.
  check (state <> 'scheduled' or scheduled_at is not null)
) with (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);

-- In the order in which slots are given; the negated weight lets a page begin where the one before ended.
create index task_instance_scheduled on task_instance ((-priority_weight), scheduled_at, id) where state = 'scheduled';
-- What holds slots; never more than all pools together. Counting, leases and lost messages read it.
create index task_instance_live on task_instance (pool, dag_id, queue) where state in ('queued', 'running', 'restarting');
create index task_instance_due on task_instance (due_at) where state in ('up_for_retry', 'up_for_reschedule');

-- Earlier tries, written when the next one begins or when the task is cleared.
create table task_try (
  task_instance_id bigint not null references task_instance on delete cascade,
  attempt integer not null,
  attempt_id uuid,
  state text not null,
  scheduled_at timestamptz,
  queued_at timestamptz,
  started_at timestamptz,
  ended_at timestamptz,
  worker_id text,
  hostname text,
  pid integer,
  error jsonb,
  reason text,
  log_key text,
  primary key (task_instance_id, attempt)
);

-- A result stays with the attempt that gave it, so that history keeps its results.
create table task_result (
  task_instance_id bigint not null references task_instance on delete cascade,
  attempt integer not null,
  inline_json text,
  object_key text,
  size bigint,
  primary key (task_instance_id, attempt),
  check ((inline_json is null) <> (object_key is null))
);

-- What people and programs did to runs.
create table run_event (
  id bigint generated always as identity primary key,
  dag_run_id bigint not null references dag_run on delete cascade,
  name text not null,
  username text,
  detail jsonb not null,
  at timestamptz not null default now()
);

create index run_event_run on run_event (dag_run_id, id);

-- Who is there, and limits ----------------------------------------------------------------------------------------------

create table pool (
  name text primary key,
  slots integer not null check (slots >= 0),
  description text
);

insert into pool (name, slots, description) values ('default_pool', 128, 'Used by tasks that name no pool');

create table worker (
  worker_id text primary key,
  hostname text not null,
  pid integer not null,
  queues text[] not null,
  slots integer not null,
  started_at timestamptz not null default now(),
  heartbeat_at timestamptz not null,
  lease_until timestamptz not null
);

create table scheduler (
  scheduler_id text primary key,
  started_at timestamptz not null default now(),
  heartbeat_at timestamptz not null,
  lease_until timestamptz not null
);

-- Run keys are shared out by `id % 32`.
create table scheduler_shard (
  shard integer primary key check (shard between 0 and 31),
  scheduler_id text
);

insert into scheduler_shard (shard) select generate_series(0, 31);
