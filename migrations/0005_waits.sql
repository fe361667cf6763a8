-- What task instances wait for without a slot, and what came of it.

create table wait (
  id bigint generated always as identity primary key,
  task_instance_id bigint not null references task_instance on delete cascade,
  -- The attempt that entered it, or looked last. Of an open wait whose task instance has gone on without it (cleared, cancelled), nothing counts.
  attempt integer not null,
  -- It counts for attempts of this try.
  try_number integer not null,
  key text not null,
  kind text not null check (kind in ('time', 'asset', 'run', 'webhook', 'input', 'poll')),
  -- The core's WaitCondition.
  condition jsonb not null,
  on_timeout text not null check (on_timeout in ('fail', 'skip', 'continue')),
  timeout_at timestamptz,
  -- When somebody must look without being told: at its time, or at its timeout. Attempts look at polls themselves.
  due_at timestamptz,
  -- SHA-256 of a webhook's token.
  token_hash text,
  -- For which asset, or which run, it waits.
  asset text,
  of_dag_id text,
  of_run_id text,
  of_logical_date timestamptz,
  of_task_id text,
  entered_at timestamptz not null default now(),
  ended_at timestamptz,
  -- `closed`: its task instance went on without it.
  outcome text check (outcome in ('met', 'timeout', 'failed', 'closed')),
  -- JSON text, as it came.
  result text,
  username text,
  check ((ended_at is null) = (outcome is null))
);

create index wait_task_instance on wait (task_instance_id, id);
-- A task instance waits for one thing at a time.
create unique index wait_open on wait (task_instance_id) where ended_at is null;
create index wait_due on wait (due_at) where ended_at is null and due_at is not null;
create index wait_asset on wait (id) where ended_at is null and kind = 'asset';
create index wait_run on wait (id) where ended_at is null and kind = 'run';
create index wait_run_dag on wait (of_dag_id, id) where ended_at is null and kind = 'run';
create unique index wait_token on wait (token_hash) where token_hash is not null;
-- For lists only.
create index wait_entered on wait (entered_at, id);
