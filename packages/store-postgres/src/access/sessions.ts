/** Sessions of browsers and bearer tokens: one look-up by hash brings the user and what was granted to them. */
import type { Instant } from '@headrace/core';
import { type AccessStore, type Bearer, type SessionKind, type SessionRecord, UserNotFoundError } from '@headrace/ports';
import type { Database } from '../database.ts';
import { present } from '../queries/optional.ts';
import { timestamp } from '../timestamp.ts';
import { transaction } from '../transaction.ts';
import { USER_COLUMNS, type UserRow, userOf } from './user-row.ts';

type Sessions = Pick<AccessStore, 'openSession' | 'useSession' | 'endSession' | 'endSessionsOf' | 'sessionsOf'>;

/** Use is written down no more often: a request is a read. */
const USED_EVERY_MS = 60_000;

/** What was granted to user `u`, to its roles and to its groups. */
export const GRANTS_OF_U = `coalesce((
    select jsonb_agg(distinct jsonb_build_object('action', g.action, 'object', g.object, 'pattern', g.pattern))
    from access_grant g
    where g.user_id = u.id or g.role_name = any(u.roles) or g.group_name = any(u.groups)
  ), '[]') as grants`;

const SESSION_COLUMNS =
  's.id as session_id, s.kind, s.user_id, s.created_at as opened_at, s.used_at, s.expires_at, s.idle_ms, s.address, s.client';
const IS_OPEN = `s.expires_at > $2::timestamptz and s.used_at > $2::timestamptz - s.idle_ms * interval '1 millisecond'`;

const USE = `
  select ${USER_COLUMNS}, ${SESSION_COLUMNS}, ${GRANTS_OF_U}
  from access_session s join access_user u on u.id = s.user_id
  where s.token_hash = $1 and s.kind = $3 and u.active and ${IS_OPEN}`;

const OF_USER = `select ${SESSION_COLUMNS} from access_session s where s.user_id = $1 and ${IS_OPEN} order by s.id`;

const TOUCH = 'update access_session set used_at = $2::timestamptz where id = $1 and used_at < $2::timestamptz';

const OPEN = `
  insert into access_session (token_hash, kind, user_id, created_at, used_at, expires_at, idle_ms, address, client)
  select $1, $2, u.id, $4::timestamptz, $4::timestamptz, $5::timestamptz, $6, $7, $8 from access_user u where u.id = $3`;

const EXPIRED = `
  delete from access_session s where s.user_id = $1
  and (s.expires_at <= $2::timestamptz or s.used_at <= $2::timestamptz - s.idle_ms * interval '1 millisecond')`;

export type GrantRows = { readonly grants: Bearer['grants'] };

interface SessionRow {
  readonly session_id: string;
  readonly kind: SessionKind;
  readonly user_id: string;
  readonly opened_at: Instant;
  readonly used_at: Instant;
  readonly expires_at: Instant;
  readonly idle_ms: string;
  readonly address: string | null;
  readonly client: string | null;
}

export function sessionStore(database: Database): Sessions {
  const work = () => database.lane('work');
  const reads = () => database.lane('reads');
  return {
    openSession: ({ tokenHash, kind, userId, createdAt, expiresAt, idleMs, address, client: program }) =>
      transaction(work(), async (client) => {
        await client.query(EXPIRED, [userId, timestamp(createdAt)]);
        const times = [timestamp(createdAt), timestamp(expiresAt), idleMs];
        const { rowCount } = await client.query(OPEN, [tokenHash, kind, userId, ...times, address ?? null, program ?? null]);
        if (rowCount === 0) throw new UserNotFoundError(userId);
        await client.query('update access_user set last_login_at = $2::timestamptz where id = $1', [userId, timestamp(createdAt)]);
      }),

    async useSession(tokenHash, kind, now) {
      const { rows } = await reads().query<UserRow & SessionRow & GrantRows>({
        name: 'use session',
        text: USE,
        values: [tokenHash, timestamp(now), kind],
      });
      const [row] = rows;
      if (row === undefined) return undefined;
      if (now - row.used_at >= USED_EVERY_MS) await work().query(TOUCH, [row.session_id, timestamp(now)]);
      return { user: userOf(row), grants: row.grants, session: sessionOf(row) };
    },

    async endSession(tokenHash) {
      const { rowCount } = await work().query('delete from access_session where token_hash = $1', [tokenHash]);
      return rowCount === 1;
    },

    async endSessionsOf(userId) {
      const { rowCount } = await work().query('delete from access_session where user_id = $1', [userId]);
      return rowCount ?? 0;
    },

    async sessionsOf(userId, now) {
      const { rows } = await reads().query<SessionRow>(OF_USER, [userId, timestamp(now)]);
      return rows.map(sessionOf);
    },
  };
}

function sessionOf(row: SessionRow): SessionRecord {
  return {
    sessionId: row.session_id,
    kind: row.kind,
    userId: row.user_id,
    createdAt: row.opened_at,
    usedAt: row.used_at,
    expiresAt: row.expires_at,
    idleMs: Number(row.idle_ms),
    ...present({ address: row.address, client: row.client }),
  };
}
