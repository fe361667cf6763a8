-- What the migrations lead to. Made by packages/store-postgres/scripts/dump-schema.ts, never edited.

create table bundle (
  hash text not null,
  code text not null,
  source_map text,
  created_at timestamp with time zone default now() not null,
  constraint bundle_pkey PRIMARY KEY (hash)
);

create table dag (
  dag_id text not null,
  file text not null,
  version_id bigint,
  paused boolean not null,
  removed_at timestamp with time zone,
  tags text[] not null,
  max_active_runs integer not null,
  max_active_tasks integer not null,
  scheduled_up_to timestamp with time zone,
  next_due_at timestamp with time zone,
  first_seen_at timestamp with time zone default now() not null,
  active_since timestamp with time zone default now() not null,
  last_parsed_at timestamp with time zone default now() not null,
  constraint dag_pkey PRIMARY KEY (dag_id),
  constraint dag_version_id_fkey FOREIGN KEY (version_id) REFERENCES dag_version(id)
);
CREATE INDEX dag_due ON headrace.dag USING btree (next_due_at) WHERE ((next_due_at IS NOT NULL) AND (NOT paused) AND (removed_at IS NULL));
CREATE INDEX dag_file ON headrace.dag USING btree (file) WHERE (removed_at IS NULL);

create table dag_run (
  id bigint generated always as identity not null,
  dag_id text not null,
  run_id text not null,
  version_id bigint not null,
  run_type text not null,
  state text not null,
  revision integer default 0 not null,
  logical_date timestamp with time zone,
  interval_start timestamp with time zone,
  interval_end timestamp with time zone,
  run_after timestamp with time zone not null,
  params jsonb not null,
  triggered_by text not null,
  username text,
  note text,
  queued_at timestamp with time zone default now() not null,
  started_at timestamp with time zone,
  ended_at timestamp with time zone,
  last_decision_at timestamp with time zone,
  progress jsonb default '{}'::jsonb not null,
  partition_key text,
  constraint dag_run_dag_id_run_id_key UNIQUE (dag_id, run_id),
  constraint dag_run_pkey PRIMARY KEY (id),
  constraint dag_run_dag_id_fkey FOREIGN KEY (dag_id) REFERENCES dag(dag_id),
  constraint dag_run_version_id_fkey FOREIGN KEY (version_id) REFERENCES dag_version(id),
  constraint dag_run_run_type_check CHECK ((run_type = ANY (ARRAY['scheduled'::text, 'manual'::text, 'backfill'::text, 'asset_triggered'::text, 'asset_materialization'::text]))),
  constraint dag_run_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'success'::text, 'failed'::text])))
) with (fillfactor=85);
CREATE UNIQUE INDEX dag_run_logical_date ON headrace.dag_run USING btree (dag_id, logical_date) WHERE (logical_date IS NOT NULL);
CREATE INDEX dag_run_partition ON headrace.dag_run USING btree (dag_id, partition_key) WHERE (partition_key IS NOT NULL);
CREATE INDEX dag_run_queued ON headrace.dag_run USING btree (dag_id, run_after, id) WHERE (state = 'queued'::text);
CREATE INDEX dag_run_run_after ON headrace.dag_run USING btree (dag_id, run_after, id);
CREATE INDEX dag_run_running ON headrace.dag_run USING btree (dag_id, id) WHERE (state = 'running'::text);

create table dag_version (
  id bigint generated always as identity not null,
  dag_id text not null,
  number integer not null,
  file text not null,
  graph_hash text not null,
  bundle_hash text not null,
  spec jsonb not null,
  created_at timestamp with time zone default now() not null,
  constraint dag_version_dag_id_number_key UNIQUE (dag_id, number),
  constraint dag_version_pkey PRIMARY KEY (id),
  constraint dag_version_bundle_hash_fkey FOREIGN KEY (bundle_hash) REFERENCES bundle(hash),
  constraint dag_version_dag_id_fkey FOREIGN KEY (dag_id) REFERENCES dag(dag_id)
);

create table import_error (
  id bigint generated always as identity not null,
  file text not null,
  line integer,
  column_number integer,
  code text not null,
  message text not null,
  stack text,
  at timestamp with time zone default now() not null,
  constraint import_error_file_key UNIQUE (file),
  constraint import_error_pkey PRIMARY KEY (id)
);

create table pool (
  name text not null,
  slots integer not null,
  description text,
  include_deferred boolean default false not null,
  constraint pool_pkey PRIMARY KEY (name),
  constraint pool_slots_check CHECK ((slots >= 0))
);

create table rate_bucket (
  key text not null,
  full_at double precision not null,
  constraint rate_bucket_pkey PRIMARY KEY (key)
) with (fillfactor=50);
CREATE INDEX rate_bucket_full_at ON headrace.rate_bucket USING btree (full_at);

create table run_event (
  id bigint generated always as identity not null,
  dag_run_id bigint not null,
  name text not null,
  username text,
  detail jsonb not null,
  at timestamp with time zone default now() not null,
  constraint run_event_pkey PRIMARY KEY (id),
  constraint run_event_dag_run_id_fkey FOREIGN KEY (dag_run_id) REFERENCES dag_run(id) ON DELETE CASCADE
);
CREATE INDEX run_event_run ON headrace.run_event USING btree (dag_run_id, id);

create table scheduler (
  scheduler_id text not null,
  started_at timestamp with time zone default now() not null,
  heartbeat_at timestamp with time zone not null,
  lease_until timestamp with time zone not null,
  constraint scheduler_pkey PRIMARY KEY (scheduler_id)
);

create table scheduler_shard (
  shard integer not null,
  scheduler_id text,
  constraint scheduler_shard_pkey PRIMARY KEY (shard),
  constraint scheduler_shard_shard_check CHECK (((shard >= 0) AND (shard <= 31)))
);

create table schema_migration (
  version integer not null,
  name text not null,
  checksum text not null,
  applied_at timestamp with time zone default now() not null,
  constraint schema_migration_pkey PRIMARY KEY (version)
);

create table task_instance (
  id bigint generated always as identity not null,
  dag_run_id bigint not null,
  dag_id text not null,
  task_id text not null,
  map_index integer default '-1'::integer not null,
  state text not null,
  attempt integer default 0 not null,
  attempt_id uuid,
  tries_before integer default 0 not null,
  max_tries integer not null,
  queue text not null,
  pool text not null,
  pool_slots integer not null,
  priority_weight integer not null,
  due_at timestamp with time zone,
  scheduled_at timestamp with time zone,
  queued_at timestamp with time zone,
  dispatch_sequence integer default 0 not null,
  dispatched_at timestamp with time zone,
  started_at timestamp with time zone,
  ended_at timestamp with time zone,
  lease_until timestamp with time zone,
  worker_id text,
  hostname text,
  pid integer,
  error jsonb,
  reason text,
  note text,
  log_key text,
  decision jsonb,
  map_label text,
  first_started_at timestamp with time zone,
  priority_class smallint default 0 not null,
  limits jsonb,
  constraint task_instance_dag_run_id_task_id_map_index_key UNIQUE (dag_run_id, task_id, map_index),
  constraint task_instance_pkey PRIMARY KEY (id),
  constraint task_instance_dag_run_id_fkey FOREIGN KEY (dag_run_id) REFERENCES dag_run(id),
  constraint task_instance_check CHECK (((state <> 'scheduled'::text) OR (scheduled_at IS NOT NULL))),
  constraint task_instance_state_check CHECK ((state = ANY (ARRAY['none'::text, 'scheduled'::text, 'queued'::text, 'running'::text, 'restarting'::text, 'up_for_retry'::text, 'up_for_reschedule'::text, 'deferred'::text, 'awaiting_input'::text, 'success'::text, 'failed'::text, 'skipped'::text, 'upstream_failed'::text, 'removed'::text])))
) with (fillfactor=75, autovacuum_vacuum_scale_factor=0.02, autovacuum_analyze_scale_factor=0.02);
CREATE INDEX task_instance_deferred ON headrace.task_instance USING btree (pool) INCLUDE (pool_slots) WHERE (state = 'deferred'::text);
CREATE INDEX task_instance_due ON headrace.task_instance USING btree (due_at) WHERE (state = ANY (ARRAY['up_for_retry'::text, 'up_for_reschedule'::text]));
CREATE INDEX task_instance_limited ON headrace.task_instance USING btree (id) WHERE ((state = ANY (ARRAY['queued'::text, 'running'::text, 'restarting'::text])) AND (limits IS NOT NULL));
CREATE INDEX task_instance_live ON headrace.task_instance USING btree (pool, dag_id, queue) WHERE (state = ANY (ARRAY['queued'::text, 'running'::text, 'restarting'::text]));
CREATE INDEX task_instance_scheduled ON headrace.task_instance USING btree (pool, queue, dag_id, pool_slots, COALESCE(jsonb_hash_extended(limits, (0)::bigint), (0)::bigint), priority_class DESC, priority_weight DESC, scheduled_at, id) WHERE (state = 'scheduled'::text);

create table task_result (
  task_instance_id bigint not null,
  attempt integer not null,
  inline_json text,
  object_key text,
  size bigint,
  constraint task_result_pkey PRIMARY KEY (task_instance_id, attempt),
  constraint task_result_task_instance_id_fkey FOREIGN KEY (task_instance_id) REFERENCES task_instance(id) ON DELETE CASCADE,
  constraint task_result_check CHECK (((inline_json IS NULL) <> (object_key IS NULL)))
);

create table task_try (
  task_instance_id bigint not null,
  attempt integer not null,
  attempt_id uuid,
  state text not null,
  scheduled_at timestamp with time zone,
  queued_at timestamp with time zone,
  started_at timestamp with time zone,
  ended_at timestamp with time zone,
  worker_id text,
  hostname text,
  pid integer,
  error jsonb,
  reason text,
  log_key text,
  constraint task_try_pkey PRIMARY KEY (task_instance_id, attempt),
  constraint task_try_task_instance_id_fkey FOREIGN KEY (task_instance_id) REFERENCES task_instance(id) ON DELETE CASCADE
);

create table worker (
  worker_id text not null,
  hostname text not null,
  pid integer not null,
  queues text[] not null,
  slots integer not null,
  started_at timestamp with time zone default now() not null,
  heartbeat_at timestamp with time zone not null,
  lease_until timestamp with time zone not null,
  constraint worker_pkey PRIMARY KEY (worker_id)
);
