-- Backfills, runs that are held, overlap policies, and requests that are made once however often they are sent.

create table backfill (
  id bigint generated always as identity primary key,
  dag_id text not null references dag,
  -- Logical dates, both inclusive.
  from_at timestamptz not null,
  to_at timestamptz not null,
  -- The params of its runs.
  params jsonb not null,
  reprocess text not null check (reprocess in ('none', 'failed', 'completed')),
  backwards boolean not null,
  max_active_runs integer not null check (max_active_runs > 0),
  priority_class smallint not null,
  -- The version of its runs; null: the DAG's newest when each is made.
  version_id bigint references dag_version,
  paused boolean not null default false,
  username text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  completed_at timestamptz,
  cancelled_at timestamptz
);

-- One at a time for a DAG.
create unique index backfill_open on backfill (dag_id) where completed_at is null;
create index backfill_dag on backfill (dag_id, id);

alter table dag_run
  -- Why it must not start yet although its time has come: `assets`. Whoever holds it lets it go.
  add column held_for text,
  add column backfill_id bigint references backfill,
  add column priority_class smallint not null default 0,
  -- Of the request that made it: the key its sender chose, and a hash of what was asked.
  add column idempotency_key text,
  add column request_hash text;

create index dag_run_startable on dag_run (dag_id, run_after, id) where state = 'queued' and held_for is null and backfill_id is null;
create index dag_run_backfill_live on dag_run (backfill_id, run_after, id) where backfill_id is not null and state in ('queued', 'running');
create unique index dag_run_idempotency on dag_run (dag_id, idempotency_key) where idempotency_key is not null;

-- What a backfill is to do, in its order.
create table backfill_run (
  backfill_id bigint not null references backfill on delete cascade,
  position integer not null,
  logical_date timestamptz not null,
  interval_start timestamptz not null,
  interval_end timestamptz not null,
  partition_key text,
  -- waiting; clearing: its run is the backfill's and is about to be cleared; made; skipped.
  state text not null check (state in ('waiting', 'clearing', 'made', 'skipped')),
  reason text,
  dag_run_id bigint references dag_run on delete set null,
  -- Of a run that is being cleared: its revision before that. A higher one tells that it was.
  run_revision integer,
  primary key (backfill_id, position)
);

create index backfill_run_open on backfill_run (backfill_id, position) where state in ('waiting', 'clearing');

alter table dag
  -- What its newest version says, as planned: its runs go one at a time, for the DAG or for each partition …
  add column exclusion text not null default 'none' check (exclusion in ('none', 'dag', 'partition')),
  -- … and what becomes of the one that runs when another is due.
  add column ends_other text check (ends_other in ('cancel', 'terminate')),
  -- Its schedule is looked at as soon as no run of it is active.
  add column plan_when_idle boolean not null default false,
  -- Start of the newest interval for which a scheduled run was made.
  add column scheduled_from timestamptz;

create index dag_plan_when_idle on dag (dag_id) where plan_when_idle and not paused and removed_at is null;
create index dag_ends_other on dag (dag_id) where ends_other is not null and not paused and removed_at is null;
