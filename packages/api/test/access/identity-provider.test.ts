/** Coming in by an identity provider: a real one, of npm's oidc-provider, on this machine. */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { buildApi } from '../../src/index.ts';
import { createFixture } from '../support/fixture.ts';
import { restartableAccess } from '../support/memory-access.ts';

const SECRET = 'a-client-secret-for-tests-of-32-bytes';
const PEOPLE: Readonly<Record<string, Record<string, unknown>>> = {
  ada: { preferred_username: 'ada', name: 'Ada L.', email: 'ada@example.com', groups: ['data', 'platform'] },
  bob: { preferred_username: 'bob', groups: [] },
};

let provider: Server;
let issuer: string;
let app: FastifyInstance;
let origin: string;
const world = restartableAccess();

beforeAll(async () => {
  // It says that it is set up for tests.
  for (const method of ['warn', 'info'] as const) jest.spyOn(console, method).mockImplementation(() => {});
  const port = await freePort();
  origin = `http://127.0.0.1:${port}`;
  ({ server: provider, issuer } = await startProvider(`${origin}/auth/oidc/callback`));
  const identityProvider = {
    issuer,
    clientId: 'headrace',
    clientSecret: SECRET,
    scopes: ['openid', 'profile', 'email'],
    groupsClaim: 'groups',
    roles: [
      { group: 'platform', role: 'op' },
      { group: 'admins', role: 'admin' },
    ],
  };
  const access = { ...world.access, identityProvider, settings: { ...world.access.settings, publicUrl: origin } };
  app = await buildApi({ ...createFixture().deps, access });
  await app.listen({ host: '127.0.0.1', port });
}, 60_000);
beforeEach(() => world.begin(Date.now()));
afterAll(async () => {
  await app?.close();
  provider?.closeAllConnections();
  await new Promise((resolve) => provider?.close(resolve) ?? resolve(undefined));
});

/** A browser: it keeps cookies of each host, and follows redirects until it is told to stop. */
class Browser {
  readonly #cookies = new Map<string, Map<string, string>>();

  async get(
    address: string,
    until: (location: string) => boolean = () => false,
  ): Promise<{ status: number; location: string; body: string; at: string }> {
    let at = address;
    for (let hops = 0; hops < 20; hops++) {
      const { host } = new URL(at);
      const jar = this.#cookies.get(host) ?? new Map<string, string>();
      this.#cookies.set(host, jar);
      const answer = await fetch(at, {
        redirect: 'manual',
        headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
      });
      for (const cookie of answer.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
        if (value === '' || /max-age=0\b/i.test(cookie)) jar.delete(name);
        else jar.set(name, value);
      }
      const location = answer.headers.get('location');
      const body = await answer.text();
      if (location === null) return { status: answer.status, location: '', body, at };
      const next = new URL(location, at).href;
      if (until(next)) return { status: answer.status, location: next, body, at };
      at = next;
    }
    throw new Error(`Too many redirects, at ${at}`);
  }

  cookie(name: string): string | undefined {
    return this.#cookies.get(new URL(origin).host)?.get(name);
  }
}

/** As whom the provider lets the next one in. */
let person = 'ada';
const callback = (location: string): boolean => location.startsWith(`${origin}/auth/oidc/callback`);
const home = (location: string): boolean => new URL(location).origin === origin && !new URL(location).pathname.startsWith('/auth/');

const me = async (browser: Browser) => {
  const headers = { cookie: `headrace_session=${browser.cookie('headrace_session') ?? ''}` };
  return (await app.inject({ url: '/headrace/v1/me', headers })).json();
};

describe('the identity provider', () => {
  test('lets people in with the roles of their groups, and brings them where they wanted to go', async () => {
    person = 'ada';
    const browser = new Browser();
    const asked = await browser.get(`${origin}/auth/oidc/login?next=/dags%3Fa=1`, (location) => location.startsWith(issuer));
    const { searchParams } = new URL(asked.location);
    expect(Object.fromEntries(searchParams)).toMatchObject({ response_type: 'code', code_challenge_method: 'S256', client_id: 'headrace' });
    for (const name of ['state', 'nonce', 'code_challenge']) expect(searchParams.get(name)?.length).toBeGreaterThanOrEqual(43);
    const done = await browser.get(asked.location, home);
    expect([done.status, done.location]).toEqual([303, `${origin}/dags?a=1`]);
    expect(await me(browser)).toMatchObject({ username: 'ada', roles: ['op'], groups: ['data', 'platform'], credential: 'session' });
    expect(await world.access.store.user({ name: 'ada' })).toMatchObject({
      displayName: 'Ada L.',
      email: 'ada@example.com',
      identity: { issuer, subject: 'ada' },
      hasPassword: false,
    });
    expect(browser.cookie('headrace_login')).toBeUndefined();
  });

  test('takes roles away at the next login, lets those without groups see nothing, and inactive ones not in', async () => {
    person = 'bob';
    const browser = new Browser();
    await browser.get(`${origin}/auth/oidc/login`, home);
    expect(await me(browser)).toMatchObject({ username: 'bob', roles: [], permissions: {} });
    const { userId } = (await world.access.store.user({ name: 'bob' })) ?? { userId: '' };
    await world.access.store.changeUser(userId, { roles: ['admin'] });
    await new Browser().get(`${origin}/auth/oidc/login`, home);
    expect((await world.access.store.user({ userId }))?.roles).toEqual([]);
    await world.access.store.changeUser(userId, { active: false });
    const refused = await new Browser().get(`${origin}/auth/oidc/login`, home);
    expect([refused.status, JSON.parse(refused.body).code]).toEqual([401, 'HR_LOGIN_FAILED']);
  });

  test('leads to no account that was there under that name', async () => {
    person = 'ada';
    const local = await world.access.store.createUser({ name: 'ada', email: 'ada@example.com', roles: ['admin'], passwordHash: 'x' }, 0);
    const browser = new Browser();
    await browser.get(`${origin}/auth/oidc/login`, home);
    const found = await me(browser);
    expect(found.username).toMatch(/^ada-[0-9a-f]{8}$/);
    expect(found.roles).toEqual(['op']);
    expect((await world.access.store.user({ userId: local.userId }))?.identity).toBeUndefined();
  });

  test('sends nobody to another site', async () => {
    person = 'ada';
    for (const next of ['//evil.example', 'https://evil.example', '/\\evil.example']) {
      const done = await new Browser().get(
        `${origin}/auth/oidc/login?next=${encodeURIComponent(next)}`,
        (location) => !location.startsWith(issuer) && !callback(location),
      );
      expect(done.location).toBe(`${origin}/`);
    }
  });

  test('is ended only by the browser that began, with the state, nonce and verifier of that login, once', async () => {
    person = 'ada';
    const victim = new Browser();
    const { location } = await new Browser().get(`${origin}/auth/oidc/login`, callback);
    // Another browser is made to end somebody's login: it has begun none.
    expect((await victim.get(location)).status).toBe(401);
    // It has begun one of its own.
    await victim.get(`${origin}/auth/oidc/login`, (next) => next.startsWith(issuer));
    expect((await victim.get(location)).status).toBe(401);
    expect(victim.cookie('headrace_session')).toBeUndefined();

    const browser = new Browser();
    const own = await browser.get(`${origin}/auth/oidc/login`, callback);
    for (const change of [
      (query: URLSearchParams) => query.set('state', 'x'.repeat(43)),
      (query: URLSearchParams) => query.delete('state'),
      (query: URLSearchParams) => query.set('iss', 'https://evil.example'),
      (query: URLSearchParams) => query.delete('iss'),
      (query: URLSearchParams) => query.set('code', 'made-up'),
    ]) {
      const url = new URL(own.location);
      change(url.searchParams);
      const refused = await browser.get(url.href);
      expect([url.search, refused.status]).toEqual([url.search, 401]);
      expect(refused.body).not.toMatch(/made-up|evil\.example/);
    }
    expect(browser.cookie('headrace_session')).toBeUndefined();
  });

  test('does not let in by a token with another nonce: a code that was stolen from another login', async () => {
    person = 'ada';
    const [mine, other] = [new Browser(), new Browser()];
    const begun = await mine.get(`${origin}/auth/oidc/login`, callback);
    const stolen = await other.get(`${origin}/auth/oidc/login`, callback);
    const url = new URL(begun.location);
    url.searchParams.set('code', new URL(stolen.location).searchParams.get('code') ?? '');
    expect((await mine.get(url.href)).status).toBe(401);
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What of the provider is used here; the package has no types of its own. */
interface Asked {
  callback(): RequestListener;
  interactionDetails(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<{ prompt: { name: string }; params: Record<string, unknown>; grantId?: string }>;
  interactionFinished(request: IncomingMessage, response: ServerResponse, result: object, options?: object): Promise<void>;
  readonly Grant: {
    new (of: object): Grant;
    find(id: string): Promise<Grant | undefined>;
  };
}

interface Grant {
  addOIDCScope(scope: string): void;
  addOIDCClaims(claims: readonly string[]): void;
  save(): Promise<string>;
}

/** Its logins and consents are given without asking: `person` comes in. */
async function startProvider(redirectUri: string): Promise<{ readonly server: Server; readonly issuer: string }> {
  const { default: Provider } = await import('oidc-provider');
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const oidc = new Provider(issuer, {
    clients: [
      {
        client_id: 'headrace',
        client_secret: SECRET,
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    pkce: { required: () => true },
    conformIdTokenClaims: false,
    claims: { openid: ['sub', 'groups'], profile: ['name', 'preferred_username'], email: ['email'] },
    features: { devInteractions: { enabled: false } },
    cookies: { keys: ['for tests'] },
    interactions: { url: (_: unknown, interaction: { uid: string }) => `/interaction/${interaction.uid}` },
    findAccount: async (_: unknown, sub: string) => ({ accountId: sub, claims: async () => ({ sub, ...PEOPLE[sub] }) }),
  }) as unknown as Asked;
  const handle = oidc.callback();
  const server = createServer(async (request, response) => {
    if (request.url?.startsWith('/interaction/') !== true) return handle(request, response);
    const { prompt, params, grantId } = await oidc.interactionDetails(request, response);
    if (prompt.name === 'login') return oidc.interactionFinished(request, response, { login: { accountId: person } });
    const grant =
      (grantId === undefined ? undefined : await oidc.Grant.find(grantId)) ??
      new oidc.Grant({ accountId: person, clientId: String(params.client_id) });
    grant.addOIDCScope('openid profile email');
    grant.addOIDCClaims(['groups']);
    return oidc.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { server, issuer };
}
