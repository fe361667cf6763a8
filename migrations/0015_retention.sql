-- What housekeeping needs, to find what is old without reading what is not, and to remove it without reading what points to it.

-- Ended runs, the longest ended first.
create index dag_run_ended on dag_run (ended_at, id) where state in ('success', 'failed');
-- Who refers to a bundle; what else is removed is referred to through the indexes of 0013.
create index dag_version_bundle on dag_version (bundle_hash);

-- Objects (logs, results) of runs that are to be removed from the object store: written in the transaction in which the rows go, or that
-- moves the mark below; deleted when the objects are gone. So no crash leaves an object that nobody knows of.
create table doomed_object (
  id bigint generated always as identity primary key,
  dag_id text not null,
  run_id text not null,
  -- What goes: the logs, the results, or both with the run itself.
  kind text not null check (kind in ('logs', 'results', 'run')),
  at timestamptz not null default now()
);

-- How far along the ended runs logs, or results, have been removed while their runs stay.
create table retention_mark (
  kind text primary key check (kind in ('logs', 'results')),
  ended_at timestamptz not null,
  dag_run_id bigint not null
);
