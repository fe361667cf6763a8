/** Users, API keys and grants. Ours. */
import { type Static, Type } from 'typebox';
import { UserName } from './auth.ts';
import { orderBy, Pattern, paging } from './paging.ts';
import { DateTime, Nullable } from './scalars.ts';

const Role = Type.Enum(['viewer', 'user', 'op', 'admin']);
const Action = Type.Enum(['read', 'operate', 'edit', 'administer']);
const Roles = Type.Array(Role, { maxItems: 4, uniqueItems: true });
const DisplayName = Type.String({ maxLength: 300 });
const Email = Type.String({ maxLength: 320, pattern: '^[^\\s@]+@[^\\s@]+$' });
const NewPassword = Type.String({ maxLength: 1_000, format: 'password' });

export const User = Type.Object({
  username: Type.String(),
  display_name: Nullable(Type.String()),
  email: Nullable(Type.String()),
  roles: Type.Array(Role),
  groups: Type.Array(Type.String({ description: 'As the identity provider names them' })),
  is_active: Type.Boolean(),
  has_password: Type.Boolean(),
  identity: Nullable(Type.Object({ issuer: Type.String(), subject: Type.String() })),
  created_at: DateTime,
  last_login_at: Nullable(DateTime),
});
export type User = Static<typeof User>;
export const UserCollection = Type.Object({ users: Type.Array(User), total_entries: Type.Integer() });
export type UserCollection = Static<typeof UserCollection>;
export const UserListQuery = Type.Object(
  { ...paging, order_by: orderBy('id'), user_name_pattern: Type.Optional(Pattern) },
  { additionalProperties: false },
);
export const CreateUser = Type.Object(
  {
    username: UserName,
    password: Type.Optional(NewPassword),
    display_name: Type.Optional(DisplayName),
    email: Type.Optional(Email),
    roles: Type.Optional(Roles),
  },
  { additionalProperties: false },
);
export type CreateUser = Static<typeof CreateUser>;
export const PatchUser = Type.Object(
  {
    password: Type.Optional(NewPassword),
    display_name: Type.Optional(Nullable(DisplayName)),
    email: Type.Optional(Nullable(Email)),
    roles: Type.Optional(Roles),
    is_active: Type.Optional(Type.Boolean({ description: 'False ends all sessions, and no credential of the user is good any more' })),
  },
  { additionalProperties: false },
);
export type PatchUser = Static<typeof PatchUser>;

/** Ids and names as they are, `*` for any text. */
const Glob = Type.String({ minLength: 1, maxLength: 300, pattern: '^[^\\u0000-\\u001f]+$', description: '`*` stands for any text' });

export const ApiKeyScope = Type.Object(
  {
    action: Action,
    object: Type.Enum(['*', 'dag', 'asset', 'connection', 'pool', 'variable', 'system', 'audit', 'user']),
    pattern: Type.Optional(Glob),
  },
  { additionalProperties: false },
);
export type ApiKeyScope = Static<typeof ApiKeyScope>;

export const ApiKey = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  username: Type.String({ description: 'Whose rights bound it' }),
  hint: Type.String({ description: 'Its last characters' }),
  scopes: Type.Array(Type.Object({ action: Action, object: Type.String(), pattern: Type.String() })),
  created_at: DateTime,
  expires_at: Nullable(DateTime),
  last_used_at: Nullable(DateTime),
  revoked_at: Nullable(DateTime),
});
export type ApiKey = Static<typeof ApiKey>;
export const CreatedApiKey = Type.Object({ ...ApiKey.properties, key: Type.String({ description: 'Shown this once, and kept nowhere' }) });
export const ApiKeyCollection = Type.Object({ tokens: Type.Array(ApiKey), total_entries: Type.Integer() });
export type ApiKeyCollection = Static<typeof ApiKeyCollection>;
export const ApiKeyListQuery = Type.Object(
  { ...paging, order_by: orderBy('id'), username: Type.Optional(UserName) },
  { additionalProperties: false },
);
export const CreateApiKey = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 100 }),
    username: Type.Optional(UserName),
    scopes: Type.Optional(Type.Array(ApiKeyScope, { minItems: 1, maxItems: 50, description: 'Without any: all that its user may' })),
    expires_at: Type.Optional(Nullable(DateTime)),
  },
  { additionalProperties: false },
);

export const Grant = Type.Object({
  id: Type.Integer(),
  username: Nullable(Type.String()),
  role: Nullable(Type.String()),
  group: Nullable(Type.String()),
  action: Action,
  object: Type.Enum(['dag', 'asset', 'connection']),
  pattern: Type.String(),
  created_at: DateTime,
  created_by: Nullable(Type.String()),
});
export type Grant = Static<typeof Grant>;
export const GrantCollection = Type.Object({ grants: Type.Array(Grant), total_entries: Type.Integer() });
export type GrantCollection = Static<typeof GrantCollection>;
export const GrantListQuery = Type.Object(
  {
    ...paging,
    order_by: orderBy('id'),
    username: Type.Optional(UserName),
    object: Type.Optional(Type.Enum(['dag', 'asset', 'connection'])),
  },
  { additionalProperties: false },
);
export const CreateGrant = Type.Object(
  {
    username: Type.Optional(UserName),
    role: Type.Optional(Role),
    group: Type.Optional(Type.String({ minLength: 1, maxLength: 300 })),
    action: Type.Enum(['read', 'operate', 'edit']),
    object: Type.Enum(['dag', 'asset', 'connection']),
    pattern: Glob,
  },
  { additionalProperties: false },
);
export type CreateGrant = Static<typeof CreateGrant>;
