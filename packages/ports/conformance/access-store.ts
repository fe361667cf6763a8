/** What every AccessStore must do, wherever it keeps users and what was granted to them. */
import type { AccessStore, IdentityProfile, NewSession } from '@headrace/ports';

type TestFunctions = Pick<
  typeof import('@jest/globals'),
  'describe' | 'test' | 'expect' | 'beforeEach' | 'afterEach' | 'beforeAll' | 'afterAll'
>;

export interface AccessStoreHarness {
  readonly access: AccessStore;
  /** Everything is gone after it. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

const T0 = Date.UTC(2026, 4, 1);
const MINUTE = 60_000;
const ALL = { limit: 100, offset: 0 };
const hash = (letter: string): string => letter.repeat(64);

export function accessStoreConformance(
  jest: TestFunctions,
  { name, open }: { readonly name: string; readonly open: () => Promise<AccessStoreHarness> },
): void {
  const { describe, test, expect, beforeAll, beforeEach, afterAll } = jest;

  describe(`${name} keeps who may come in`, () => {
    let harness: AccessStoreHarness;
    let store: AccessStore;
    beforeAll(async () => {
      harness = await open();
      store = harness.access;
    }, 60_000);
    beforeEach(() => harness.empty());
    afterAll(() => harness?.close());

    const session = (tokenHash: string, userId: string, more: Partial<NewSession> = {}): NewSession => ({
      tokenHash,
      kind: 'bearer',
      userId,
      createdAt: T0,
      expiresAt: T0 + 60 * MINUTE,
      idleMs: 20 * MINUTE,
      ...more,
    });
    const ada = () =>
      store.createUser({ name: 'Ada', displayName: 'Ada L.', email: 'ada@example.com', roles: ['user'], passwordHash: 'h1' }, T0);

    test('users: as they were made, never their hash, names once whatever their case', async () => {
      expect(await store.anyUser()).toBe(false);
      const made = await ada();
      expect(made).toEqual({
        userId: made.userId,
        name: 'Ada',
        displayName: 'Ada L.',
        email: 'ada@example.com',
        roles: ['user'],
        groups: [],
        active: true,
        hasPassword: true,
        createdAt: T0,
      });
      expect(await store.anyUser()).toBe(true);
      expect(await store.user({ name: 'aDA' })).toEqual(made);
      expect(await store.user({ userId: made.userId })).toEqual(made);
      expect(await store.user({ name: 'bob' })).toBeUndefined();
      await expect(store.createUser({ name: 'ADA', roles: [] }, T0)).rejects.toMatchObject({ code: 'HR_USER_EXISTS' });
      const bob = await store.createUser({ name: 'bob', roles: [] }, T0 + 1);
      expect(bob.hasPassword).toBe(false);
      expect((await store.users({}, { ...ALL, orderBy: ['-name'] })).items.map((user) => user.name)).toEqual(['bob', 'Ada']);
      expect(await store.users({ namePattern: 'ad' }, ALL)).toMatchObject({ total: 1, items: [{ name: 'Ada' }] });
      await expect(store.users({}, { ...ALL, orderBy: ['password_hash'] })).rejects.toMatchObject({ code: 'HR_UNKNOWN_ORDER' });
    });

    test('changes: what is not given stays, null takes away, an unknown user is said', async () => {
      const { userId } = await ada();
      expect(await store.changeUser(userId, { email: null, roles: ['op', 'viewer'] })).toMatchObject({
        displayName: 'Ada L.',
        roles: ['op', 'viewer'],
      });
      expect((await store.user({ userId }))?.email).toBeUndefined();
      await expect(store.changeUser('999999', { active: false })).rejects.toMatchObject({ code: 'HR_USER_NOT_FOUND' });
      await expect(store.deleteUser('999999')).rejects.toMatchObject({ code: 'HR_USER_NOT_FOUND' });
    });

    test('passwords: of active users who have one; hashed anew only in the place of the one that was read', async () => {
      const { userId } = await ada();
      expect(await store.passwordOf('ada')).toEqual({ userId, hash: 'h1' });
      expect(await store.passwordOf('nobody')).toBeUndefined();
      expect(await store.rehash(userId, 'h0', 'h2')).toBe(false);
      expect(await store.rehash(userId, 'h1', 'h2')).toBe(true);
      expect(await store.passwordOf('Ada')).toEqual({ userId, hash: 'h2' });
      await store.changeUser(userId, { active: false });
      expect(await store.passwordOf('Ada')).toBeUndefined();
    });

    test('sessions: open until they expire or idle too long, and only as what they were opened', async () => {
      const { userId } = await ada();
      await store.openSession(session(hash('a'), userId, { kind: 'cookie', address: '10.0.0.1', client: 'curl' }));
      expect(await store.useSession(hash('a'), 'bearer', T0)).toBeUndefined();
      expect(await store.useSession(hash('b'), 'cookie', T0)).toBeUndefined();
      expect(await store.useSession(hash('a'), 'cookie', T0 + 19 * MINUTE)).toMatchObject({
        user: { userId, name: 'Ada', lastLoginAt: T0 },
        grants: [],
        session: { kind: 'cookie', userId, createdAt: T0, address: '10.0.0.1', client: 'curl' },
      });
      // The use before counts, and an absolute end is one.
      expect(await store.useSession(hash('a'), 'cookie', T0 + 38 * MINUTE)).toBeDefined();
      expect(await store.useSession(hash('a'), 'cookie', T0 + 57 * MINUTE)).toBeDefined();
      expect(await store.useSession(hash('a'), 'cookie', T0 + 60 * MINUTE)).toBeUndefined();
      await store.openSession(session(hash('c'), userId));
      expect(await store.useSession(hash('c'), 'bearer', T0 + 20 * MINUTE)).toBeUndefined();
      await expect(store.openSession(session(hash('d'), '999999'))).rejects.toMatchObject({ code: 'HR_USER_NOT_FOUND' });
    });

    test('sessions end: one, all of a user, with a new password but one, with an inactive or deleted user', async () => {
      const { userId } = await ada();
      const isOpen = async (letter: string) => (await store.useSession(hash(letter), 'bearer', T0)) !== undefined;
      for (const letter of ['a', 'b', 'c']) await store.openSession(session(hash(letter), userId));
      expect(await store.endSession(hash('a'))).toBe(true);
      expect(await store.endSession(hash('a'))).toBe(false);
      expect(await isOpen('a')).toBe(false);
      await store.changeUser(userId, { passwordHash: 'h3', keepSession: hash('c') });
      expect([await isOpen('b'), await isOpen('c')]).toEqual([false, true]);
      expect((await store.sessionsOf(userId, T0)).length).toBe(1);
      expect(await store.endSessionsOf(userId)).toBe(1);
      await store.openSession(session(hash('d'), userId));
      await store.changeUser(userId, { active: false });
      await store.changeUser(userId, { active: true });
      expect(await isOpen('d')).toBe(false);
      await store.openSession(session(hash('e'), userId));
      await store.deleteUser(userId);
      expect(await isOpen('e')).toBe(false);
    });

    test('keys: good until they expire, are revoked or their user is inactive; a revoked one gives its name back', async () => {
      const { userId } = await ada();
      const scopes = [{ action: 'read', object: 'dag', pattern: 'sales_*' }] as const;
      const key = { tokenHash: hash('k'), name: 'ci', userId, hint: 'wxyz', scopes, createdAt: T0, expiresAt: T0 + MINUTE };
      const made = await store.createKey(key);
      const { tokenHash: _, ...shown } = key;
      expect(made).toEqual({ ...shown, keyId: made.keyId, userName: 'Ada' });
      await expect(store.createKey({ ...key, tokenHash: hash('l') })).rejects.toMatchObject({ code: 'HR_KEY_EXISTS' });
      await expect(store.createKey({ ...key, userId: '999999', tokenHash: hash('l') })).rejects.toMatchObject({
        code: 'HR_USER_NOT_FOUND',
      });
      expect(await store.useKey(hash('k'), T0 + 5)).toMatchObject({ user: { userId }, key: { keyId: made.keyId, scopes } });
      expect((await store.key(made.keyId))?.usedAt).toBe(T0 + 5);
      expect(await store.useKey(hash('k'), T0 + MINUTE)).toBeUndefined();
      await store.changeUser(userId, { active: false });
      expect(await store.useKey(hash('k'), T0)).toBeUndefined();
      await store.changeUser(userId, { active: true });
      expect(await store.revokeKey(made.keyId, T0 + 9)).toBe(true);
      expect(await store.revokeKey(made.keyId, T0 + 9)).toBe(false);
      expect(await store.useKey(hash('k'), T0)).toBeUndefined();
      expect((await store.key(made.keyId))?.revokedAt).toBe(T0 + 9);
      const { expiresAt: __, ...endless } = key;
      const again = await store.createKey({ ...endless, tokenHash: hash('l') });
      expect(await store.useKey(hash('l'), T0 + 1000 * MINUTE)).toMatchObject({ key: { keyId: again.keyId } });
      expect((await store.keys({ userId }, { ...ALL, orderBy: ['-id'] })).items.map((one) => one.keyId)).toEqual([again.keyId, made.keyId]);
      await store.deleteUser(userId);
      expect(await store.useKey(hash('l'), T0)).toBeUndefined();
      expect((await store.keys({}, ALL)).total).toBe(0);
    });

    test('grants: to users, roles and groups, each once; whoever comes in has those of all three', async () => {
      const { userId } = await ada();
      const grant = { action: 'read', object: 'dag', pattern: 'sales_*', createdAt: T0 } as const;
      const own = await store.addGrant({ ...grant, subject: { kind: 'user', userId }, createdBy: 'root' });
      expect(own).toEqual({ ...grant, grantId: own.grantId, subject: { kind: 'user', userId }, createdBy: 'root', userName: 'Ada' });
      expect((await store.addGrant({ ...grant, subject: { kind: 'user', userId } })).grantId).toBe(own.grantId);
      await store.addGrant({ ...grant, subject: { kind: 'role', name: 'user' }, object: 'asset' });
      await store.addGrant({ ...grant, subject: { kind: 'role', name: 'op' }, object: 'connection' });
      await store.addGrant({ ...grant, subject: { kind: 'group', name: 'user' }, action: 'operate' });
      await expect(store.addGrant({ ...grant, subject: { kind: 'user', userId: '999999' } })).rejects.toMatchObject({
        code: 'HR_USER_NOT_FOUND',
      });
      await store.openSession(session(hash('a'), userId));
      const found = await store.useSession(hash('a'), 'bearer', T0);
      expect(new Set(found?.grants.map(({ action, object }) => `${action} ${object}`))).toEqual(new Set(['read dag', 'read asset']));
      expect((await store.grants({}, ALL)).total).toBe(4);
      expect((await store.grants({ userId }, ALL)).items.map((one) => one.grantId)).toEqual([own.grantId]);
      expect((await store.grants({ object: 'connection' }, ALL)).total).toBe(1);
      expect(await store.removeGrant(own.grantId)).toBe(true);
      expect(await store.removeGrant(own.grantId)).toBe(false);
      expect((await store.useSession(hash('a'), 'bearer', T0))?.grants).toEqual([{ action: 'read', object: 'asset', pattern: 'sales_*' }]);
      await store.addGrant({ ...grant, subject: { kind: 'user', userId } });
      await store.deleteUser(userId);
      expect((await store.grants({}, ALL)).total).toBe(3);
    });

    test('identities: one user for each, brought up to date, never one who was there under that name', async () => {
      const local = await ada();
      const profile: IdentityProfile = {
        issuer: 'https://id.example',
        subject: '7',
        name: 'ada',
        otherName: 'ada-7',
        email: 'a@example.com',
        roles: ['viewer'],
        groups: ['data'],
      };
      const first = await store.comeIn(profile, T0);
      expect(first).toMatchObject({
        name: 'ada-7',
        identity: { issuer: 'https://id.example', subject: '7' },
        roles: ['viewer'],
        hasPassword: false,
      });
      expect(first.userId).not.toBe(local.userId);
      await store.addGrant({
        action: 'read',
        object: 'dag',
        pattern: 'x',
        createdAt: T0,
        subject: { kind: 'group', name: 'data' },
      });
      await store.openSession(session(hash('a'), first.userId));
      expect((await store.useSession(hash('a'), 'bearer', T0))?.grants).toEqual([{ action: 'read', object: 'dag', pattern: 'x' }]);
      await store.changeUser(first.userId, { active: false });
      const { email: _, ...without } = profile;
      const again = await store.comeIn({ ...without, roles: [], groups: [] }, T0 + 1);
      expect(again).toMatchObject({ userId: first.userId, name: 'ada-7', roles: [], groups: [], active: false, createdAt: T0 });
      expect(again.email).toBeUndefined();
      const others = await Promise.all(
        [1, 2, 3].map(() => store.comeIn({ ...profile, subject: '8', name: 'bob', otherName: 'bob-8' }, T0)),
      );
      expect(new Set(others.map(({ userId }) => userId)).size).toBe(1);
    });

    test('tries: some are free, then each waits twice as long; what is held back is not counted; all is forgotten in time', async () => {
      const user = { key: 'user 1', free: 3, firstMs: 1000, mostMs: 5000 };
      const address = { key: 'address 1', free: 100, firstMs: 1000, mostMs: 5000 };
      const tryAt = (now: number) => store.countTry([user, address], now, 60 * MINUTE);
      expect([await tryAt(T0), await tryAt(T0), await tryAt(T0)]).toEqual([0, 0, 0]);
      expect(await tryAt(T0)).toBe(1000);
      expect(await tryAt(T0 + 400)).toBe(600);
      expect(await tryAt(T0 + 1000)).toBe(0);
      expect(await tryAt(T0 + 1000)).toBe(2000);
      expect(await tryAt(T0 + 3000)).toBe(0);
      expect(await tryAt(T0 + 7000)).toBe(0);
      // Never longer than the most.
      expect(await tryAt(T0 + 7001)).toBe(4999);
      // The address alone is not held back.
      expect(await store.countTry([address], T0 + 7001, 60 * MINUTE)).toBe(0);
      await store.forgiveTries('user 1');
      expect(await tryAt(T0 + 7001)).toBe(0);
      expect([await tryAt(T0 + 7001), await tryAt(T0 + 7001), await tryAt(T0 + 7001)]).toEqual([0, 0, 1000]);
      expect([await tryAt(T0 + 120 * MINUTE), await tryAt(T0 + 120 * MINUTE)]).toEqual([0, 0]);
    });

    test('tries at once: no more are let through than one after another', async () => {
      const user = { key: 'user 2', free: 4, firstMs: 1000, mostMs: 5000 };
      const waits = await Promise.all(Array.from({ length: 12 }, () => store.countTry([user], T0, MINUTE)));
      expect(waits.filter((wait) => wait === 0)).toHaveLength(4);
    });

    test('the first link: works once, in time, and while there is no user', async () => {
      const root = { name: 'root', roles: ['admin'], passwordHash: 'h' } as const;
      await store.saveFirstLink(hash('1'), T0 + MINUTE);
      await store.saveFirstLink(hash('2'), T0 + MINUTE);
      expect([await store.hasFirstLink(hash('1'), T0), await store.hasFirstLink(hash('2'), T0)]).toEqual([false, true]);
      expect(await store.hasFirstLink(hash('2'), T0 + MINUTE)).toBe(false);
      expect(await store.createFirstUser(hash('1'), root, T0)).toBeUndefined();
      expect(await store.createFirstUser(hash('2'), root, T0 + MINUTE)).toBeUndefined();
      const made = await Promise.all([1, 2, 3].map((n) => store.createFirstUser(hash('2'), { ...root, name: `root${n}` }, T0)));
      expect(made.filter((user) => user !== undefined)).toHaveLength(1);
      expect((await store.users({}, ALL)).total).toBe(1);
      await store.saveFirstLink(hash('3'), T0 + MINUTE);
      expect(await store.hasFirstLink(hash('3'), T0)).toBe(false);
      expect(await store.createFirstUser(hash('3'), { ...root, name: 'late' }, T0)).toBeUndefined();
    });

    test('a sweep removes what has expired and nothing else', async () => {
      const { userId } = await ada();
      await store.openSession(session(hash('a'), userId));
      await store.openSession(session(hash('b'), userId, { expiresAt: T0 + 10 * MINUTE }));
      await store.countTry([{ key: 'x', free: 5, firstMs: 1, mostMs: 1 }], T0, 5 * MINUTE);
      await store.countTry([{ key: 'y', free: 5, firstMs: 1, mostMs: 1 }], T0, 50 * MINUTE);
      await store.saveFirstLink(hash('1'), T0 + MINUTE);
      expect(await store.sweepAccess(T0)).toBe(0);
      expect(await store.sweepAccess(T0 + 15 * MINUTE)).toBe(3);
      expect(await store.sweepAccess(T0 + 15 * MINUTE)).toBe(0);
      expect(await store.useSession(hash('a'), 'bearer', T0 + 15 * MINUTE)).toBeDefined();
    });
  });
}
