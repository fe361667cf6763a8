-- Variables, people's favourite DAGs, and the indexes that lists of history are read by.

-- Values that people keep for their tasks. Encrypted as the secrets of connections are; the key's id says under which key.
create table variable (
  id bigint generated always as identity primary key,
  name text not null unique,
  description text,
  value bytea not null,
  key_id text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table dag_favorite (
  username text not null,
  dag_id text not null references dag (dag_id) on delete cascade,
  created_at timestamptz not null default now(),
  primary key (username, dag_id)
);
create index dag_favorite_dag on dag_favorite (dag_id);

-- Runs of a DAG, and of all, by the orders in which they are looked at. What has not started comes last.
create index dag_run_by_id on dag_run (dag_id, id);
create index dag_run_by_state on dag_run (dag_id, state, id);
create index dag_run_by_start on dag_run (dag_id, started_at desc nulls last, id desc);
create index dag_run_start on dag_run (started_at desc nulls last, id desc);
create index dag_run_after on dag_run (run_after, id);
create index dag_run_failed on dag_run (id) where state = 'failed';

-- Task instances of all runs by their state. A row enters these only when it ends, so that the hot path writes little for them;
-- what is alive is found by the indexes of what is alive.
create index task_instance_ended on task_instance (state, started_at desc nulls last, id desc)
  where state in ('success', 'failed', 'skipped', 'upstream_failed', 'removed');
create index task_instance_failed on task_instance (id) where state = 'failed';
create index task_instance_skipped on task_instance (id) where state = 'skipped';
create index task_instance_upstream_failed on task_instance (id) where state = 'upstream_failed';
create index task_instance_removed on task_instance (id) where state = 'removed';

create index asset_event_at on asset_event (at, id);

-- Runs and DAGs that are deleted: what refers to them is found without reading all of it.
create index backfill_run_made on backfill_run (dag_run_id) where dag_run_id is not null;
create index dag_run_version on dag_run (version_id);
create index backfill_version on backfill (version_id) where version_id is not null;
create index notice_version on notice (version_id) where version_id is not null;
