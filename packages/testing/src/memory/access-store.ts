/** Who may come in, and what was granted to whom. */
import type { Instant } from '@headrace/core';
import {
  type AccessStore,
  heldBackMs,
  KeyExistsError,
  type KeyRecord,
  type NewKey,
  type NewSession,
  type SessionRecord,
  UserNotFoundError,
} from '@headrace/ports';
import { bearer, type People, paged, peopleStore, type UserRow } from './access-people.ts';
import type { MemoryDatabase } from './database.ts';

interface SessionRow extends NewSession {
  readonly sessionId: string;
  readonly usedAt: Instant;
}

interface KeyRow extends NewKey {
  readonly keyId: string;
  readonly usedAt?: Instant;
  readonly revokedAt?: Instant;
}

interface TryRow {
  readonly key: string;
  readonly tries: number;
  readonly nextAt: Instant;
  readonly forgetAt: Instant;
}

const isOpen = (row: SessionRow, now: Instant): boolean => row.expiresAt > now && row.usedAt + row.idleMs > now;

export function createAccessStore(db: MemoryDatabase): AccessStore {
  const users = db.table<UserRow>('access_user');
  /** By the hash of their tokens. */
  const sessions = db.table<SessionRow>('access_session');
  const keys = db.table<KeyRow>('access_key');
  const tries = db.table<TryRow>('access_try');
  const links = db.table<{ readonly tokenHash: string; readonly expiresAt: Instant }>('access_first_link');
  const people: People = {
    users,
    grants: db.table('access_grant'),
    endSessions(userId, keep) {
      for (const row of [...sessions.rows()]) if (row.userId === userId && row.tokenHash !== keep) sessions.delete(row.tokenHash);
    },
    forget(userId) {
      this.endSessions(userId);
      for (const { keyId, userId: owner } of [...keys.rows()]) if (owner === userId) keys.delete(keyId);
      for (const { grantId, subject } of [...this.grants.rows()])
        if (subject.kind === 'user' && subject.userId === userId) this.grants.delete(grantId);
    },
  };
  const store = peopleStore(db, people);
  return {
    ...store,

    async openSession(session) {
      const user = users.get(session.userId);
      if (user === undefined) throw new UserNotFoundError(session.userId);
      db.transaction(() => {
        for (const row of [...sessions.rows()])
          if (row.userId === session.userId && !isOpen(row, session.createdAt)) sessions.delete(row.tokenHash);
        sessions.insert(session.tokenHash, { ...session, sessionId: db.nextId('access_session'), usedAt: session.createdAt });
        users.put(user.userId, { ...user, lastLoginAt: session.createdAt });
      });
    },
    async useSession(tokenHash, kind, now) {
      const row = sessions.get(tokenHash);
      const user = row && users.get(row.userId);
      if (row === undefined || row.kind !== kind || !isOpen(row, now) || user?.active !== true) return undefined;
      db.transaction(() => sessions.put(tokenHash, { ...row, usedAt: now }));
      return { ...bearer(people, user), session: sessionRecord(row) };
    },
    async endSession(tokenHash) {
      if (sessions.get(tokenHash) === undefined) return false;
      db.transaction(() => sessions.delete(tokenHash));
      return true;
    },
    async endSessionsOf(userId) {
      const before = sessions.size;
      db.transaction(() => people.endSessions(userId));
      return before - sessions.size;
    },
    sessionsOf: async (userId, now) => [...sessions.rows()].filter((row) => row.userId === userId && isOpen(row, now)).map(sessionRecord),

    async createKey(key) {
      if (users.get(key.userId) === undefined) throw new UserNotFoundError(key.userId);
      const isSame = (row: KeyRow): boolean => row.userId === key.userId && row.name === key.name && row.revokedAt === undefined;
      if ([...keys.rows()].some(isSame)) throw new KeyExistsError(key.name);
      return db.transaction(() => {
        const keyId = db.nextId('access_key');
        const row = { ...key, keyId };
        keys.insert(keyId, row);
        return keyRecord(row);
      });
    },
    async keys({ userId }, page) {
      const found = [...keys.rows()].filter((row) => userId === undefined || row.userId === userId);
      const orders = {
        id: (row: KeyRow) => Number(row.keyId),
        name: (row: KeyRow) => row.name,
        created_at: (row: KeyRow) => row.createdAt,
        expires_at: (row: KeyRow) => row.expiresAt,
        last_used_at: (row: KeyRow) => row.usedAt,
      };
      return { items: paged(found, orders, page).map(keyRecord), total: found.length };
    },
    async key(keyId) {
      const row = keys.get(keyId);
      return row && keyRecord(row);
    },
    async useKey(tokenHash, now) {
      const row = [...keys.rows()].find((one) => one.tokenHash === tokenHash);
      const user = row && users.get(row.userId);
      if (row === undefined || row.revokedAt !== undefined || (row.expiresAt ?? Number.POSITIVE_INFINITY) <= now || user?.active !== true)
        return undefined;
      db.transaction(() => keys.put(row.keyId, { ...row, usedAt: now }));
      return { ...bearer(people, user), key: keyRecord(row) };
    },
    async revokeKey(keyId, now) {
      const row = keys.get(keyId);
      if (row === undefined || row.revokedAt !== undefined) return false;
      db.transaction(() => keys.put(keyId, { ...row, revokedAt: now }));
      return true;
    },

    async countTry(limits, now, forgetMs) {
      const wait = Math.max(0, ...limits.map(({ key }) => (tries.get(key)?.nextAt ?? now) - now));
      if (wait > 0) return wait;
      db.transaction(() => {
        for (const limit of limits) {
          const row = tries.get(limit.key);
          const count = (row === undefined || row.forgetAt <= now ? 0 : row.tries) + 1;
          tries.put(limit.key, { key: limit.key, tries: count, nextAt: now + heldBackMs(limit, count), forgetAt: now + forgetMs });
        }
      });
      return 0;
    },
    async forgiveTries(key) {
      if (tries.get(key) !== undefined) db.transaction(() => tries.delete(key));
    },

    async saveFirstLink(tokenHash, expiresAt) {
      db.transaction(() => {
        for (const row of [...links.rows()]) links.delete(row.tokenHash);
        links.insert(tokenHash, { tokenHash, expiresAt });
      });
    },
    hasFirstLink: async (tokenHash, now) => (links.get(tokenHash)?.expiresAt ?? 0) > now && users.size === 0,
    async createFirstUser(tokenHash, user, now) {
      if ((links.get(tokenHash)?.expiresAt ?? 0) <= now) return undefined;
      db.transaction(() => links.delete(tokenHash));
      return users.size > 0 ? undefined : store.createUser(user, now);
    },

    async sweepAccess(now) {
      const expired = [...sessions.rows()].filter((row) => !isOpen(row, now));
      const forgotten = [...tries.rows()].filter(({ forgetAt, nextAt }) => forgetAt <= now && nextAt <= now);
      const unused = [...links.rows()].filter(({ expiresAt }) => expiresAt <= now);
      db.transaction(() => {
        for (const { tokenHash } of expired) sessions.delete(tokenHash);
        for (const { key } of forgotten) tries.delete(key);
        for (const { tokenHash } of unused) links.delete(tokenHash);
      });
      return expired.length + forgotten.length + unused.length;
    },
  };

  function keyRecord({ tokenHash: _, ...row }: KeyRow): KeyRecord {
    return { ...row, userName: users.get(row.userId)?.name ?? '' };
  }
}

function sessionRecord({ tokenHash: _, ...row }: SessionRow): SessionRecord {
  return row;
}
