-- What the migrations lead to. Made by packages/store-postgres/scripts/dump-schema.ts, never edited.

create table access_first_link (
  token_hash text not null,
  expires_at timestamp with time zone not null,
  constraint access_first_link_pkey PRIMARY KEY (token_hash)
);

create table access_grant (
  id bigint generated always as identity not null,
  user_id bigint,
  role_name text,
  group_name text,
  action text not null,
  object text not null,
  pattern text not null,
  created_at timestamp with time zone not null,
  created_by text,
  constraint access_grant_user_id_role_name_group_name_action_object_pat_key UNIQUE NULLS NOT DISTINCT (user_id, role_name, group_name, action, object, pattern),
  constraint access_grant_pkey PRIMARY KEY (id),
  constraint access_grant_user_id_fkey FOREIGN KEY (user_id) REFERENCES access_user(id) ON DELETE CASCADE,
  constraint access_grant_action_check CHECK ((action = ANY (ARRAY['read'::text, 'operate'::text, 'edit'::text, 'administer'::text]))),
  constraint access_grant_check CHECK ((num_nonnulls(user_id, role_name, group_name) = 1)),
  constraint access_grant_object_check CHECK ((object = ANY (ARRAY['dag'::text, 'asset'::text, 'connection'::text])))
);
CREATE INDEX access_grant_group ON headrace.access_grant USING btree (group_name) WHERE (group_name IS NOT NULL);
CREATE INDEX access_grant_role ON headrace.access_grant USING btree (role_name) WHERE (role_name IS NOT NULL);

create table access_key (
  id bigint generated always as identity not null,
  token_hash text not null,
  name text not null,
  user_id bigint not null,
  hint text not null,
  scopes jsonb not null,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone,
  used_at timestamp with time zone,
  revoked_at timestamp with time zone,
  constraint access_key_token_hash_key UNIQUE (token_hash),
  constraint access_key_pkey PRIMARY KEY (id),
  constraint access_key_user_id_fkey FOREIGN KEY (user_id) REFERENCES access_user(id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX access_key_name ON headrace.access_key USING btree (user_id, name) WHERE (revoked_at IS NULL);

create table access_session (
  id bigint generated always as identity not null,
  token_hash text not null,
  kind text not null,
  user_id bigint not null,
  created_at timestamp with time zone not null,
  used_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  idle_ms bigint not null,
  address text,
  client text,
  constraint access_session_token_hash_key UNIQUE (token_hash),
  constraint access_session_pkey PRIMARY KEY (id),
  constraint access_session_user_id_fkey FOREIGN KEY (user_id) REFERENCES access_user(id) ON DELETE CASCADE,
  constraint access_session_kind_check CHECK ((kind = ANY (ARRAY['cookie'::text, 'bearer'::text])))
);
CREATE INDEX access_session_expires ON headrace.access_session USING btree (expires_at);
CREATE INDEX access_session_user ON headrace.access_session USING btree (user_id);

create table access_try (
  key text not null,
  tries integer not null,
  next_at timestamp with time zone not null,
  forget_at timestamp with time zone not null,
  constraint access_try_pkey PRIMARY KEY (key)
);
CREATE INDEX access_try_forget ON headrace.access_try USING btree (forget_at);

create table access_user (
  id bigint generated always as identity not null,
  name text not null,
  display_name text,
  email text,
  roles text[] default '{}'::text[] not null,
  groups text[] default '{}'::text[] not null,
  active boolean default true not null,
  password_hash text,
  issuer text,
  subject text,
  created_at timestamp with time zone default now() not null,
  last_login_at timestamp with time zone,
  constraint access_user_issuer_subject_key UNIQUE (issuer, subject),
  constraint access_user_pkey PRIMARY KEY (id),
  constraint access_user_check CHECK (((issuer IS NULL) = (subject IS NULL))),
  constraint access_user_roles_check CHECK ((roles <@ ARRAY['viewer'::text, 'user'::text, 'op'::text, 'admin'::text]))
);
CREATE UNIQUE INDEX access_user_name ON headrace.access_user USING btree (lower(name));

create table asset (
  id bigint generated always as identity not null,
  name text not null,
  spec jsonb not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint asset_name_key UNIQUE (name),
  constraint asset_pkey PRIMARY KEY (id)
);

create table asset_consumer (
  dag_id text not null,
  schedule jsonb not null,
  partitions jsonb,
  constraint asset_consumer_pkey PRIMARY KEY (dag_id),
  constraint asset_consumer_dag_id_fkey FOREIGN KEY (dag_id) REFERENCES dag(dag_id)
);

create table asset_definition (
  asset_id bigint not null,
  dag_id text not null,
  spec jsonb not null,
  produces boolean not null,
  constraint asset_definition_pkey PRIMARY KEY (asset_id, dag_id),
  constraint asset_definition_asset_id_fkey FOREIGN KEY (asset_id) REFERENCES asset(id),
  constraint asset_definition_dag_id_fkey FOREIGN KEY (dag_id) REFERENCES dag(dag_id)
);
CREATE INDEX asset_definition_dag ON headrace.asset_definition USING btree (dag_id);

create table asset_event (
  id bigint generated always as identity not null,
  asset_id bigint not null,
  partition_key text,
  extra jsonb not null,
  at timestamp with time zone default date_trunc('milliseconds'::text, (clock_timestamp() + '00:00:00.000999'::interval)) not null,
  source_run_key bigint,
  source_dag_id text,
  source_run_id text,
  source_task_id text,
  source_map_index integer,
  interval_start timestamp with time zone,
  interval_end timestamp with time zone,
  username text,
  constraint asset_event_pkey PRIMARY KEY (id),
  constraint asset_event_asset_id_fkey FOREIGN KEY (asset_id) REFERENCES asset(id)
);
CREATE INDEX asset_event_asset ON headrace.asset_event USING btree (asset_id, at, id);
CREATE INDEX asset_event_at ON headrace.asset_event USING btree (at, id);
CREATE INDEX asset_event_partition ON headrace.asset_event USING btree (asset_id, partition_key, at, id) WHERE (partition_key IS NOT NULL);
CREATE INDEX asset_event_source ON headrace.asset_event USING btree (source_dag_id, id) WHERE (source_dag_id IS NOT NULL);

create table asset_reference (
  asset_id bigint not null,
  kind text not null,
  dag_id text not null,
  task_id text default ''::text not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint asset_reference_pkey PRIMARY KEY (asset_id, kind, dag_id, task_id),
  constraint asset_reference_asset_id_fkey FOREIGN KEY (asset_id) REFERENCES asset(id),
  constraint asset_reference_dag_id_fkey FOREIGN KEY (dag_id) REFERENCES dag(dag_id),
  constraint asset_reference_kind_check CHECK ((kind = ANY (ARRAY['schedule'::text, 'outlet'::text, 'inlet'::text])))
);
CREATE INDEX asset_reference_dag ON headrace.asset_reference USING btree (dag_id, kind);

create table audit_chain (
  single boolean default true not null,
  head_id bigint default 0 not null,
  head_hash text default repeat('0'::text, 64) not null,
  anchor_id bigint default 0 not null,
  anchor_hash text default repeat('0'::text, 64) not null,
  constraint audit_chain_pkey PRIMARY KEY (single),
  constraint audit_chain_single_check CHECK (single)
);

create table audit_event (
  id bigint not null,
  entry text not null,
  hash text not null,
  at_ms bigint generated always as ((((entry)::jsonb ->> 'at'::text))::bigint) stored not null,
  action text generated always as (((entry)::jsonb ->> 'action'::text)) stored not null,
  outcome text generated always as (((entry)::jsonb ->> 'outcome'::text)) stored not null,
  actor text generated always as (((entry)::jsonb ->> 'actor'::text)) stored,
  object_kind text generated always as (((entry)::jsonb ->> 'object'::text)) stored,
  object_id text generated always as (((entry)::jsonb ->> 'object_id'::text)) stored,
  dag_id text generated always as (((entry)::jsonb ->> 'dag_id'::text)) stored,
  run_id text generated always as (((entry)::jsonb ->> 'run_id'::text)) stored,
  task_id text generated always as (((entry)::jsonb ->> 'task_id'::text)) stored,
  map_index integer generated always as ((((entry)::jsonb ->> 'map_index'::text))::integer) stored,
  constraint audit_event_pkey PRIMARY KEY (id)
);
CREATE INDEX audit_event_actor ON headrace.audit_event USING btree (actor, id);
CREATE INDEX audit_event_at ON headrace.audit_event USING btree (at_ms, id);
CREATE INDEX audit_event_dag ON headrace.audit_event USING btree (dag_id, id) WHERE (dag_id IS NOT NULL);

create table backfill (
  id bigint generated always as identity not null,
  dag_id text not null,
  from_at timestamp with time zone not null,
  to_at timestamp with time zone not null,
  params jsonb not null,
  reprocess text not null,
  backwards boolean not null,
  max_active_runs integer not null,
  priority_class smallint not null,
  version_id bigint,
  paused boolean default false not null,
  username text,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  completed_at timestamp with time zone,
  cancelled_at timestamp with time zone,
  constraint backfill_pkey PRIMARY KEY (id),
  constraint backfill_dag_id_fkey FOREIGN KEY (dag_id) REFERENCES dag(dag_id),
  constraint backfill_version_id_fkey FOREIGN KEY (version_id) REFERENCES dag_version(id),
  constraint backfill_max_active_runs_check CHECK ((max_active_runs > 0)),
  constraint backfill_reprocess_check CHECK ((reprocess = ANY (ARRAY['none'::text, 'failed'::text, 'completed'::text])))
);
CREATE INDEX backfill_dag ON headrace.backfill USING btree (dag_id, id);
CREATE UNIQUE INDEX backfill_open ON headrace.backfill USING btree (dag_id) WHERE (completed_at IS NULL);
CREATE INDEX backfill_version ON headrace.backfill USING btree (version_id) WHERE (version_id IS NOT NULL);

create table backfill_run (
  backfill_id bigint not null,
  position integer not null,
  logical_date timestamp with time zone not null,
  interval_start timestamp with time zone not null,
  interval_end timestamp with time zone not null,
  partition_key text,
  state text not null,
  reason text,
  dag_run_id bigint,
  run_revision integer,
  constraint backfill_run_pkey PRIMARY KEY (backfill_id, "position"),
  constraint backfill_run_backfill_id_fkey FOREIGN KEY (backfill_id) REFERENCES backfill(id) ON DELETE CASCADE,
  constraint backfill_run_dag_run_id_fkey FOREIGN KEY (dag_run_id) REFERENCES dag_run(id) ON DELETE SET NULL,
  constraint backfill_run_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'clearing'::text, 'made'::text, 'skipped'::text])))
);
CREATE INDEX backfill_run_made ON headrace.backfill_run USING btree (dag_run_id) WHERE (dag_run_id IS NOT NULL);
CREATE INDEX backfill_run_open ON headrace.backfill_run USING btree (backfill_id, "position") WHERE (state = ANY (ARRAY['waiting'::text, 'clearing'::text]));

create table bundle (
  hash text not null,
  code text not null,
  source_map text,
  created_at timestamp with time zone default now() not null,
  constraint bundle_pkey PRIMARY KEY (hash)
);

create table connection (
  id bigint generated always as identity not null,
  conn_id text not null,
  conn_type text not null,
  description text,
  settings jsonb not null,
  secret bytea,
  key_id text,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint connection_conn_id_key UNIQUE (conn_id),
  constraint connection_pkey PRIMARY KEY (id),
  constraint connection_check CHECK (((secret IS NULL) = (key_id IS NULL)))
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
  failed_runs integer default 0 not null,
  paused_reason text,
  exclusion text default 'none'::text not null,
  ends_other text,
  plan_when_idle boolean default false not null,
  scheduled_from timestamp with time zone,
  constraint dag_pkey PRIMARY KEY (dag_id),
  constraint dag_version_id_fkey FOREIGN KEY (version_id) REFERENCES dag_version(id),
  constraint dag_ends_other_check CHECK ((ends_other = ANY (ARRAY['cancel'::text, 'terminate'::text]))),
  constraint dag_exclusion_check CHECK ((exclusion = ANY (ARRAY['none'::text, 'dag'::text, 'partition'::text])))
);
CREATE INDEX dag_due ON headrace.dag USING btree (next_due_at) WHERE ((next_due_at IS NOT NULL) AND (NOT paused) AND (removed_at IS NULL));
CREATE INDEX dag_ends_other ON headrace.dag USING btree (dag_id) WHERE ((ends_other IS NOT NULL) AND (NOT paused) AND (removed_at IS NULL));
CREATE INDEX dag_file ON headrace.dag USING btree (file) WHERE (removed_at IS NULL);
CREATE INDEX dag_plan_when_idle ON headrace.dag USING btree (dag_id) WHERE (plan_when_idle AND (NOT paused) AND (removed_at IS NULL));

create table dag_favorite (
  username text not null,
  dag_id text not null,
  created_at timestamp with time zone default now() not null,
  constraint dag_favorite_pkey PRIMARY KEY (username, dag_id),
  constraint dag_favorite_dag_id_fkey FOREIGN KEY (dag_id) REFERENCES dag(dag_id) ON DELETE CASCADE
);
CREATE INDEX dag_favorite_dag ON headrace.dag_favorite USING btree (dag_id);

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
  held_for text,
  backfill_id bigint,
  priority_class smallint default 0 not null,
  idempotency_key text,
  request_hash text,
  parent_dag_id text,
  parent_run_id text,
  parent_task_id text,
  trace_parent text,
  constraint dag_run_dag_id_run_id_key UNIQUE (dag_id, run_id),
  constraint dag_run_pkey PRIMARY KEY (id),
  constraint dag_run_backfill_id_fkey FOREIGN KEY (backfill_id) REFERENCES backfill(id),
  constraint dag_run_dag_id_fkey FOREIGN KEY (dag_id) REFERENCES dag(dag_id),
  constraint dag_run_version_id_fkey FOREIGN KEY (version_id) REFERENCES dag_version(id),
  constraint dag_run_parent_check CHECK ((num_nulls(parent_dag_id, parent_run_id, parent_task_id) = ANY (ARRAY[0, 3]))),
  constraint dag_run_run_type_check CHECK ((run_type = ANY (ARRAY['scheduled'::text, 'manual'::text, 'backfill'::text, 'asset_triggered'::text, 'asset_materialization'::text]))),
  constraint dag_run_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'success'::text, 'failed'::text])))
) with (fillfactor=85);
CREATE INDEX dag_run_after ON headrace.dag_run USING btree (run_after, id);
CREATE INDEX dag_run_backfill_live ON headrace.dag_run USING btree (backfill_id, run_after, id) WHERE ((backfill_id IS NOT NULL) AND (state = ANY (ARRAY['queued'::text, 'running'::text])));
CREATE INDEX dag_run_by_id ON headrace.dag_run USING btree (dag_id, id);
CREATE INDEX dag_run_by_start ON headrace.dag_run USING btree (dag_id, started_at DESC NULLS LAST, id DESC);
CREATE INDEX dag_run_by_state ON headrace.dag_run USING btree (dag_id, state, id);
CREATE INDEX dag_run_ended ON headrace.dag_run USING btree (ended_at, id) WHERE (state = ANY (ARRAY['success'::text, 'failed'::text]));
CREATE INDEX dag_run_failed ON headrace.dag_run USING btree (id) WHERE (state = 'failed'::text);
CREATE UNIQUE INDEX dag_run_idempotency ON headrace.dag_run USING btree (dag_id, idempotency_key) WHERE (idempotency_key IS NOT NULL);
CREATE UNIQUE INDEX dag_run_logical_date ON headrace.dag_run USING btree (dag_id, logical_date) WHERE (logical_date IS NOT NULL);
CREATE INDEX dag_run_partition ON headrace.dag_run USING btree (dag_id, partition_key) WHERE (partition_key IS NOT NULL);
CREATE INDEX dag_run_queued ON headrace.dag_run USING btree (dag_id, run_after, id) WHERE (state = 'queued'::text);
CREATE INDEX dag_run_run_after ON headrace.dag_run USING btree (dag_id, run_after, id);
CREATE INDEX dag_run_running ON headrace.dag_run USING btree (dag_id, id) WHERE (state = 'running'::text);
CREATE INDEX dag_run_start ON headrace.dag_run USING btree (started_at DESC NULLS LAST, id DESC);
CREATE INDEX dag_run_startable ON headrace.dag_run USING btree (dag_id, run_after, id) WHERE ((state = 'queued'::text) AND (held_for IS NULL) AND (backfill_id IS NULL));
CREATE INDEX dag_run_succeeded ON headrace.dag_run USING btree (dag_id, ended_at) WHERE (state = 'success'::text);
CREATE INDEX dag_run_version ON headrace.dag_run USING btree (version_id);

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
CREATE INDEX dag_version_bundle ON headrace.dag_version USING btree (bundle_hash);
CREATE INDEX dag_version_deadlines ON headrace.dag_version USING btree (dag_id, id) WHERE (spec ? 'deadlines'::text);
CREATE INDEX dag_version_freshness ON headrace.dag_version USING btree (dag_id, id) WHERE jsonb_path_exists(spec, '$."assets"[*]."freshness"'::jsonpath);

create table data_check (
  id bigint generated always as identity not null,
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
  stage text,
  ok boolean not null,
  count bigint not null,
  samples jsonb not null,
  detail jsonb,
  checked_at timestamp with time zone default now() not null,
  constraint data_check_pkey PRIMARY KEY (id)
);
CREATE INDEX data_check_at ON headrace.data_check USING btree (checked_at, id);
CREATE INDEX data_check_dag ON headrace.data_check USING btree (dag_id, id);
CREATE INDEX data_check_failed ON headrace.data_check USING btree (id) WHERE (NOT ok);
CREATE INDEX data_check_place ON headrace.data_check USING btree (connection, place, partition_key, id);
CREATE INDEX data_check_task_instance ON headrace.data_check USING btree (task_instance_id);

create table data_load (
  id bigint generated always as identity not null,
  dag_id text not null,
  run_id text not null,
  task_id text not null,
  map_index integer not null,
  try_number integer not null,
  task_instance_id bigint not null,
  kind text not null,
  connection text not null,
  place text not null,
  load_id text,
  disposition text,
  partition jsonb not null,
  partition_key text not null,
  interval_start timestamp with time zone,
  interval_end timestamp with time zone,
  rows_in bigint not null,
  rows_out bigint not null,
  rows_deduplicated bigint not null,
  rows_quarantined bigint not null,
  rows_inserted bigint,
  rows_updated bigint,
  rows_deleted bigint,
  rows_unchanged bigint,
  bytes bigint,
  version bigint,
  unchanged boolean default false not null,
  schema_hash text not null,
  columns jsonb not null,
  drift jsonb,
  cursor jsonb,
  quarantine text,
  checks integer default 0 not null,
  checks_failed integer default 0 not null,
  committed_at timestamp with time zone default now() not null,
  constraint data_load_pkey PRIMARY KEY (id)
);
CREATE INDEX data_load_at ON headrace.data_load USING btree (committed_at, id);
CREATE INDEX data_load_dag ON headrace.data_load USING btree (dag_id, id);
CREATE INDEX data_load_place ON headrace.data_load USING btree (connection, place, partition_key, id DESC);
CREATE INDEX data_load_task_instance ON headrace.data_load USING btree (task_instance_id);

create table deadline (
  dag_run_id bigint not null,
  name text not null,
  due_at timestamp with time zone,
  state text not null,
  check_at timestamp with time zone,
  predicted_at timestamp with time zone,
  expected_at timestamp with time zone,
  constraint deadline_pkey PRIMARY KEY (dag_run_id, name),
  constraint deadline_dag_run_id_fkey FOREIGN KEY (dag_run_id) REFERENCES dag_run(id) ON DELETE CASCADE,
  constraint deadline_check CHECK (((state = 'pending'::text) = (check_at IS NOT NULL))),
  constraint deadline_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'met'::text, 'missed'::text, 'void'::text])))
);
CREATE INDEX deadline_pending ON headrace.deadline USING btree (check_at) WHERE (state = 'pending'::text);

create table doomed_object (
  id bigint generated always as identity not null,
  dag_id text not null,
  run_id text not null,
  kind text not null,
  at timestamp with time zone default now() not null,
  constraint doomed_object_pkey PRIMARY KEY (id),
  constraint doomed_object_kind_check CHECK ((kind = ANY (ARRAY['logs'::text, 'results'::text, 'run'::text])))
);

create table dynamic_partition (
  asset_id bigint not null,
  dimension text not null,
  key text not null,
  added_at timestamp with time zone default now() not null,
  constraint dynamic_partition_pkey PRIMARY KEY (asset_id, dimension, key),
  constraint dynamic_partition_asset_id_fkey FOREIGN KEY (asset_id) REFERENCES asset(id)
);

create table idempotency_key (
  scope text not null,
  key text not null,
  request_hash text not null,
  claim uuid not null,
  lease_until timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  status integer,
  content_type text,
  body text,
  constraint idempotency_key_pkey PRIMARY KEY (scope, key),
  constraint idempotency_key_body_check CHECK ((octet_length(body) <= 65536))
);
CREATE INDEX idempotency_key_expires ON headrace.idempotency_key USING btree (expires_at);

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

create table lineage_flow (
  dag_id text not null,
  task_id text not null,
  written text not null,
  kind text not null,
  reads text[] not null,
  inputs jsonb not null,
  columns jsonb not null,
  made_of jsonb,
  hash text not null,
  run_id text not null,
  seen_at timestamp with time zone default now() not null,
  constraint lineage_flow_pkey PRIMARY KEY (dag_id, task_id, written)
);
CREATE INDEX lineage_flow_reads ON headrace.lineage_flow USING gin (reads);
CREATE INDEX lineage_flow_written ON headrace.lineage_flow USING btree (written);

create table notice (
  id bigint generated always as identity not null,
  key text not null,
  idempotency_key text not null,
  event text not null,
  dag_id text,
  run_id text,
  target jsonb not null,
  payload jsonb not null,
  version_id bigint,
  state text default 'pending'::text not null,
  attempts integer default 0 not null,
  next_at timestamp with time zone default now() not null,
  deliverer text,
  last_error text,
  created_at timestamp with time zone default now() not null,
  delivered_at timestamp with time zone,
  constraint notice_idempotency_key_key UNIQUE (idempotency_key),
  constraint notice_pkey PRIMARY KEY (id),
  constraint notice_version_id_fkey FOREIGN KEY (version_id) REFERENCES dag_version(id),
  constraint notice_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'delivered'::text, 'dead'::text])))
) with (fillfactor=85);
CREATE INDEX notice_dag ON headrace.notice USING btree (dag_id, id);
CREATE INDEX notice_dead ON headrace.notice USING btree (id) WHERE (state = 'dead'::text);
CREATE INDEX notice_delivered ON headrace.notice USING btree (delivered_at) WHERE (state = 'delivered'::text);
CREATE INDEX notice_due ON headrace.notice USING btree (next_at, id) WHERE (state = 'pending'::text);
CREATE INDEX notice_version ON headrace.notice USING btree (version_id) WHERE (version_id IS NOT NULL);

create table pool (
  name text not null,
  slots integer not null,
  description text,
  include_deferred boolean default false not null,
  constraint pool_pkey PRIMARY KEY (name),
  constraint pool_slots_check CHECK ((slots >= '-1'::integer))
);

create table queued_asset_event (
  dag_id text not null,
  event_id bigint not null,
  asset_id bigint not null,
  partition_key text not null,
  triggers boolean not null,
  looked boolean not null,
  constraint queued_asset_event_pkey PRIMARY KEY (dag_id, event_id),
  constraint queued_asset_event_event_id_fkey FOREIGN KEY (event_id) REFERENCES asset_event(id) ON DELETE CASCADE
) with (autovacuum_vacuum_scale_factor=0.02, autovacuum_analyze_scale_factor=0.02);
CREATE INDEX queued_asset_event_asset ON headrace.queued_asset_event USING btree (asset_id);
CREATE INDEX queued_asset_event_event ON headrace.queued_asset_event USING btree (event_id);
CREATE INDEX queued_asset_event_kind ON headrace.queued_asset_event USING btree (dag_id, asset_id, partition_key) WHERE triggers;
CREATE INDEX queued_asset_event_new ON headrace.queued_asset_event USING btree (dag_id) WHERE (NOT looked);

create table rate_bucket (
  key text not null,
  full_at double precision not null,
  constraint rate_bucket_pkey PRIMARY KEY (key)
) with (fillfactor=50);
CREATE INDEX rate_bucket_full_at ON headrace.rate_bucket USING btree (full_at);

create table retention_mark (
  kind text not null,
  ended_at timestamp with time zone not null,
  dag_run_id bigint not null,
  constraint retention_mark_pkey PRIMARY KEY (kind),
  constraint retention_mark_kind_check CHECK ((kind = ANY (ARRAY['logs'::text, 'results'::text])))
);

create table run_asset_event (
  dag_run_id bigint not null,
  event_id bigint not null,
  constraint run_asset_event_pkey PRIMARY KEY (dag_run_id, event_id),
  constraint run_asset_event_dag_run_id_fkey FOREIGN KEY (dag_run_id) REFERENCES dag_run(id) ON DELETE CASCADE,
  constraint run_asset_event_event_id_fkey FOREIGN KEY (event_id) REFERENCES asset_event(id) ON DELETE CASCADE
);
CREATE INDEX run_asset_event_event ON headrace.run_asset_event USING btree (event_id);

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
CREATE INDEX task_instance_ended ON headrace.task_instance USING btree (state, started_at DESC NULLS LAST, id DESC) WHERE (state = ANY (ARRAY['success'::text, 'failed'::text, 'skipped'::text, 'upstream_failed'::text, 'removed'::text]));
CREATE INDEX task_instance_failed ON headrace.task_instance USING btree (id) WHERE (state = 'failed'::text);
CREATE INDEX task_instance_limited ON headrace.task_instance USING btree (id) WHERE ((state = ANY (ARRAY['queued'::text, 'running'::text, 'restarting'::text])) AND (limits IS NOT NULL));
CREATE INDEX task_instance_live ON headrace.task_instance USING btree (pool, dag_id, queue) WHERE (state = ANY (ARRAY['queued'::text, 'running'::text, 'restarting'::text]));
CREATE INDEX task_instance_removed ON headrace.task_instance USING btree (id) WHERE (state = 'removed'::text);
CREATE INDEX task_instance_scheduled ON headrace.task_instance USING btree (pool, queue, dag_id, pool_slots, COALESCE(jsonb_hash_extended(limits, (0)::bigint), (0)::bigint), ((- priority_class)), ((- priority_weight)), scheduled_at, id) WHERE (state = 'scheduled'::text);
CREATE INDEX task_instance_skipped ON headrace.task_instance USING btree (id) WHERE (state = 'skipped'::text);
CREATE INDEX task_instance_upstream_failed ON headrace.task_instance USING btree (id) WHERE (state = 'upstream_failed'::text);

create table task_progress (
  task_instance_id bigint not null,
  attempt_id uuid not null,
  phase text not null,
  rows_done bigint,
  bytes_done bigint,
  rows_total bigint,
  bytes_total bigint,
  began_at timestamp with time zone not null,
  told_at timestamp with time zone not null,
  constraint task_progress_pkey PRIMARY KEY (task_instance_id)
) with (fillfactor=50, autovacuum_vacuum_threshold=1000);

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

create table variable (
  id bigint generated always as identity not null,
  name text not null,
  description text,
  value bytea not null,
  key_id text not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint variable_name_key UNIQUE (name),
  constraint variable_pkey PRIMARY KEY (id)
);

create table wait (
  id bigint generated always as identity not null,
  task_instance_id bigint not null,
  attempt integer not null,
  try_number integer not null,
  key text not null,
  kind text not null,
  condition jsonb not null,
  on_timeout text not null,
  timeout_at timestamp with time zone,
  due_at timestamp with time zone,
  token_hash text,
  asset text,
  of_dag_id text,
  of_run_id text,
  of_logical_date timestamp with time zone,
  of_task_id text,
  entered_at timestamp with time zone default now() not null,
  ended_at timestamp with time zone,
  outcome text,
  result text,
  username text,
  constraint wait_pkey PRIMARY KEY (id),
  constraint wait_task_instance_id_fkey FOREIGN KEY (task_instance_id) REFERENCES task_instance(id) ON DELETE CASCADE,
  constraint wait_check CHECK (((ended_at IS NULL) = (outcome IS NULL))),
  constraint wait_kind_check CHECK ((kind = ANY (ARRAY['time'::text, 'asset'::text, 'run'::text, 'webhook'::text, 'input'::text, 'poll'::text]))),
  constraint wait_on_timeout_check CHECK ((on_timeout = ANY (ARRAY['fail'::text, 'skip'::text, 'continue'::text]))),
  constraint wait_outcome_check CHECK ((outcome = ANY (ARRAY['met'::text, 'timeout'::text, 'failed'::text, 'closed'::text])))
);
CREATE INDEX wait_asset ON headrace.wait USING btree (id) WHERE ((ended_at IS NULL) AND (kind = 'asset'::text));
CREATE INDEX wait_due ON headrace.wait USING btree (due_at) WHERE ((ended_at IS NULL) AND (due_at IS NOT NULL));
CREATE INDEX wait_entered ON headrace.wait USING btree (entered_at, id);
CREATE UNIQUE INDEX wait_open ON headrace.wait USING btree (task_instance_id) WHERE (ended_at IS NULL);
CREATE INDEX wait_run ON headrace.wait USING btree (id) WHERE ((ended_at IS NULL) AND (kind = 'run'::text));
CREATE INDEX wait_run_dag ON headrace.wait USING btree (of_dag_id, id) WHERE ((ended_at IS NULL) AND (kind = 'run'::text));
CREATE INDEX wait_task_instance ON headrace.wait USING btree (task_instance_id, id);
CREATE UNIQUE INDEX wait_token ON headrace.wait USING btree (token_hash) WHERE (token_hash IS NOT NULL);

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

CREATE OR REPLACE FUNCTION headrace.audit_append(entries text[])
 RETURNS bigint
 LANGUAGE plpgsql
 SET search_path TO 'headrace', 'pg_catalog'
AS $function$
declare
  chain audit_chain;
  one text;
begin
  select * into strict chain from audit_chain for update;
  foreach one in array entries loop
    chain.head_id := chain.head_id + 1;
    chain.head_hash := encode(sha256(convert_to(chain.head_hash || ' ' || chain.head_id || ' ' || one, 'UTF8')), 'hex');
    insert into audit_event (id, entry, hash) values (chain.head_id, one, chain.head_hash);
  end loop;
  update audit_chain set head_id = chain.head_id, head_hash = chain.head_hash;
  return chain.head_id;
end $function$;

CREATE OR REPLACE FUNCTION headrace.audit_forget(through bigint)
 RETURNS bigint
 LANGUAGE plpgsql
 SET search_path TO 'headrace', 'pg_catalog'
AS $function$
declare
  known text;
  gone bigint;
begin
  perform 1 from audit_chain for update;
  select hash into known from audit_event where id = through;
  if not found then return 0; end if;
  update audit_chain set anchor_id = through, anchor_hash = known;
  delete from audit_event where id <= through;
  get diagnostics gone = row_count;
  return gone;
end $function$;

CREATE OR REPLACE FUNCTION headrace.audit_refuse()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'headrace', 'pg_catalog'
AS $function$
begin
  if tg_op = 'DELETE' then
    if old.id <= (select anchor_id from audit_chain) then return old; end if;
  end if;
  raise exception 'The audit log is only ever added to: % of audit_event is refused', lower(tg_op) using errcode = 'insufficient_privilege';
end $function$;

CREATE TRIGGER audit_event_not_emptied BEFORE TRUNCATE ON headrace.audit_event FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();

CREATE TRIGGER audit_event_only_added BEFORE DELETE OR UPDATE ON headrace.audit_event FOR EACH ROW EXECUTE FUNCTION audit_refuse();
