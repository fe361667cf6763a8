-- Connections that people keep in Headrace, beside those of the configuration.
create table connection (
  id bigint generated always as identity primary key,
  conn_id text not null unique,
  conn_type text not null,
  description text,
  -- What is not secret: protocol, host, port, login, schema, further settings.
  settings jsonb not null,
  -- What is: AES-256-GCM under a key that the database does not know, bound to conn_id.
  secret bytea,
  -- Which key.
  key_id text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check ((secret is null) = (key_id is null))
);
