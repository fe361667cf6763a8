-- Who may come in, and what was granted to whom.
create table access_user (
  id bigint generated always as identity primary key,
  name text not null,
  display_name text,
  email text,
  roles text[] not null default '{}' check (roles <@ array['viewer', 'user', 'op', 'admin']),
  -- As the identity provider names them.
  groups text[] not null default '{}',
  active boolean not null default true,
  -- scrypt or argon2id with its parameters; null: comes in by an identity provider, or not at all.
  password_hash text,
  issuer text,
  subject text,
  created_at timestamptz not null default now(),
  last_login_at timestamptz,
  unique (issuer, subject),
  check ((issuer is null) = (subject is null))
);
create unique index access_user_name on access_user (lower(name));

-- Sessions of browsers, and bearer tokens of /auth/token. Of the token there is only the SHA-256.
create table access_session (
  id bigint generated always as identity primary key,
  token_hash text not null unique,
  kind text not null check (kind in ('cookie', 'bearer')),
  user_id bigint not null references access_user on delete cascade,
  created_at timestamptz not null,
  used_at timestamptz not null,
  expires_at timestamptz not null,
  idle_ms bigint not null,
  address text,
  client text
);
create index access_session_user on access_session (user_id);
create index access_session_expires on access_session (expires_at);

-- API keys.
create table access_key (
  id bigint generated always as identity primary key,
  token_hash text not null unique,
  name text not null,
  user_id bigint not null references access_user on delete cascade,
  hint text not null,
  scopes jsonb not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  used_at timestamptz,
  revoked_at timestamptz
);
-- A revoked key gives its name back.
create unique index access_key_name on access_key (user_id, name) where revoked_at is null;

-- Allowances for single objects. There is no row that denies.
create table access_grant (
  id bigint generated always as identity primary key,
  user_id bigint references access_user on delete cascade,
  role_name text,
  group_name text,
  action text not null check (action in ('read', 'operate', 'edit', 'administer')),
  object text not null check (object in ('dag', 'asset', 'connection')),
  pattern text not null,
  created_at timestamptz not null,
  created_by text,
  check (num_nonnulls(user_id, role_name, group_name) = 1),
  unique nulls not distinct (user_id, role_name, group_name, action, object, pattern)
);
create index access_grant_role on access_grant (role_name) where role_name is not null;
create index access_grant_group on access_grant (group_name) where group_name is not null;

-- Tries to come in. Keys are taken from a bounded set, so the table is bounded.
create table access_try (
  key text primary key,
  tries integer not null,
  next_at timestamptz not null,
  forget_at timestamptz not null
);
create index access_try_forget on access_try (forget_at);

-- The one-time link of the first administrator.
create table access_first_link (
  token_hash text primary key,
  expires_at timestamptz not null
);
