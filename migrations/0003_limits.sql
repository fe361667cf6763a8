-- Who gets a slot: limits beside pools and DAGs, priority classes, and what waits sorted by what it waits for.

alter table pool
  -- Deferred tasks hold their slots, too.
  add column include_deferred boolean not null default false,
  -- -1: as many as there are.
  drop constraint pool_slots_check,
  add constraint pool_slots_check check (slots >= -1);

alter table task_instance
  -- Of its run: all of a higher class get their slots before all of a lower one.
  add column priority_class smallint not null default 0,
  -- { "slots": [{ key, limit }], "rates": [{ key, tokens, perMs, burst }] }, keys filled in for this run. Null: none.
  add column limits jsonb;

-- Waiting tasks of one pool, queue, DAG, number of slots and set of limits are a lane: what refuses the first of them refuses
-- them all. Lanes are found one after the other without reading what waits in them, and in each the most urgent comes first;
-- negated priorities let a page begin where the one before ended.
drop index task_instance_scheduled;
create index task_instance_scheduled on task_instance (pool, queue, dag_id, pool_slots, (coalesce(jsonb_hash_extended(limits, 0), 0)),
  (-priority_class), (-priority_weight), scheduled_at, id) where state = 'scheduled';

-- What holds slots under limits of its own. Counting them reads it.
create index task_instance_limited on task_instance (id) where state in ('queued', 'running', 'restarting') and limits is not null;

-- Read for pools that include them.
create index task_instance_deferred on task_instance (pool) include (pool_slots) where state = 'deferred';

-- Token buckets that are not full. All reads and writes hold the lock on giving slots.
create table rate_bucket (
  key text primary key,
  -- When it is full again, in milliseconds since 1970 by the database's clock; one token fewer for each that is still to come.
  full_at double precision not null
) with (fillfactor = 50);

create index rate_bucket_full_at on rate_bucket (full_at);
