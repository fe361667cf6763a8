/**
 * The classes of attacks that others' orchestrators had to repair, each with what stands against it. Named by class; the numbers are of
 * CVEs of Apache Airflow in which the class was seen.
 */
import { issueToken } from '@headrace/access';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { returnAddress } from '../../src/http/return-address.ts';
import { type AccessDeps, buildApi } from '../../src/index.ts';
import { authorization, createFixture } from '../support/fixture.ts';
import { restartableAccess } from '../support/memory-access.ts';
import { caller } from './callers.ts';
import { DECLARED } from './declared.ts';

const PASSWORD = 'correct horse battery';
const OWN = { 'sec-fetch-site': 'same-origin' };

let app: FastifyInstance;
let behindProxy: FastifyInstance;
const world = restartableAccess();
const proxied = restartableAccess({ trustProxy: ['127.0.0.1'], corsOrigins: ['https://tools.example.com'] });
const { access } = world;

beforeAll(async () => {
  app = await buildApi({ ...createFixture().deps, access });
  behindProxy = await buildApi({ ...createFixture().deps, access: proxied.access });
}, 60_000);
beforeEach(async () => {
  for (const { begin, access: one } of [world, proxied]) {
    begin(Date.UTC(2026, 0, 1));
    await one.store.createUser({ name: 'ada', roles: ['user'], passwordHash: await one.passwords.hash(PASSWORD) }, one.now());
  }
});
afterAll(() => Promise.all([app.close(), behindProxy.close()]));

const login = (password: string, more: { username?: string; url?: string; headers?: Record<string, string>; on?: FastifyInstance } = {}) =>
  (more.on ?? app).inject({
    method: 'POST',
    url: more.url ?? '/auth/token',
    headers: more.headers ?? {},
    payload: { username: more.username ?? 'ada', password },
  });
const me = async (headers: Record<string, string>): Promise<number> => (await app.inject({ url: '/headrace/v1/me', headers })).statusCode;
const session = () => login(PASSWORD, { url: '/auth/login', headers: OWN });
const cookieOf = (answer: Awaited<ReturnType<typeof session>>): { cookie: string } => ({
  cookie: answer.cookies.map(({ name, value }) => `${name}=${value}`).join('; '),
});
const users = (name: string, one: AccessDeps = access) => one.store.user({ name });

describe('unauthenticated by default (CVE-2020-13927), one endpoint forgot (CVE-2021-38540)', () => {
  test('all that is open to anyone is on this list', () => {
    const open = app.accessTable
      .filter((route) => route.access === 'public' && route.method !== 'HEAD')
      .map(({ method, url }) => `${method} ${url}`);
    expect(open.filter((route) => !route.startsWith('GET /docs')).sort()).toEqual([
      'GET /api/v2/auth/login',
      'GET /api/v2/auth/logout',
      'GET /api/v2/monitor/health',
      'GET /api/v2/version',
      'GET /auth/first',
      'GET /auth/login',
      'GET /auth/logout',
      'GET /auth/oidc/callback',
      'GET /auth/oidc/login',
      'GET /health',
      'GET /metrics',
      'GET /openapi.json',
      'GET /ready',
      'POST /auth/first',
      'POST /auth/login',
      'POST /auth/token',
      'POST /auth/token/cli',
      'POST /headrace/v1/waits/:wait_token',
    ]);
  });
});

describe('session fixation (CVE-2022-38054)', () => {
  test('a login gives a new id, and the one that was there before is good no more', async () => {
    const first = cookieOf(await session());
    const second = cookieOf(await login(PASSWORD, { url: '/auth/login', headers: { ...OWN, ...first } }));
    expect(second.cookie).not.toBe(first.cookie);
    expect([await me(first), await me(second)]).toEqual([401, 200]);
  });

  test('an id that somebody made up is never taken over', async () => {
    const planted = { cookie: `headrace_session=${issueToken('session').token}` };
    const answer = await login(PASSWORD, { url: '/auth/login', headers: { ...OWN, ...planted } });
    expect(cookieOf(answer)).not.toEqual(planted);
    expect(await me(planted)).toBe(401);
  });
});

describe('a session outlives what should end it (CVE-2022-41672, CVE-2023-40273, CVE-2025-57735, CVE-2026-86473)', () => {
  test.each([
    ['deactivation', async () => access.store.changeUser((await users('ada'))?.userId ?? '', { active: false })],
    ['a new password', async () => access.store.changeUser((await users('ada'))?.userId ?? '', { passwordHash: 'x' })],
    ['deletion', async () => access.store.deleteUser((await users('ada'))?.userId ?? '')],
    ['the end of all sessions', async () => access.store.endSessionsOf((await users('ada'))?.userId ?? '')],
  ])('%s ends cookies and bearer tokens within one request', async (_, end) => {
    const cookie = cookieOf(await session());
    const bearer = { authorization: `Bearer ${(await login(PASSWORD)).json().access_token}` };
    expect([await me(cookie), await me(bearer)]).toEqual([200, 200]);
    await end();
    expect([await me(cookie), await me(bearer)]).toEqual([401, 401]);
  });

  test('logging out ends the bearer token that it came by', async () => {
    const bearer = { authorization: `Bearer ${(await login(PASSWORD)).json().access_token}` };
    expect((await app.inject({ method: 'POST', url: '/auth/logout', headers: bearer })).statusCode).toBe(204);
    expect(await me(bearer)).toBe(401);
  });
});

describe('token confusion and alg none', () => {
  test('a token is good only as what it was issued', async () => {
    const cookie = cookieOf(await session()).cookie.split('=')[1] ?? '';
    const bearer = (await login(PASSWORD)).json().access_token;
    const { userId } = (await users('ada')) ?? { userId: '' };
    const key = issueToken('apiKey');
    await access.store.createKey({
      tokenHash: key.hash,
      name: 'k',
      userId,
      hint: key.hint,
      scopes: [{ action: 'read', object: '*', pattern: '*' }],
      createdAt: access.now(),
    });
    expect(await me({ authorization: `Bearer ${key.token}` })).toBe(200);
    for (const headers of [
      { authorization: `Bearer ${cookie}` },
      { cookie: `headrace_session=${bearer}` },
      { cookie: `headrace_session=${key.token}` },
      { authorization: `Bearer ${bearer.replace('hrb_', 'hr_')}` },
      { authorization: `Bearer ${key.token.replace('hr_', 'hrb_')}` },
      { authorization: `Basic ${Buffer.from(`ada:${PASSWORD}`).toString('base64')}` },
      { authorization: `Bearer ${key.hash}` },
    ])
      expect([headers, await me(headers)]).toEqual([headers, 401]);
  });

  test('there is no token that says of itself who it is', async () => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const alg of ['none', 'None', 'HS256'])
      expect(await me({ authorization: `Bearer ${part({ alg, typ: 'JWT' })}.${part({ sub: 'ada', role: 'admin' })}.` })).toBe(401);
  });

  test('a default or shared secret opens nothing (CVE-2020-17526): tokens of another Headrace are unknown here', async () => {
    const other = restartableAccess();
    other.begin(Date.UTC(2026, 0, 1));
    const headers = await caller(other.access, { name: 'ada', roles: ['admin'] }, 'bearer');
    expect(await me(headers)).toBe(401);
  });
});

describe('cross-site request forgery (CVE-2017-17835, CVE-2019-0229)', () => {
  const FOREIGN: Readonly<Record<string, string>>[] = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://localhost:80.evil.example' },
    {},
  ];

  test('every route that changes something is refused to a cookie that another site had sent', async () => {
    const cookie = await caller(access, { name: 'root', roles: ['admin'] }, 'session');
    for (const route of Object.keys(DECLARED)) {
      const [method = '', pattern = ''] = route.split(' ');
      if (method === 'GET' || DECLARED[route] === 'public') continue;
      for (const headers of FOREIGN) {
        const url = pattern.replaceAll(/:\w+/g, '0');
        const { 'sec-fetch-site': _, ...sent } = cookie;
        const answer = await app.inject({ method: method as 'POST', url, headers: { ...sent, ...headers }, payload: {} });
        expect([route, headers, answer.statusCode, answer.json().code]).toEqual([route, headers, 403, 'HR_CROSS_ORIGIN']);
      }
    }
  });

  test('our own pages, and whoever sends a token, are not refused', async () => {
    const { cookie = '' } = await caller(access, { name: 'root', roles: ['admin'] }, 'session');
    const change = (headers: Record<string, string>) =>
      app.inject({
        method: 'PATCH',
        url: '/api/v2/dags/sales',
        headers: { host: 'headrace.test', ...headers },
        payload: { is_paused: true },
      });
    for (const headers of [
      { cookie, ...OWN },
      { cookie, origin: 'http://headrace.test' },
      { authorization, 'sec-fetch-site': 'cross-site' },
    ])
      expect((await change(headers)).statusCode).toBe(200);
  });

  test('another site cannot have a browser come in as somebody else', async () => {
    for (const headers of FOREIGN.slice(0, 5)) {
      const answer = await login(PASSWORD, { url: '/auth/login', headers });
      expect([answer.statusCode, answer.headers['set-cookie']]).toEqual([403, undefined]);
    }
  });
});

describe('cross-origin reading', () => {
  test('is off', async () => {
    const answer = await app.inject({ url: '/api/v2/dags', headers: { authorization, origin: 'https://tools.example.com' } });
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test('is for the origins on the list, and never with our cookies', async () => {
    const ask = (origin: string, method: 'GET' | 'OPTIONS' = 'GET') =>
      behindProxy.inject({ method, url: '/api/v2/dags', headers: { authorization, origin, 'access-control-request-method': 'GET' } });
    const allowed = await ask('https://tools.example.com');
    expect(allowed.headers).toMatchObject({ 'access-control-allow-origin': 'https://tools.example.com', vary: 'Origin' });
    expect(allowed.headers['access-control-allow-credentials']).toBeUndefined();
    expect((await ask('https://tools.example.com', 'OPTIONS')).statusCode).toBe(204);
    for (const origin of ['https://evil.example', 'https://tools.example.com.evil.example', 'null'])
      expect((await ask(origin)).headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('open redirect (CVE-2022-40754, CVE-2022-43985, CVE-2022-45402)', () => {
  const ELSEWHERE = [
    'https://evil.example',
    '//evil.example',
    '///evil.example',
    '////evil.example',
    '/\\evil.example',
    '/\\/evil.example',
    '\\\\evil.example',
    '\\/evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/\r\n/evil.example',
    '\t//evil.example',
    ' //evil.example',
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'data:text/html,x',
    'http:evil.example',
    'https:/evil.example',
    'evil.example',
    '@evil.example',
    '/.//evil.example',
    '/..//evil.example',
    '/a/..//evil.example',
    '/%0d%0aset-cookie:x/..//evil.example',
    '/.\\evil.example',
    '\u0000//evil.example',
    '\u2028//evil.example',
    '/\u00a0/evil.example',
    '',
    '?next=//evil.example',
    '#//evil.example',
    'x'.repeat(600),
    `/${'x'.repeat(600)}`,
  ];

  test.each(ELSEWHERE)('%j leads to our own door', (asked) => {
    expect(returnAddress(asked)).toBe('/');
  });

  test('what is no text leads there, too', () => {
    for (const asked of [undefined, null, 7, ['/a', '//b'], { toString: () => '//evil.example' }]) expect(returnAddress(asked)).toBe('/');
  });

  test('our own paths are kept', () => {
    for (const path of ['/', '/dags/sales', '/dags?state=failed&tags=a', '/runs#top']) expect(returnAddress(path)).toBe(path);
  });
});

describe('header injection', () => {
  test('nothing that was sent becomes a header of the answer', async () => {
    const answer = await app.inject({
      method: 'POST',
      url: '/auth/login',
      headers: { ...OWN, 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ username: 'ada', password: PASSWORD, next: '/\r\nset-cookie: evil=1' }).toString(),
    });
    expect([answer.statusCode, answer.headers.location]).toEqual([303, '/']);
    expect(answer.cookies.map(({ name }) => name)).toEqual(['headrace_session']);
  });
});

describe('guessing passwords', () => {
  test('a user is held back longer each time, whether there is one of the name or not', async () => {
    for (const username of ['ada', 'nobody']) {
      const statuses: number[] = [];
      for (let tries = 0; tries < 6; tries++) statuses.push((await login('wrong', { username })).statusCode);
      expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
      const held = await login(PASSWORD, { username });
      expect([held.statusCode, held.json().code, held.headers['retry-after']]).toEqual([429, 'HR_TOO_MANY_TRIES', '1']);
    }
    world.pass(1_000);
    expect((await login(PASSWORD)).statusCode).toBe(201);
    expect((await login('wrong')).statusCode).toBe(401);
  });

  test('an address is held back whomever it tries, and a login of its own does not free it', async () => {
    await access.store.createUser({ name: 'eve', roles: [], passwordHash: await access.passwords.hash(PASSWORD) }, 0);
    let held = 0;
    for (let tries = 0; tries < 40; tries++) {
      if (tries === 20) await login(PASSWORD, { username: 'eve' });
      held += Number((await login('wrong', { username: `user${tries}` })).statusCode === 429);
    }
    expect(held).toBeGreaterThanOrEqual(10);
  });

  test('what a stranger says of its address is not believed; what the proxy says is', async () => {
    const from = (on: FastifyInstance, address: string, tries: number) =>
      login('wrong', { on, username: `u${tries}`, headers: { 'x-forwarded-for': address } });
    const statuses = async (on: FastifyInstance): Promise<readonly number[]> => {
      const found: number[] = [];
      for (let tries = 0; tries < 34; tries++) found.push((await from(on, `198.51.100.${tries}`, tries)).statusCode);
      return found;
    };
    expect((await statuses(app)).includes(429)).toBe(true);
    expect((await statuses(behindProxy)).includes(429)).toBe(false);
  });
});

describe('secrets in answers', () => {
  test('a password is not said back, however the request was wrong', async () => {
    const secret = 'hunter2-hunter2';
    for (const payload of [
      { username: 'ada', pasword: secret },
      { username: 'ada', password: [secret] },
      { username: 'ada', password: { a: secret } },
      { username: 'ada', password: secret, extra: secret },
      { username: secret.repeat(60), password: secret },
      JSON.stringify(secret),
      `{"username":"ada","password":"${secret}"`,
    ]) {
      const answer = await app.inject({ method: 'POST', url: '/auth/token', payload, headers: { 'content-type': 'application/json' } });
      expect([payload, answer.statusCode >= 400, answer.body.includes(secret)]).toEqual([payload, true, false]);
    }
  });

  test('a token in the address is not read, and what is answered never has one', async () => {
    const { access_token } = (await login(PASSWORD)).json();
    for (const query of [`?access_token=${access_token}`, `?token=${access_token}`, `?authorization=Bearer%20${access_token}`]) {
      const answer = await app.inject({ url: `/api/v2/dags${query}` });
      expect([answer.statusCode, answer.body.includes(access_token)]).toEqual([401, false]);
    }
  });
});

describe('mass assignment (CVE-2023-40611) and prototype pollution', () => {
  test('nobody gives themselves more by fields that are not theirs', async () => {
    const ada = { authorization: `Bearer ${(await login(PASSWORD)).json().access_token}` };
    const attempts = [
      ['/headrace/v1/me/password', { current_password: PASSWORD, new_password: 'another long one', roles: ['admin'] }],
      ['/headrace/v1/tokens', { name: 'k', user_id: 1, scopes: [{ action: 'administer', object: '*', kind: 'user' }] }],
      ['/auth/token', { username: 'ada', password: PASSWORD, roles: ['admin'] }],
    ] as const;
    for (const [url, payload] of attempts) expect((await app.inject({ method: 'POST', url, headers: ada, payload })).statusCode).toBe(422);
    expect((await users('ada'))?.roles).toEqual(['user']);
  });

  test('`__proto__` and `constructor` in bodies change nothing but the answer', async () => {
    for (const payload of [
      `{"username":"ada","password":"${PASSWORD}","__proto__":{"roles":["admin"]}}`,
      `{"username":"ada","password":"${PASSWORD}","constructor":{"prototype":{"administrator":true}}}`,
    ]) {
      const answer = await app.inject({ method: 'POST', url: '/auth/token', payload, headers: { 'content-type': 'application/json' } });
      expect(answer.statusCode).toBeGreaterThanOrEqual(400);
    }
    const form = await app.inject({
      method: 'POST',
      url: '/auth/login',
      headers: { ...OWN, 'content-type': 'application/x-www-form-urlencoded' },
      payload: `username=ada&password=${encodeURIComponent(PASSWORD)}&__proto__[administrator]=1&__proto__=x`,
    });
    expect(form.statusCode).toBe(422);
    expect([({} as { administrator?: unknown }).administrator, ({} as { roles?: unknown }).roles]).toEqual([undefined, undefined]);
  });
});

describe('what is not theirs by its id (CVE-2023-42663, CVE-2026-46764)', () => {
  test('an object that may not be seen is answered in the very words of one that does not exist', async () => {
    const headers = await caller(access, { name: 'bob', grants: [{ action: 'edit', object: 'dag', pattern: 'hr_*' }] }, 'bearer');
    const said = async (url: string, id: string) => {
      const { statusCode, body } = await app.inject({ url: url.replace('ID', id), headers });
      return [statusCode, body.replaceAll(id, 'ID').replaceAll(/#[\w-]+/g, '')];
    };
    for (const url of [
      '/api/v2/dags/ID',
      '/api/v2/dags/ID/details',
      '/api/v2/dags/ID/dagRuns',
      '/api/v2/dags/ID/dagRuns/r1',
      '/api/v2/dagSources/ID',
      '/headrace/v1/dags/ID/dagRuns/r1/explain',
    ])
      expect(await said(url, 'sales')).toEqual(await said(url, 'nowhere'));
  });

  test('an id that is written otherwise names the same thing (path traversal, CVE-2023-22887)', async () => {
    const headers = await caller(access, { name: 'bob', grants: [{ action: 'edit', object: 'dag', pattern: 'hr' }] }, 'bearer');
    for (const id of [
      'hr/../sales',
      'hr%2f..%2fsales',
      'hr%2F%2E%2E%2Fsales',
      '..%2fsales',
      './sales',
      'sales%00',
      'SALES',
      'sales%20',
      '%73ales',
      'hr%5c..%5csales',
    ]) {
      const answer = await app.inject({ url: `/api/v2/dags/${id}`, headers });
      expect([id, answer.statusCode === 404 || answer.statusCode === 400 || answer.statusCode === 422]).toEqual([id, true]);
      expect(answer.body).not.toContain('Sales of a day');
    }
  });

  test('what a body names is looked at as what an address names: batches and bodies', async () => {
    const headers = await caller(access, { name: 'bob', grants: [{ action: 'edit', object: 'dag', pattern: 'hr' }] }, 'bearer');
    const post = async (url: string, payload: object) => {
      const { statusCode, json } = await app.inject({ method: 'POST', url, headers, payload });
      return [statusCode, json().code];
    };
    const range = { from_date: '2024-01-01T00:00:00Z', to_date: '2024-01-02T00:00:00Z' };
    expect(await post('/api/v2/backfills', { dag_id: 'sales', ...range })).toEqual([404, 'HR_DAG_NOT_FOUND']);
    expect(await post('/api/v2/backfills/dry_run', { dag_id: 'sales', ...range })).toEqual([404, 'HR_DAG_NOT_FOUND']);
    expect(await post('/api/v2/assets/events', { asset_id: 1 })).toEqual([403, 'HR_FORBIDDEN']);
    expect(await post('/api/v2/connections', { connection_id: 'pos', conn_type: 'postgres' })).toEqual([403, 'HR_FORBIDDEN']);
  });
});

describe('what browsers are told', () => {
  test('of every answer: it is data, it is not framed, and it is not kept', async () => {
    for (const request of [
      { url: '/api/v2/dags', headers: { authorization } },
      { url: '/api/v2/dags' },
      { url: '/nowhere' },
      { url: '/auth/login' },
    ]) {
      const { headers } = await app.inject(request);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
      });
      expect(headers['content-security-policy']).toMatch(/^default-src 'none'; .*frame-ancestors 'none'/);
    }
    expect((await app.inject({ url: '/api/v2/dags', headers: { authorization } })).headers['cache-control']).toBe('no-store');
    expect((await app.inject({ url: '/api/v2/dags' })).headers['cache-control']).toBe('no-store');
  });

  test('over https only: to come by https for a year', async () => {
    const of = async (on: FastifyInstance) => (await on.inject({ url: '/auth/login', headers: { 'x-forwarded-proto': 'https' } })).headers;
    expect((await of(behindProxy))['strict-transport-security']).toMatch(/^max-age=\d{8}$/);
    expect((await of(app))['strict-transport-security']).toBeUndefined();
  });
});

describe('scripts in names (CVE-2019-12417, CVE-2020-13944)', () => {
  test('what is said back on a page is text', async () => {
    const token = '"><script>alert(1)</script>';
    const page = await app.inject({ url: `/auth/login?next=${encodeURIComponent(token)}` });
    expect(page.body).not.toContain('<script');
    const form = await app.inject({
      method: 'POST',
      url: '/auth/login',
      headers: { ...OWN, 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ username: token, password: token, next: `/${token}` }).toString(),
    });
    expect(form.body).not.toContain('<script');
    expect(
      (await app.inject({ method: 'POST', url: '/headrace/v1/users', headers: { authorization }, payload: { username: token } }))
        .statusCode,
    ).toBe(422);
  });
});
