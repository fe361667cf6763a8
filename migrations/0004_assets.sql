-- Assets, their events, what waits for them, and partitions.

create table asset (
  id bigint generated always as identity primary key,
  name text not null unique,
  -- The core's AssetSpec as it counts: chosen among the definitions of the DAGs that name the asset.
  spec jsonb not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- What the newest version of each DAG says an asset is. The word of a DAG that makes the asset counts more than that of others.
create table asset_definition (
  asset_id bigint not null references asset,
  dag_id text not null references dag,
  spec jsonb not null,
  produces boolean not null,
  primary key (asset_id, dag_id)
);

create index asset_definition_dag on asset_definition (dag_id);

-- Where the newest version of each DAG names an asset: in its schedule (then no task), as outlet or inlet of a task.
create table asset_reference (
  asset_id bigint not null references asset,
  kind text not null check (kind in ('schedule', 'outlet', 'inlet')),
  dag_id text not null references dag,
  task_id text not null default '',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (asset_id, kind, dag_id, task_id)
);

create index asset_reference_dag on asset_reference (dag_id, kind);

-- DAGs whose schedule names assets. Whoever changes a consumer's queue otherwise than by adding to it holds its row.
create table asset_consumer (
  dag_id text primary key references dag,
  schedule jsonb not null,
  partitions jsonb
);

create table asset_event (
  id bigint generated always as identity primary key,
  asset_id bigint not null references asset,
  partition_key text collate "C",
  extra jsonb not null,
  -- Whole milliseconds, never earlier than it was: who asks for what came after an instant counts in those.
  at timestamptz not null default date_trunc('milliseconds', clock_timestamp() + interval '999 microseconds'),
  -- The task instance that made it, as it was; null: it came from outside.
  source_run_key bigint,
  source_dag_id text,
  source_run_id text,
  source_task_id text,
  source_map_index integer,
  -- The data interval of that run.
  interval_start timestamptz,
  interval_end timestamptz,
  username text
);

create index asset_event_asset on asset_event (asset_id, at, id);
create index asset_event_partition on asset_event (asset_id, partition_key, at, id) where partition_key is not null;
create index asset_event_source on asset_event (source_dag_id, id) where source_dag_id is not null;

-- Events that a consumer has not consumed. Small: what is consumed is deleted.
create table queued_asset_event (
  dag_id text not null,
  event_id bigint not null references asset_event on delete cascade,
  asset_id bigint not null,
  -- Of the event; '' is none.
  partition_key text collate "C" not null,
  -- False: the consumer was paused when it came.
  triggers boolean not null,
  -- Somebody has asked whether it leads to a run.
  looked boolean not null,
  primary key (dag_id, event_id)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);

create index queued_asset_event_new on queued_asset_event (dag_id) where not looked;
create index queued_asset_event_kind on queued_asset_event (dag_id, asset_id, partition_key) where triggers;
create index queued_asset_event_asset on queued_asset_event (asset_id);
create index queued_asset_event_event on queued_asset_event (event_id);

-- Which events made a run, or made it go on.
create table run_asset_event (
  dag_run_id bigint not null references dag_run on delete cascade,
  event_id bigint not null references asset_event on delete cascade,
  primary key (dag_run_id, event_id)
);

create index run_asset_event_event on run_asset_event (event_id);

-- Keys of dynamic partitions. The dimension is '' unless there are several.
create table dynamic_partition (
  asset_id bigint not null references asset,
  dimension text not null,
  key text collate "C" not null,
  added_at timestamptz not null default now(),
  primary key (asset_id, dimension, key)
);
