import { ofRoles, Rights } from '@headrace/access';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type FastifyInstance, fastify } from 'fastify';
import { guardRoutes } from '../src/http/access.ts';
import { buildApi } from '../src/index.ts';
import { authorization, createFixture } from './support/fixture.ts';

const PUBLIC = [
  ...['GET /metrics', 'GET /openapi.json', 'GET /api/v2/monitor/health', 'GET /api/v2/version'],
  ...['GET /api/v2/auth/login', 'GET /api/v2/auth/logout'],
];
/** What is sent is the right to call it: the token in the address, a name with its password. */
const BY_CONTENT = ['POST /headrace/v1/waits/{wait_token}', 'POST /auth/token', 'POST /auth/token/cli', 'POST /auth/login'];

describe('access', () => {
  let app: FastifyInstance;
  beforeAll(async () => {
    app = await buildApi(createFixture().deps);
  });
  afterAll(() => app.close());

  test('a route that does not say who may call it stops the start', () => {
    const bare = fastify();
    guardRoutes(bare, { authenticate: async () => undefined, assetName: async () => undefined });
    expect(() => bare.get('/open-by-mistake', async () => 'secret')).toThrow(/GET.*\/open-by-mistake.*config\.access/);
  });

  test('every route but the public ones is refused without a token and with a wrong one', async () => {
    const routes = await documented(app);
    expect(routes.length).toBeGreaterThan(20);
    for (const { method, url } of routes) {
      if ([...PUBLIC, ...BY_CONTENT].includes(`${method} ${url}`)) continue;
      const address = url.replaceAll(/\{\w+\}/g, '1');
      for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: `Basic ${authorization}` }]) {
        const answer = await app.inject({ method, url: address, headers });
        expect([method, url, answer.statusCode, answer.json().code]).toEqual([method, url, 401, 'HR_UNAUTHENTICATED']);
        expect(answer.headers['www-authenticate']).toBe('Bearer');
      }
    }
  });

  test.each(PUBLIC)('%s needs no token', async (route) => {
    const [method, url] = route.split(' ') as ['GET', string];
    expect((await app.inject({ method, url })).statusCode).toBeLessThan(400);
  });

  test('who may only read cannot operate', async () => {
    const { deps } = createFixture();
    const readOnly = await buildApi({ ...deps, authenticate: async () => ({ name: 'viewer', rights: new Rights(ofRoles(['viewer'])) }) });
    expect((await readOnly.inject({ url: '/api/v2/dags' })).statusCode).toBe(200);
    const refused = await readOnly.inject({ method: 'PATCH', url: '/api/v2/dags/sales', payload: { is_paused: true } });
    expect([refused.statusCode, refused.json().code]).toEqual([403, 'HR_FORBIDDEN']);
    await readOnly.close();
  });
});

async function documented(app: FastifyInstance): Promise<{ method: 'GET' | 'POST' | 'PATCH'; url: string }[]> {
  const { paths } = (await app.inject({ url: '/openapi.json' })).json() as { paths: Record<string, Record<string, unknown>> };
  return Object.entries(paths).flatMap(([url, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase() as 'GET', url })),
  );
}
