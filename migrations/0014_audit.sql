-- Who did what: entries that are only ever added, each with the hash of the one before it; and answers that are kept for requests that
-- are sent again.

-- `hash` is the SHA-256 of the hash before, the id and the entry, in hexadecimal. What is looked for is computed from the entry, so that
-- it cannot say something else.
create table audit_event (
  id bigint primary key,
  entry text not null,
  hash text not null,
  at_ms bigint not null generated always as ((entry::jsonb ->> 'at')::bigint) stored,
  action text not null generated always as (entry::jsonb ->> 'action') stored,
  outcome text not null generated always as (entry::jsonb ->> 'outcome') stored,
  actor text generated always as (entry::jsonb ->> 'actor') stored,
  object_kind text generated always as (entry::jsonb ->> 'object') stored,
  object_id text generated always as (entry::jsonb ->> 'object_id') stored,
  dag_id text generated always as (entry::jsonb ->> 'dag_id') stored,
  run_id text generated always as (entry::jsonb ->> 'run_id') stored,
  task_id text generated always as (entry::jsonb ->> 'task_id') stored,
  map_index integer generated always as ((entry::jsonb ->> 'map_index')::integer) stored
);
create index audit_event_at on audit_event (at_ms, id);
create index audit_event_dag on audit_event (dag_id, id) where dag_id is not null;
create index audit_event_actor on audit_event (actor, id);

-- One row: where the chain ends, and where it begins since older entries were removed. Its lock makes one chain of what several append.
create table audit_chain (
  single boolean primary key default true check (single),
  head_id bigint not null default 0,
  head_hash text not null default repeat('0', 64),
  anchor_id bigint not null default 0,
  anchor_hash text not null default repeat('0', 64)
);
insert into audit_chain default values;

create function audit_append(entries text[]) returns bigint language plpgsql set search_path = headrace, pg_catalog as $$
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
end $$;

-- Removes entries up to this one, whose hash stays as the anchor: the only way in which entries go.
create function audit_forget(through bigint) returns bigint language plpgsql set search_path = headrace, pg_catalog as $$
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
end $$;

create function audit_refuse() returns trigger language plpgsql set search_path = headrace, pg_catalog as $$
begin
  if tg_op = 'DELETE' then
    if old.id <= (select anchor_id from audit_chain) then return old; end if;
  end if;
  raise exception 'The audit log is only ever added to: % of audit_event is refused', lower(tg_op) using errcode = 'insufficient_privilege';
end $$;
create trigger audit_event_only_added before update or delete on audit_event for each row execute function audit_refuse();
create trigger audit_event_not_emptied before truncate on audit_event for each statement execute function audit_refuse();

-- Requests with an Idempotency-Key, and what they were answered with.
create table idempotency_key (
  -- Who sent it.
  scope text not null,
  key text not null,
  request_hash text not null,
  -- Which of those that took it in hand may end it.
  claim uuid not null,
  -- While there is no answer: until when whoever took it is waited for.
  lease_until timestamptz not null,
  expires_at timestamptz not null,
  status integer,
  content_type text,
  -- Null with a status: the answer was not kept.
  body text check (octet_length(body) <= 65536),
  primary key (scope, key)
);
create index idempotency_key_expires on idempotency_key (expires_at);
