/** Coming in: as Airflow's auth managers have it (`/auth/token`), and sessions of browsers. */
import { type Static, Type } from 'typebox';
import { DateTime, Nullable } from './scalars.ts';

export const UserName = Type.String({ pattern: '^[\\w.@+-]+$', minLength: 1, maxLength: 100 });
const Password = Type.String({ minLength: 1, maxLength: 1_000, format: 'password' });

export const LoginBody = Type.Object(
  { username: Type.String({ minLength: 1, maxLength: 300 }), password: Password },
  { additionalProperties: false },
);
export type LoginBody = Static<typeof LoginBody>;

export const LoginResponse = Type.Object({
  access_token: Type.String({ description: 'Send it as `Authorization: Bearer …`. It expires; it is not shown again' }),
});
export type LoginResponse = Static<typeof LoginResponse>;

export const SessionLoginBody = Type.Object(
  {
    ...LoginBody.properties,
    next: Type.Optional(Type.String({ maxLength: 2_000, description: 'A path of ours to go to afterwards, for forms' })),
  },
  { additionalProperties: false },
);

export const NextQuery = Type.Object({ next: Type.Optional(Type.String({ maxLength: 2_000 })) }, { additionalProperties: false });

export const FirstQuery = Type.Object({ token: Type.String({ maxLength: 200 }) }, { additionalProperties: false });
export const FirstBody = Type.Object(
  { token: Type.String({ maxLength: 200 }), username: UserName, password: Password },
  { additionalProperties: false },
);

/** What the identity provider sends back is its own; openid-client looks at it. */
export const CallbackQuery = Type.Record(Type.String(), Type.Union([Type.String(), Type.Array(Type.String())]));

export const Me = Type.Object({
  username: Type.String(),
  /** By what the caller came in. */
  credential: Type.Enum(['service', 'bearer', 'session', 'key']),
  roles: Type.Array(Type.String()),
  groups: Type.Array(Type.String()),
  /** Kind of object → the most that the caller may do to all of them. A kind that is missing: nothing, or only to some. */
  permissions: Type.Record(Type.String(), Type.String()),
});
export type Me = Static<typeof Me>;

export const ChangeOwnPassword = Type.Object({ current_password: Password, new_password: Password }, { additionalProperties: false });

export const SessionEntry = Type.Object({
  id: Type.Integer(),
  kind: Type.Enum(['cookie', 'bearer']),
  created_at: DateTime,
  last_used_at: DateTime,
  expires_at: DateTime,
  address: Nullable(Type.String()),
  client: Nullable(Type.String()),
});
export const SessionCollection = Type.Object({ sessions: Type.Array(SessionEntry), total_entries: Type.Integer() });
export const EndedSessions = Type.Object({ ended: Type.Integer() });
