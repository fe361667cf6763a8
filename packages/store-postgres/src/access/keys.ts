/** API keys. */
import type { Instant } from '@headrace/core';
import { type AccessStore, KeyExistsError, type KeyRecord, type KeyScope, UserNotFoundError } from '@headrace/ports';
import type { Database } from '../database.ts';
import { Conditions } from '../queries/conditions.ts';
import { type ListQuery, list, one } from '../queries/list.ts';
import { present } from '../queries/optional.ts';
import { storableJson } from '../storable-json.ts';
import { timestamp, timestampOrNull } from '../timestamp.ts';
import { constraintOf } from '../transaction.ts';
import { GRANTS_OF_U, type GrantRows } from './sessions.ts';
import { USER_COLUMNS, type UserRow, userOf } from './user-row.ts';

type Keys = Pick<AccessStore, 'createKey' | 'keys' | 'key' | 'useKey' | 'revokeKey'>;

interface KeyRow {
  readonly key_id: string;
  readonly key_name: string;
  readonly user_id: string;
  readonly user_name: string;
  readonly hint: string;
  readonly scopes: readonly KeyScope[];
  readonly made_at: Instant;
  readonly expires_at: Instant | null;
  readonly used_at: Instant | null;
  readonly revoked_at: Instant | null;
}

const KEY_COLUMNS = `k.id as key_id, k.name as key_name, k.user_id, u.name as user_name, k.hint, k.scopes, k.created_at as made_at,
  k.expires_at, k.used_at, k.revoked_at`;
const FROM = 'access_key k join access_user u on u.id = k.user_id';

const KEYS: ListQuery<KeyRow, KeyRecord> = {
  columns: KEY_COLUMNS,
  from: FROM,
  order: { id: 'k.id', name: 'k.name', created_at: 'k.created_at', expires_at: 'k.expires_at', last_used_at: 'k.used_at' },
  key: 'k.id',
  item: keyOf,
};

const CREATE = `
  insert into access_key (token_hash, name, user_id, hint, scopes, created_at, expires_at)
  select $1, $2, u.id, $4, $5, $6::timestamptz, $7::timestamptz from access_user u where u.id = $3
  returning id`;

const USE = `
  select ${USER_COLUMNS}, ${KEY_COLUMNS}, ${GRANTS_OF_U}
  from ${FROM}
  where k.token_hash = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > $2::timestamptz) and u.active`;

/** Use is written down no more often than once a minute: a request is a read. */
const USED_EVERY_MS = 60_000;
const TOUCH = 'update access_key set used_at = $2::timestamptz where id = $1 and (used_at is null or used_at < $2::timestamptz)';

export function keyStore(database: Database): Keys {
  const work = () => database.lane('work');
  const reads = () => database.lane('reads');
  const key: Keys['key'] = (keyId) => one(work(), KEYS, new Conditions().add('k.id = ?', keyId));
  return {
    key,
    async createKey({ tokenHash, name, userId, hint, scopes, createdAt, expiresAt }) {
      const values = [tokenHash, name, userId, hint, storableJson(scopes), timestamp(createdAt), timestampOrNull(expiresAt)];
      try {
        const { rows } = await work().query<{ id: string }>(CREATE, values);
        const created = rows[0] && (await key(rows[0].id));
        if (created === undefined) throw new UserNotFoundError(userId);
        return created;
      } catch (error) {
        if (constraintOf(error) === 'access_key_name') throw new KeyExistsError(name);
        throw error;
      }
    },

    keys: ({ userId }, page) => list(reads(), KEYS, new Conditions().add('k.user_id = ?', userId), page),

    async useKey(tokenHash, now) {
      const values = [tokenHash, timestamp(now)];
      const { rows } = await reads().query<UserRow & KeyRow & GrantRows>({ name: 'use key', text: USE, values });
      const [row] = rows;
      if (row === undefined) return undefined;
      if (row.used_at === null || now - row.used_at >= USED_EVERY_MS) await work().query(TOUCH, [row.key_id, timestamp(now)]);
      return { user: userOf(row), grants: row.grants, key: keyOf(row) };
    },

    async revokeKey(keyId, now) {
      const revoke = 'update access_key set revoked_at = $2::timestamptz where id = $1 and revoked_at is null';
      const { rowCount } = await work().query(revoke, [keyId, timestamp(now)]);
      return rowCount === 1;
    },
  };
}

function keyOf(row: KeyRow): KeyRecord {
  return {
    keyId: row.key_id,
    name: row.key_name,
    userId: row.user_id,
    userName: row.user_name,
    hint: row.hint,
    scopes: row.scopes,
    createdAt: row.made_at,
    ...present({ expiresAt: row.expires_at, usedAt: row.used_at, revokedAt: row.revoked_at }),
  };
}
