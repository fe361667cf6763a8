/** Users: those of this Headrace, and those whom an identity provider vouches for. */
import type { Instant } from '@headrace/core';
import {
  type AccessStore,
  type IdentityProfile,
  type NewUser,
  type UserChange,
  UserExistsError,
  UserNotFoundError,
  type UserRecord,
} from '@headrace/ports';
import type { Database, Queryable } from '../database.ts';
import { Conditions } from '../queries/conditions.ts';
import { type ListQuery, list, one } from '../queries/list.ts';
import { timestamp } from '../timestamp.ts';
import { constraintOf, transaction } from '../transaction.ts';
import { USER_COLUMNS, type UserRow, userOf } from './user-row.ts';

type Users = Pick<
  AccessStore,
  'users' | 'user' | 'anyUser' | 'createUser' | 'changeUser' | 'deleteUser' | 'passwordOf' | 'rehash' | 'comeIn'
>;

const USERS: ListQuery<UserRow, UserRecord> = {
  columns: USER_COLUMNS,
  from: 'access_user u',
  order: { id: 'u.id', name: 'lower(u.name)', created_at: 'u.created_at' },
  key: 'u.id',
  item: userOf,
};

const CREATE = `
  insert into access_user as u (name, display_name, email, roles, password_hash, created_at)
  values ($1, $2, $3, $4, $5, $6::timestamptz)
  returning ${USER_COLUMNS}`;

/** For each field whether it changes, and to what. */
const CHANGE = `
  update access_user as u set
    display_name = case when $2 then $3 else u.display_name end,
    email = case when $4 then $5 else u.email end,
    roles = coalesce($6::text[], u.roles),
    active = coalesce($7::boolean, u.active),
    password_hash = coalesce($8, u.password_hash)
  where u.id = $1
  returning ${USER_COLUMNS}`;

const PASSWORD = `
  select u.id, u.password_hash from access_user u
  where lower(u.name) = lower($1) and u.active and u.password_hash is not null`;

/** The one with this identity becomes what its provider says now. Its name stays. */
const UPDATE_IDENTITY = `
  update access_user as u set display_name = $3, email = $4, roles = $5, groups = $6
  where u.issuer = $1 and u.subject = $2
  returning ${USER_COLUMNS}`;

const INSERT_IDENTITY = `
  insert into access_user as u (issuer, subject, display_name, email, roles, groups, name, created_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8::timestamptz)
  on conflict do nothing
  returning ${USER_COLUMNS}`;

export function userStore(database: Database): Users {
  const reads = () => database.lane('reads');
  const work = () => database.lane('work');
  return {
    users: ({ namePattern }, page) => list(reads(), USERS, new Conditions().like('u.name', namePattern), page),
    user: (by) => one(reads(), USERS, 'userId' in by ? ofId(by.userId) : new Conditions().add('lower(u.name) = lower(?)', by.name)),

    async anyUser() {
      const { rows } = await work().query('select from access_user limit 1');
      return rows.length > 0;
    },

    createUser: (user, now) => createUser(work(), user, now),

    changeUser: (userId, change) =>
      transaction(work(), async (client) => {
        const { rows } = await client.query<UserRow>(CHANGE, changeValues(userId, change));
        const [row] = rows;
        if (row === undefined) throw new UserNotFoundError(userId);
        if (change.active === false || change.passwordHash !== undefined)
          await client.query('delete from access_session where user_id = $1 and token_hash is distinct from $2', [
            userId,
            change.active === false ? null : (change.keepSession ?? null),
          ]);
        return userOf(row);
      }),

    async deleteUser(userId) {
      const { rowCount } = await work().query('delete from access_user where id = $1', [userId]);
      if (rowCount === 0) throw new UserNotFoundError(userId);
    },

    async passwordOf(name) {
      const { rows } = await work().query<{ id: string; password_hash: string }>(PASSWORD, [name]);
      return rows[0] && { userId: rows[0].id, hash: rows[0].password_hash };
    },

    async rehash(userId, before, after) {
      const { rowCount } = await work().query('update access_user set password_hash = $3 where id = $1 and password_hash = $2', [
        userId,
        before,
        after,
      ]);
      return rowCount === 1;
    },

    comeIn: (profile, now) => comeIn(work(), profile, now),
  };
}

/** Rejects with UserExistsError. */
export async function createUser(db: Queryable, user: NewUser, now: Instant): Promise<UserRecord> {
  try {
    const values = [user.name, user.displayName ?? null, user.email ?? null, user.roles, user.passwordHash ?? null, timestamp(now)];
    const { rows } = await db.query<UserRow>(CREATE, values);
    return userOf(rows[0] as UserRow);
  } catch (error) {
    if (constraintOf(error) === 'access_user_name') throw new UserExistsError(user.name);
    throw error;
  }
}

/** Two that come in at once as the same one find each other: the loser's insert does nothing, and it asks again. */
async function comeIn(db: Queryable, profile: IdentityProfile, now: Instant): Promise<UserRecord> {
  const { issuer, subject, displayName = null, email = null, roles, groups } = profile;
  const values = [issuer, subject, displayName, email, roles, groups];
  for (const name of [profile.name, profile.otherName]) {
    const known = await db.query<UserRow>(UPDATE_IDENTITY, values);
    const made = known.rows[0] === undefined ? await db.query<UserRow>(INSERT_IDENTITY, [...values, name, timestamp(now)]) : known;
    if (made.rows[0] !== undefined) return userOf(made.rows[0]);
  }
  const { rows } = await db.query<UserRow>(UPDATE_IDENTITY, values);
  if (rows[0] === undefined) throw new UserExistsError(profile.otherName);
  return userOf(rows[0]);
}

function ofId(userId: string): Conditions {
  return new Conditions().add('u.id = ?', userId);
}

function changeValues(userId: string, { displayName, email, roles, active, passwordHash }: UserChange): unknown[] {
  return [
    userId,
    displayName !== undefined,
    displayName ?? null,
    email !== undefined,
    email ?? null,
    roles ?? null,
    active ?? null,
    passwordHash ?? null,
  ];
}
