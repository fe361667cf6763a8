/** Who asks: what a connection's URL says, against servers that look. OAuth2 against a certified OpenID provider. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extract, type PackageResult } from '@headrace/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import Provider from 'oidc-provider';
import { files, page, rest, waitForHttp } from '../src/index.ts';
import { type ApiServer, type Asked, json, startApi } from './support/api-server.ts';
import { createRig, only, type Rig } from './support/rig.ts';

const CLIENT = { client_id: 'headrace', client_secret: 'hunter2/+=%', scope: 'api:read' };

describe('who asks an API', () => {
  let rig: Rig;
  let api: ApiServer;
  let provider: Provider;
  let issuing: Server;
  let issuer: string;
  const asked: { grant: string; status: number }[] = [];

  beforeAll(async () => {
    // The provider tells whoever starts it what it is not made for.
    jest.spyOn(console, 'warn').mockImplementation(() => {});
    jest.spyOn(console, 'info').mockImplementation(() => {});
    rig = await createRig();
    api = await startApi();
    const listener: { current?: ReturnType<Provider['callback']> } = {};
    issuing = createServer((request, response) => {
      let body = '';
      if (request.url === '/token') {
        request.on('data', (text: Buffer) => {
          body += text.toString();
        });
        response.on('finish', () => asked.push({ grant: new URLSearchParams(body).get('grant_type') ?? '', status: response.statusCode }));
      }
      listener.current?.(request, response);
    });
    await new Promise<void>((ready) => issuing.listen(0, '127.0.0.1', ready));
    issuer = `http://127.0.0.1:${(issuing.address() as AddressInfo).port}`;
    provider = new Provider(issuer, {
      clients: [
        { ...CLIENT, grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
        {
          client_id: 'person',
          client_secret: 'hunter3',
          token_endpoint_auth_method: 'client_secret_post',
          grant_types: ['authorization_code', 'refresh_token'],
          redirect_uris: ['http://127.0.0.1/'],
        },
      ],
      scopes: ['openid', 'offline_access', 'api:read'],
      features: { clientCredentials: { enabled: true }, introspection: { enabled: true }, devInteractions: { enabled: false } },
      ttl: { ClientCredentials: 600, AccessToken: 600 },
      rotateRefreshToken: true,
      findAccount: (_context: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
    });
    provider.on('server_error', () => {});
    listener.current = provider.callback();
  }, 60_000);
  beforeEach(() => {
    api.seen.length = 0;
    asked.length = 0;
    refused.clear();
    api.answer = async (request, response) => {
      const good = await isGood(request);
      json(
        response,
        good ? (request.query.get('page') === '3' ? [] : [{ id: Number(request.query.get('page') ?? 1) }]) : { error: 'who are you' },
        { status: good ? 200 : 401 },
      );
    };
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    await rig.close();
    await api.close();
    issuing.closeAllConnections();
    await new Promise((closed) => issuing.close(closed));
  });

  const refused = new Set<string>();
  /** As a resource server looks: by asking the provider. */
  async function isGood({ headers }: Asked): Promise<boolean> {
    const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
    if (refused.has(token)) return false;
    const basic = Buffer.from(`${encodeURIComponent(CLIENT.client_id)}:${encodeURIComponent(CLIENT.client_secret)}`).toString('base64');
    const response = await fetch(`${issuer}/token/introspection`, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}`, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ token }),
    });
    return ((await response.json()) as { active: boolean }).active;
  }
  const oauth = (settings: Readonly<Record<string, string>>): string =>
    `${api.url}/v1?${new URLSearchParams({ auth: 'oauth2', tokenUrl: `${issuer}/token`, tenant: '7', ...settings })}`;
  const client = { clientId: CLIENT.client_id, clientSecret: CLIENT.client_secret, scope: 'api:read' };
  const read = async (url: string): Promise<PackageResult> => {
    rig.connections.crm = url;
    const results = await rig.runAll(() =>
      extract('read', { from: rest('crm').get('/o', { columns: { id: 'int8' }, paginate: page(), retries: { delay: '1ms' } }) }),
    );
    return results.read as PackageResult;
  };

  test('user and password, a token, an API key as header or parameter: sent, and nothing else of the URL that says who asks', async () => {
    api.answer = ({ query }, response) => json(response, query.get('page') === '1' ? [{ id: 1 }] : []);
    await read(`http://me:p%40ss@${api.host}/v1?tenant=7`);
    expect(api.seen[0]?.headers.authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`);
    await read(`${api.url}/v1?bearerToken=abc&tenant=7`);
    expect(api.seen[2]?.headers.authorization).toBe('Bearer abc');
    await read(`${api.url}/v1?auth=apiKey&apiKey=k-1&header=X-Api-Key&tenant=7`);
    expect(api.seen[4]?.headers['x-api-key']).toBe('k-1');
    await read(`${api.url}/v1?auth=apiKey&apiKey=k%2F2&parameter=api_key&tenant=7`);
    expect(api.seen[6]?.query.get('api_key')).toBe('k/2');
    expect(api.seen.map(({ query }) => [...query.keys()].filter((name) => name !== 'page').join())).toEqual([
      ...Array(6).fill('tenant'),
      ...Array(2).fill('tenant,api_key'),
    ]);
  });

  test('OAuth2 with client_credentials: one token for all pages', async () => {
    expect((await read(oauth(client))).rows).toBe(2);
    expect(asked).toEqual([{ grant: 'client_credentials', status: 200 }]);
    expect(api.seen).toHaveLength(3);
    expect(api.seen[0]?.query.toString()).toBe('tenant=7&page=1');
  });

  test('a token that is no longer good is renewed, once for a request', async () => {
    const look = api.answer;
    api.answer = (request, response, raw) => {
      if (request.query.get('page') === '2') refused.add(/^Bearer (.+)$/.exec(api.seen[0]?.headers.authorization ?? '')?.[1] ?? '');
      return look(request, response, raw);
    };
    expect((await read(oauth(client))).rows).toBe(2);
    expect(asked).toHaveLength(2);
    api.answer = (_request, response) => json(response, {}, { status: 401 });
    asked.length = 0;
    api.seen.length = 0;
    await expect(read(oauth(client))).rejects.toMatchObject({ code: 'HR_LOGIN_REFUSED', retryable: false });
    expect(api.seen).toHaveLength(2);
    expect(asked).toHaveLength(2);
  });

  test('a token is renewed before it expires', async () => {
    let given = 0;
    const short = await startApi();
    short.answer = (_request, response) => json(response, { access_token: `t${++given}`, token_type: 'Bearer', expires_in: 0.001 });
    api.answer = ({ query }, response) => json(response, query.get('page') === '3' ? [] : [{ id: query.get('page') }]);
    try {
      await read(`${api.url}/?${new URLSearchParams({ auth: 'oauth2', tokenUrl: `${short.url}/t`, clientId: 'c' })}`);
    } finally {
      await short.close();
    }
    expect(api.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer t1', 'Bearer t2', 'Bearer t3']);
  });

  test('OAuth2 with a refresh token, which the provider replaces', async () => {
    const grant = new provider.Grant({ accountId: 'ann', clientId: 'person' });
    grant.addOIDCScope('openid offline_access api:read');
    const grantId = await grant.save();
    const stored = {
      accountId: 'ann',
      client: await provider.Client.find('person'),
      grantId,
      gty: 'authorization_code',
      scope: 'openid offline_access api:read',
    };
    const refreshToken = await new provider.RefreshToken(stored).save();
    const url = oauth({ clientId: 'person', clientSecret: 'hunter3', clientAuth: 'body', refreshToken });
    api.answer = ({ query }, response) => json(response, query.get('page') === '1' ? [{ id: 1 }] : []);
    expect((await read(url)).rows).toBe(1);
    expect(asked).toEqual([{ grant: 'refresh_token', status: 200 }]);
    await expect(read(url)).rejects.toMatchObject({ code: 'HR_LOGIN_REFUSED', message: expect.stringContaining('invalid_grant') });
  });

  test('a secret that is wrong: what the provider says, and no secret', async () => {
    const failure = await read(oauth({ ...client, clientSecret: 'wrong-secret' })).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'HR_LOGIN_REFUSED',
      retryable: false,
      message: expect.stringMatching(/token endpoint .*connection "crm" answers 401: .*invalid_client/),
    });
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('wrong-secret');
    expect(api.seen).toHaveLength(0);
  });

  test('a sensor asks with the same credentials', async () => {
    rig.connections.crm = oauth(client);
    const task = only(() => waitForHttp('wait', { in: { connector: 'http', connection: 'crm' } as never, path: '/ready' }));
    expect(await rig.look(task)).toEqual({ status: 200 });
    expect(asked).toHaveLength(1);
  });

  test('so do the test of a connection, and files of a web server; a key goes to no other host', async () => {
    const { testConnection } = await import('../src/test-connection.ts');
    expect(await testConnection({ id: 'crm', url: oauth(client) })).toMatchObject({ ok: true });
    expect(await testConnection({ id: 'crm', url: oauth({ ...client, clientSecret: 'wrong' }) })).toMatchObject({
      ok: false,
      code: 'HR_LOGIN_REFUSED',
    });
    rig.connections.site = oauth(client);
    const results = await rig.runAll(() => extract('read', { from: files('site').json('orders.json', { columns: { id: 'int8' } }) }));
    expect(results.read).toMatchObject({ rows: 1 });
    const other = await startApi();
    try {
      api.answer = (_request, response) => response.writeHead(302, { location: `${other.url}/orders.json` }).end();
      rig.connections.site = `${api.url}/v1?auth=apiKey&apiKey=k-1&header=X-Api-Key`;
      await expect(rig.runAll(() => extract('read', { from: files('site').json('orders.json') }))).rejects.toMatchObject({
        code: 'HR_HTTP_REDIRECT',
      });
      expect(other.seen).toEqual([]);
    } finally {
      await other.close();
    }
  });

  test('a connection that cannot be: what is missing, never a value', async () => {
    const say = async (query: string, base = api.url) => {
      const failure = await read(`${base}/v1?${query}`).catch((error: unknown) => error);
      expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('hunter');
      return (failure as { code?: string; message: string }).code === 'HR_CONNECTION_URL' ? (failure as Error).message : failure;
    };
    expect(await say('auth=hunter')).toMatch(/"auth" is none of none, basic, bearer, apiKey, oauth2/);
    expect(await say('auth=apiKey')).toMatch(/needs an "apiKey"/);
    expect(await say('auth=apiKey&apiKey=hunter')).toMatch(/needs either "header"/);
    expect(await say('auth=oauth2&clientSecret=hunter')).toMatch(/needs a "tokenUrl"/);
    expect(await say('auth=oauth2&tokenUrl=http://id/&clientId=a&clientSecret=hunter', 'https://crm.example')).toMatch(
      /everybody on the way/,
    );
    expect(await say('auth=basic')).toMatch(/needs user and password/);
    expect(await say('bearerToken=hunter%0a2')).toMatch(/bearerToken cannot be sent/);
  });
});
