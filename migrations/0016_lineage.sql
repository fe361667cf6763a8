-- What tasks make of which data, and in which trace a run is.

-- The W3C `traceparent` of whoever asked for the run: its trace goes on with that. Null: the run begins one.
alter table dag_run add column trace_parent text;

-- Of each task and place that it has written what it was last made of. A row changes only when that does: most loads only read it.
create table lineage_flow (
  dag_id text not null,
  task_id text not null,
  -- The place that was written, as `connector:connection/name`.
  written text not null,
  kind text not null,
  -- Places that were read, likewise, and under which names the task calls them: `{"<name>": "<place>"}`.
  reads text[] not null,
  inputs jsonb not null,
  -- Name and type of each column that was written.
  columns jsonb not null,
  -- Column written → what it is made of: `{"<column>": [{"place": …, "column": …}]}`. Null: that cannot be told.
  made_of jsonb,
  -- Of all that, so that the same is known to be the same.
  hash text not null,
  run_id text not null,
  seen_at timestamptz not null default now(),
  primary key (dag_id, task_id, written)
);

create index lineage_flow_written on lineage_flow (written);
create index lineage_flow_reads on lineage_flow using gin (reads);
