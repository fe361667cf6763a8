import { createPasswords, issueToken } from '@headrace/access';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { type AccessDeps, buildApi } from '../../src/index.ts';
import { authorization, createFixture } from '../support/fixture.ts';
import { CHEAP, restartableAccess } from '../support/memory-access.ts';
import { caller } from './callers.ts';

const PASSWORD = 'correct horse battery';
const MINUTE = 60_000;
const OWN = { 'sec-fetch-site': 'same-origin' };

interface World {
  readonly app: FastifyInstance;
  readonly access: AccessDeps;
  pass(ms: number): void;
}

const worlds = { http: restartableAccess(), https: restartableAccess({ publicUrl: 'https://headrace.example.com' }) };
const apps = new Map<keyof typeof worlds, FastifyInstance>();
beforeAll(async () => {
  for (const [name, { access }] of Object.entries(worlds)) apps.set(name as 'http', await buildApi({ ...createFixture().deps, access }));
}, 60_000);
afterAll(() => Promise.all([...apps.values()].map((app) => app.close())));

/** An API with one user, ada. */
async function withAda(work: (world: World) => Promise<void>, where: keyof typeof worlds = 'http'): Promise<void> {
  const { access, begin, pass } = worlds[where];
  begin(Date.UTC(2026, 0, 1));
  const passwordHash = await access.passwords.hash(PASSWORD);
  await access.store.createUser({ name: 'ada', roles: ['user'], passwordHash }, access.now());
  await work({ app: apps.get(where) as FastifyInstance, access, pass });
}

const login = (app: FastifyInstance, payload: object, url = '/auth/token', headers: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url, payload, headers });
const me = (app: FastifyInstance, headers: Record<string, string>) => app.inject({ url: '/headrace/v1/me', headers });
const cookieOf = (answer: { cookies: readonly { name: string; value: string }[] }): Record<string, string> => ({
  cookie: answer.cookies.map(({ name, value }) => `${name}=${value}`).join('; '),
});

describe('bearer tokens', () => {
  test.each(['/auth/token', '/auth/token/cli'])('%s gives one for a name and a password, as Airflow does', (url) =>
    withAda(async ({ app }) => {
      const answer = await login(app, { username: 'ADA', password: PASSWORD }, url);
      expect(answer.statusCode).toBe(201);
      expect(Object.keys(answer.json())).toEqual(['access_token']);
      expect(answer.headers['cache-control']).toBe('no-store');
      const headers = { authorization: `Bearer ${answer.json().access_token}` };
      expect((await me(app, headers)).json()).toMatchObject({
        username: 'ada',
        credential: 'bearer',
        roles: ['user'],
        permissions: { dag: 'operate' },
      });
      expect((await app.inject({ url: '/api/v2/dags', headers })).statusCode).toBe(200);
      expect((await app.inject({ url: '/headrace/v1/users', headers })).statusCode).toBe(403);
    }),
  );

  test('end at their time: a day, and an hour from the command line', () =>
    withAda(async ({ app, pass }) => {
      const tokenOf = async (url: string) => ({
        authorization: `Bearer ${(await login(app, { username: 'ada', password: PASSWORD }, url)).json().access_token}`,
      });
      const [day, hour] = [await tokenOf('/auth/token'), await tokenOf('/auth/token/cli')];
      pass(59 * MINUTE);
      expect([(await me(app, day)).statusCode, (await me(app, hour)).statusCode]).toEqual([200, 200]);
      pass(MINUTE);
      expect([(await me(app, day)).statusCode, (await me(app, hour)).statusCode]).toEqual([200, 401]);
      pass(23 * 60 * MINUTE);
      expect((await me(app, day)).statusCode).toBe(401);
    }));

  test('are the same refusal for a wrong password, an unknown name, an inactive user and one without a password', () =>
    withAda(async ({ app, access }) => {
      await access.store.createUser({ name: 'bob', roles: [] }, 0);
      const { userId } = await access.store.createUser({ name: 'eve', roles: [], passwordHash: await access.passwords.hash(PASSWORD) }, 0);
      await access.store.changeUser(userId, { active: false });
      const said = await Promise.all(
        [
          { username: 'ada', password: 'wrong' },
          { username: 'nobody', password: PASSWORD },
          { username: 'bob', password: PASSWORD },
          { username: 'eve', password: PASSWORD },
        ].map(async (body) => {
          const { statusCode, headers } = await login(app, body);
          const { detail, code } = (await login(app, body)).json();
          return [statusCode, code, detail, headers['www-authenticate']];
        }),
      );
      expect(new Set(said.map((one) => JSON.stringify(one))).size).toBe(1);
      expect(said[0]?.slice(0, 2)).toEqual([401, 'HR_LOGIN_FAILED']);
    }));

  test('hash a password anew at the login after its cost rose', () =>
    withAda(async ({ app, access }) => {
      const { userId } = (await access.store.user({ name: 'ada' })) ?? { userId: '' };
      const cheaper = await createPasswords({ ...CHEAP, ln: 3 }).hash(PASSWORD);
      await access.store.changeUser(userId, { passwordHash: cheaper });
      expect((await login(app, { username: 'ada', password: PASSWORD })).statusCode).toBe(201);
      expect((await access.store.passwordOf('ada'))?.hash).toMatch(/^\$scrypt\$ln=4/);
      expect((await login(app, { username: 'ada', password: PASSWORD })).statusCode).toBe(201);
    }));
});

describe('sessions', () => {
  const open = (app: FastifyInstance, headers: Record<string, string> = OWN) =>
    login(app, { username: 'ada', password: PASSWORD }, '/auth/login', headers);

  test('are a cookie that no script reads, and end idle, in the end, and by logging out', () =>
    withAda(async ({ app, pass }) => {
      const answer = await open(app);
      expect(answer.statusCode).toBe(200);
      expect(answer.json()).toMatchObject({ username: 'ada', credential: 'session' });
      expect(answer.headers['set-cookie']).toMatch(/^headrace_session=hrs_\w{49}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Lax$/);
      const cookie = cookieOf(answer);
      expect((await me(app, cookie)).json()).toMatchObject({ username: 'ada', credential: 'session' });
      pass(59 * MINUTE);
      expect((await me(app, cookie)).statusCode).toBe(200);
      pass(61 * MINUTE);
      expect((await me(app, cookie)).statusCode).toBe(401);
      const again = cookieOf(await open(app));
      for (let hour = 0; hour < 14; hour++) {
        expect((await me(app, again)).statusCode).toBe(hour * 50 < 12 * 60 ? 200 : 401);
        pass(50 * MINUTE);
        if (hour * 50 >= 12 * 60) break;
      }
      const last = cookieOf(await open(app));
      const out = await app.inject({ method: 'POST', url: '/auth/logout', headers: { ...last, ...OWN } });
      expect([out.statusCode, out.headers['set-cookie']]).toEqual([204, expect.stringContaining('headrace_session=; Path=/; Max-Age=0')]);
      expect((await me(app, last)).statusCode).toBe(401);
    }));

  test('over https have a name that no other host or path can set, and are sent over nothing else', () =>
    withAda(async ({ app }) => {
      const answer = await open(app);
      expect(answer.headers['set-cookie']).toMatch(/^__Host-headrace_session=\S+; Path=\/; .*; Secure$/);
      const [{ value = '' } = {}] = answer.cookies;
      expect((await me(app, { cookie: `__Host-headrace_session=${value}` })).statusCode).toBe(200);
      expect((await me(app, { cookie: `headrace_session=${value}` })).statusCode).toBe(401);
    }, 'https'));

  test('are listed and ended by their user, all at once, with the bearer tokens', () =>
    withAda(async ({ app }) => {
      const cookie = cookieOf(await open(app));
      const bearer = { authorization: `Bearer ${(await login(app, { username: 'ada', password: PASSWORD })).json().access_token}` };
      const { sessions } = (await app.inject({ url: '/headrace/v1/me/sessions', headers: cookie })).json();
      expect(sessions.map(({ kind }: { kind: string }) => kind)).toEqual(['cookie', 'bearer']);
      const ended = await app.inject({ method: 'DELETE', url: '/headrace/v1/me/sessions', headers: { ...cookie, ...OWN } });
      expect(ended.json()).toEqual({ ended: 2 });
      expect([(await me(app, cookie)).statusCode, (await me(app, bearer)).statusCode]).toEqual([401, 401]);
    }));

  test('come also from a page without a script, which leads nowhere else', () =>
    withAda(async ({ app }) => {
      const page = await app.inject({ url: '/auth/login?next=//evil.example' });
      expect(page.headers['content-security-policy']).toMatch(
        /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; frame-ancestors 'none'/,
      );
      expect(page.body).toContain('name="next" type="hidden" value="/"');
      expect(page.body).not.toMatch(/<script|javascript:/i);
      const form = (fields: Record<string, string>) =>
        app.inject({
          method: 'POST',
          url: '/auth/login',
          headers: { ...OWN, 'content-type': 'application/x-www-form-urlencoded' },
          payload: new URLSearchParams(fields).toString(),
        });
      const wrong = await form({ username: 'ada', password: 'wrong wrong wrong', next: '/docs' });
      expect([wrong.statusCode, wrong.headers['set-cookie']]).toEqual([401, undefined]);
      expect(wrong.body).toContain('The user name or the password is wrong');
      const right = await form({ username: 'ada', password: PASSWORD, next: '/docs?a=1' });
      expect([right.statusCode, right.headers.location]).toEqual([303, '/docs?a=1']);
      expect((await me(app, cookieOf(right))).statusCode).toBe(200);
    }));

  test('end with a new password, but the one that set it; and the old password is good no more', () =>
    withAda(async ({ app }) => {
      const [mine, other] = [cookieOf(await open(app)), cookieOf(await open(app))];
      const change = (body: object) =>
        app.inject({ method: 'POST', url: '/headrace/v1/me/password', headers: { ...mine, ...OWN }, payload: body });
      expect((await change({ current_password: 'wrong', new_password: 'another long password' })).statusCode).toBe(401);
      const weak = await change({ current_password: PASSWORD, new_password: 'short' });
      expect([weak.statusCode, weak.body.includes('short"')]).toEqual([422, false]);
      expect((await change({ current_password: PASSWORD, new_password: 'another long password' })).statusCode).toBe(204);
      expect([(await me(app, mine)).statusCode, (await me(app, other)).statusCode]).toEqual([200, 401]);
      expect((await login(app, { username: 'ada', password: PASSWORD })).statusCode).toBe(401);
      expect((await login(app, { username: 'ada', password: 'another long password' })).statusCode).toBe(201);
    }));
});

describe('API keys', () => {
  test('are shown once, may what their scopes say, and are good until they are revoked', () =>
    withAda(async ({ app, access, pass }) => {
      const bearer = { authorization: `Bearer ${(await login(app, { username: 'ada', password: PASSWORD })).json().access_token}` };
      const make = (payload: object, headers = bearer) => app.inject({ method: 'POST', url: '/headrace/v1/tokens', headers, payload });
      const made = await make({
        name: 'ci',
        scopes: [{ action: 'read', object: 'dag', pattern: 'sal*' }],
        expires_at: '2026-01-01T10:00:00Z',
      });
      expect(made.statusCode).toBe(201);
      const { key, id, hint } = made.json();
      expect(key).toMatch(/^hr_[0-9A-Za-z]{49}$/);
      expect(key.endsWith(hint)).toBe(true);
      const headers = { authorization: `Bearer ${key}` };
      expect((await app.inject({ url: '/api/v2/dags/sales', headers })).statusCode).toBe(200);
      expect((await app.inject({ method: 'PATCH', url: '/api/v2/dags/sales', headers, payload: { is_paused: true } })).statusCode).toBe(
        403,
      );
      expect((await app.inject({ url: '/api/v2/dags/hr', headers })).statusCode).toBe(404);
      expect((await app.inject({ url: '/api/v2/pools', headers })).statusCode).toBe(403);
      expect((await make({ name: 'child' }, headers)).statusCode).toBe(403);
      const listed = (await app.inject({ url: '/headrace/v1/tokens', headers: bearer })).json();
      expect(listed).toMatchObject({
        total_entries: 1,
        tokens: [{ id, name: 'ci', username: 'ada', last_used_at: '2026-01-01T00:00:00.000Z' }],
      });
      expect(JSON.stringify(listed)).not.toContain(key);
      expect((await make({ name: 'ci' })).json()).toMatchObject({ code: 'HR_KEY_EXISTS' });
      expect((await make({ name: 'late', expires_at: '2020-01-01T00:00:00Z' })).statusCode).toBe(422);
      expect((await make({ name: 'odd', scopes: [{ action: 'read', object: 'pool', pattern: 'x' }] })).statusCode).toBe(422);
      pass(10 * 60 * MINUTE);
      expect((await app.inject({ url: '/api/v2/dags/sales', headers })).statusCode).toBe(401);
      const endless = (await make({ name: 'endless' })).json();
      const all = { authorization: `Bearer ${endless.key}` };
      expect((await me(app, all)).json()).toMatchObject({ credential: 'key', permissions: { dag: 'operate' } });
      // The owner's rights bound it, as they are now.
      const { userId } = (await access.store.user({ name: 'ada' })) ?? { userId: '' };
      await access.store.changeUser(userId, { roles: ['viewer'] });
      expect((await me(app, all)).json()).toMatchObject({ permissions: { dag: 'read' } });
      const revoke = () => app.inject({ method: 'DELETE', url: `/headrace/v1/tokens/${endless.id}`, headers: bearer });
      expect([(await revoke()).statusCode, (await revoke()).statusCode, (await me(app, all)).statusCode]).toEqual([204, 404, 401]);
    }));

  test('of others are for administrators, and do not show themselves to anybody else', () =>
    withAda(async ({ app, access }) => {
      const bob = await caller(access, { name: 'bob', roles: ['op'] }, 'bearer');
      const root = await caller(access, { name: 'root', roles: ['admin'] }, 'bearer');
      const ofAda = { name: 'ci', username: 'ada' };
      const made = (headers: Record<string, string>) => app.inject({ method: 'POST', url: '/headrace/v1/tokens', headers, payload: ofAda });
      expect((await made(bob)).statusCode).toBe(403);
      const { id } = (await made(root)).json();
      expect((await app.inject({ url: '/headrace/v1/tokens?username=ada', headers: bob })).statusCode).toBe(403);
      expect((await app.inject({ url: '/headrace/v1/tokens?username=ada', headers: root })).json().total_entries).toBe(1);
      expect((await app.inject({ url: '/headrace/v1/tokens', headers: bob })).json().total_entries).toBe(0);
      expect((await app.inject({ method: 'DELETE', url: `/headrace/v1/tokens/${id}`, headers: bob })).json()).toMatchObject({
        code: 'HR_KEY_NOT_FOUND',
      });
      expect((await app.inject({ method: 'DELETE', url: `/headrace/v1/tokens/${id}`, headers: root })).statusCode).toBe(204);
      expect(
        (await app.inject({ method: 'POST', url: '/headrace/v1/tokens', headers: { authorization }, payload: { name: 'x' } })).statusCode,
      ).toBe(422);
    }));
});

describe('users and grants', () => {
  test('are made, changed and deleted by administrators; what changes counts at once', () =>
    withAda(async ({ app }) => {
      const admin = { authorization };
      const call = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object) =>
        app.inject({ method, url: `/headrace/v1${url}`, headers: admin, ...(payload === undefined ? {} : { payload }) });
      const bob = { username: 'bob', password: 'a long enough one', email: 'bob@example.com' };
      const made = await call('POST', '/users', bob);
      expect([made.statusCode, made.json()]).toMatchObject([201, { username: 'bob', roles: [], is_active: true, has_password: true }]);
      expect(made.body).not.toContain('scrypt');
      expect((await call('POST', '/users', { ...bob, username: 'BOB' })).json()).toMatchObject({ code: 'HR_USER_EXISTS' });
      const headers = { authorization: `Bearer ${(await login(app, { username: 'bob', password: bob.password })).json().access_token}` };
      const sees = async (): Promise<readonly number[]> =>
        Promise.all(['/api/v2/dags/sales', '/api/v2/pools'].map(async (url) => (await app.inject({ url, headers })).statusCode));
      expect(await sees()).toEqual([404, 403]);
      const grant = await call('POST', '/grants', { username: 'bob', action: 'read', object: 'dag', pattern: 'sales' });
      expect([grant.statusCode, grant.json()]).toMatchObject([201, { username: 'bob', role: null, group: null, created_by: 'admin' }]);
      expect(await sees()).toEqual([200, 403]);
      expect((await call('GET', '/grants?username=bob')).json().total_entries).toBe(1);
      expect((await call('POST', '/grants', { action: 'read', object: 'dag', pattern: '*' })).statusCode).toBe(422);
      await call('DELETE', `/grants/${grant.json().id}`);
      expect(await sees()).toEqual([404, 403]);
      await call('PATCH', '/users/bob', { roles: ['viewer'] });
      expect(await sees()).toEqual([200, 200]);
      await call('PATCH', '/users/bob', { is_active: false });
      expect(await sees()).toEqual([401, 401]);
      expect((await call('GET', '/users?user_name_pattern=b')).json()).toMatchObject({ total_entries: 1, users: [{ is_active: false }] });
      expect((await call('DELETE', '/users/bob')).statusCode).toBe(204);
      expect((await call('GET', '/users/bob')).json()).toMatchObject({ code: 'HR_USER_NOT_FOUND' });
    }));
});

describe('the first administrator', () => {
  test('comes in by a link that works once, and by no default password', async () => {
    const { access, begin } = worlds.http;
    begin(Date.UTC(2026, 0, 1));
    const app = apps.get('http') as FastifyInstance;
    for (const [username, password] of [
      ['admin', 'admin'],
      ['airflow', 'airflow'],
      ['root', ''],
    ])
      expect((await login(app, { username, password })).statusCode).toBeGreaterThanOrEqual(401);
    const { token, hash } = issueToken('firstLink');
    await access.store.saveFirstLink(hash, access.now() + MINUTE);
    expect((await app.inject({ url: `/auth/first?token=${issueToken('firstLink').token}` })).statusCode).toBe(404);
    const page = await app.inject({ url: `/auth/first?token=${token}` });
    expect([page.statusCode, page.headers['referrer-policy'], page.headers['cache-control']]).toEqual([200, 'no-referrer', 'no-store']);
    expect(page.body).toContain(`value="${token}"`);
    const post = (fields: Record<string, string>) =>
      app.inject({
        method: 'POST',
        url: '/auth/first',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        payload: new URLSearchParams(fields).toString(),
      });
    const weak = await post({ token, username: 'root', password: 'short' });
    expect([weak.statusCode, weak.body.includes('12 characters')]).toEqual([422, true]);
    const made = await post({ token, username: 'root', password: PASSWORD });
    expect(made.statusCode).toBe(201);
    expect((await me(app, cookieOf(made))).json()).toMatchObject({ username: 'root', roles: ['admin'] });
    expect((await post({ token, username: 'second', password: PASSWORD })).statusCode).toBe(404);
    expect((await access.store.users({}, { limit: 9, offset: 0 })).total).toBe(1);
  });
});

test('where there is no identity provider, that is said', async () => {
  const answer = await (apps.get('http') as FastifyInstance).inject({ url: '/auth/oidc/login' });
  expect([answer.statusCode, answer.json().code]).toEqual([404, 'HR_NO_IDENTITY_PROVIDER']);
});

test("Airflow's addresses lead to the pages on which people log in and out", async () => {
  const ask = (url: string) => (apps.get('http') as FastifyInstance).inject({ url: `/api/v2/auth/${url}` });
  const answers = [await ask('login'), await ask('login?next=//evil.example'), await ask('logout')];
  expect(answers.map(({ statusCode, headers }) => [statusCode, headers.location])).toEqual([
    [307, '/auth/login'],
    [307, '/auth/login?next=%2F%2Fevil.example'],
    [307, '/auth/logout'],
  ]);
  const page = await (apps.get('http') as FastifyInstance).inject({ url: '/auth/login?next=%2F%2Fevil.example' });
  expect(page.body).not.toContain('evil.example');
});
