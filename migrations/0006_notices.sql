-- What is told to people and other systems, until when things must have happened, and DAGs that paused themselves.

-- The outbox of notices: a row is written in the transaction of what it tells of, and stays as a record of the delivery.
create table notice (
  id bigint generated always as identity primary key,
  -- What identifies it, and the hash of that by which a target recognises a repeated delivery.
  key text not null,
  idempotency_key text not null unique,
  event text not null,
  dag_id text,
  run_id text,
  target jsonb not null,
  payload jsonb not null,
  -- Whose function a target in the DAG file means.
  version_id bigint references dag_version,
  state text not null default 'pending' check (state in ('pending', 'delivered', 'dead')),
  -- Deliveries begun.
  attempts integer not null default 0,
  -- When it is tried (again). While it is being delivered: when whoever has it in hand is taken for dead.
  next_at timestamptz not null default now(),
  deliverer text,
  last_error text,
  created_at timestamptz not null default now(),
  delivered_at timestamptz
) with (fillfactor = 85);

create index notice_due on notice (next_at, id) where state = 'pending';
-- For lists.
create index notice_dag on notice (dag_id, id);
create index notice_dead on notice (id) where state = 'dead';
-- For forgetting.
create index notice_delivered on notice (delivered_at) where state = 'delivered';

-- Deadlines of runs. A run whose deadline cannot be said (it has no logical date, too few runs came before) has a void one.
create table deadline (
  dag_run_id bigint not null references dag_run on delete cascade,
  name text not null,
  due_at timestamptz,
  state text not null check (state in ('pending', 'met', 'missed', 'void')),
  -- When to look at it next: because it is due, or because a miss may be foreseen from then on.
  check_at timestamptz,
  -- When a miss was foreseen, and for when the end was expected then.
  predicted_at timestamptz,
  expected_at timestamptz,
  primary key (dag_run_id, name),
  check ((state = 'pending') = (check_at is not null))
);

create index deadline_pending on deadline (check_at) where state = 'pending';
-- The DAGs that have deadlines, or assets that must be fresh, without reading all specs.
create index dag_version_deadlines on dag_version (dag_id, id) where spec ? 'deadlines';
create index dag_version_freshness on dag_version (dag_id, id) where jsonb_path_exists(spec, '$.assets[*].freshness');
-- The newest successful runs of a DAG: how long it and its tasks usually take.
create index dag_run_succeeded on dag_run (dag_id, ended_at) where state = 'success';

alter table dag
  -- Failed runs in a row, of DAGs that pause themselves after so many.
  add column failed_runs integer not null default 0,
  -- Why it paused itself; null: it did not.
  add column paused_reason text;
