/** Users, their grants, and the first of them. */
import {
  type AccessStore,
  type Bearer,
  type GrantRecord,
  type GrantSubject,
  type IdentityProfile,
  type NewUser,
  UnknownOrderError,
  type UserChange,
  UserExistsError,
  UserNotFoundError,
  type UserRecord,
} from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';
import { likePattern } from './like-pattern.ts';
import type { MemoryTable } from './table.ts';

export interface UserRow extends Omit<UserRecord, 'hasPassword'> {
  readonly passwordHash?: string;
}

export interface People {
  readonly users: MemoryTable<UserRow>;
  readonly grants: MemoryTable<GrantRecord>;
  /** Called in the transaction in which a user's sessions end, but the one with this hash. */
  endSessions(userId: string, keep?: string): void;
  /** Called in the transaction in which a user is deleted. */
  forget(userId: string): void;
}

type PeopleStore = Pick<
  AccessStore,
  | 'users'
  | 'user'
  | 'anyUser'
  | 'createUser'
  | 'changeUser'
  | 'deleteUser'
  | 'passwordOf'
  | 'rehash'
  | 'comeIn'
  | 'addGrant'
  | 'grants'
  | 'removeGrant'
>;

export function peopleStore(db: MemoryDatabase, people: People): PeopleStore {
  const { users, grants } = people;
  const named = (name: string): UserRow | undefined => [...users.rows()].find((row) => row.name.toLowerCase() === name.toLowerCase());
  const required = (userId: string): UserRow => {
    const row = users.get(userId);
    if (row === undefined) throw new UserNotFoundError(userId);
    return row;
  };
  const insert = (row: Omit<UserRow, 'userId' | 'active'>): UserRow => {
    if (named(row.name) !== undefined) throw new UserExistsError(row.name);
    const userId = db.nextId('access_user');
    const user = { ...row, userId, active: true };
    users.insert(userId, user);
    return user;
  };
  return {
    async users({ namePattern }, page) {
      const found = [...users.rows()].filter(({ name }) => namePattern === undefined || likePattern(namePattern).test(name));
      const orders = {
        id: (row: UserRow) => Number(row.userId),
        name: (row: UserRow) => row.name.toLowerCase(),
        created_at: (row: UserRow) => row.createdAt,
      };
      return { items: paged(found, orders, page).map(userRecord), total: found.length };
    },
    async user(by) {
      const row = 'userId' in by ? users.get(by.userId) : named(by.name);
      return row && userRecord(row);
    },
    anyUser: async () => users.size > 0,
    createUser: async (user, now) => db.transaction(() => userRecord(insert(newRow(user, now)))),

    async changeUser(userId, change) {
      const row = required(userId);
      return db.transaction(() => {
        const changed = changedRow(row, change);
        users.put(userId, changed);
        if (change.active === false) people.endSessions(userId);
        else if (change.passwordHash !== undefined) people.endSessions(userId, change.keepSession);
        return userRecord(changed);
      });
    },
    async deleteUser(userId) {
      required(userId);
      db.transaction(() => {
        people.forget(userId);
        users.delete(userId);
      });
    },
    async passwordOf(name) {
      const row = named(name);
      return row?.active === true && row.passwordHash !== undefined ? { userId: row.userId, hash: row.passwordHash } : undefined;
    },
    async rehash(userId, before, after) {
      const row = users.get(userId);
      if (row?.passwordHash !== before) return false;
      db.transaction(() => users.put(userId, { ...row, passwordHash: after }));
      return true;
    },
    async comeIn(profile, now) {
      const { issuer, subject } = profile;
      const known = [...users.rows()].find(({ identity }) => identity?.issuer === issuer && identity.subject === subject);
      return db.transaction(() => {
        if (known !== undefined) {
          const { displayName: _, email: __, ...rest } = known;
          const row = { ...rest, ...told(profile) };
          users.put(known.userId, row);
          return userRecord(row);
        }
        const name = named(profile.name) === undefined ? profile.name : profile.otherName;
        return userRecord(insert({ ...told(profile), name, identity: { issuer, subject }, createdAt: now }));
      });
    },

    async addGrant(grant) {
      if (grant.subject.kind === 'user') required(grant.subject.userId);
      const same = [...grants.rows()].find((one) => keyOf(one) === keyOf(grant));
      if (same !== undefined) return withName(same);
      return db.transaction(() => {
        const grantId = db.nextId('access_grant');
        const row = { ...grant, grantId };
        grants.insert(grantId, row);
        return withName(row);
      });
    },
    async grants({ userId, object }, page) {
      const found = [...grants.rows()].filter(
        (one) =>
          (userId === undefined || (one.subject.kind === 'user' && one.subject.userId === userId)) &&
          (object === undefined || one.object === object),
      );
      return { items: paged(found, { id: (one: GrantRecord) => Number(one.grantId) }, page).map(withName), total: found.length };
    },
    async removeGrant(grantId) {
      if (grants.get(grantId) === undefined) return false;
      db.transaction(() => grants.delete(grantId));
      return true;
    },
  };

  function withName(grant: GrantRecord): GrantRecord {
    const user = grant.subject.kind === 'user' ? users.get(grant.subject.userId) : undefined;
    return user === undefined ? grant : { ...grant, userName: user.name };
  }
}

export function bearer({ grants }: People, row: UserRow): Bearer {
  const { userId, roles, groups } = row;
  const isFor = (subject: GrantSubject): boolean =>
    subject.kind === 'user'
      ? subject.userId === userId
      : subject.kind === 'role'
        ? (roles as readonly string[]).includes(subject.name)
        : groups.includes(subject.name);
  return {
    user: userRecord(row),
    grants: [...grants.rows()].filter(({ subject }) => isFor(subject)).map(({ action, object, pattern }) => ({ action, object, pattern })),
  };
}

/** One page, ordered as asked. Throws UnknownOrderError. */
export function paged<Row>(
  rows: readonly Row[],
  orders: Readonly<Record<string, (row: Row) => string | number | undefined>>,
  { limit, offset, orderBy = [] }: { readonly limit: number; readonly offset: number; readonly orderBy?: readonly string[] },
): readonly Row[] {
  const terms = [...orderBy, 'id'].map((term) => {
    const name = term.replace(/^-/, '');
    const key = orders[name];
    if (key === undefined) throw new UnknownOrderError(name, Object.keys(orders).sort());
    return { key, sign: term.startsWith('-') ? -1 : 1 };
  });
  const compare = (a: Row, b: Row): number => {
    for (const { key, sign } of terms) {
      const [x, y] = [key(a), key(b)];
      if (x === y) continue;
      // What has no value comes last, whichever way.
      if (x === undefined || y === undefined) return x === undefined ? 1 : -1;
      return x < y ? -sign : sign;
    }
    return 0;
  };
  return rows.toSorted(compare).slice(offset, offset + limit);
}

function userRecord({ passwordHash, ...row }: UserRow): UserRecord {
  return { ...row, hasPassword: passwordHash !== undefined };
}

function newRow({ name, displayName, email, roles, passwordHash }: NewUser, now: number): Omit<UserRow, 'userId' | 'active'> {
  return {
    name,
    roles,
    groups: [],
    createdAt: now,
    ...(displayName === undefined ? {} : { displayName }),
    ...(email === undefined ? {} : { email }),
    ...(passwordHash === undefined ? {} : { passwordHash }),
  };
}

function told({ displayName, email, roles, groups }: IdentityProfile) {
  return { roles, groups, ...(displayName === undefined ? {} : { displayName }), ...(email === undefined ? {} : { email }) };
}

function changedRow(row: UserRow, { displayName, email, roles, active, passwordHash }: UserChange): UserRow {
  const { displayName: named, email: mail, ...rest } = row;
  const shown = displayName === undefined ? named : (displayName ?? undefined);
  const address = email === undefined ? mail : (email ?? undefined);
  return {
    ...rest,
    ...(shown === undefined ? {} : { displayName: shown }),
    ...(address === undefined ? {} : { email: address }),
    ...(roles === undefined ? {} : { roles }),
    ...(active === undefined ? {} : { active }),
    ...(passwordHash === undefined ? {} : { passwordHash }),
  };
}

function keyOf({ subject, action, object, pattern }: Pick<GrantRecord, 'subject' | 'action' | 'object' | 'pattern'>): string {
  return JSON.stringify([subject.kind, subject.kind === 'user' ? subject.userId : subject.name, action, object, pattern]);
}
