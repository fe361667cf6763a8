import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { buildApi } from '../src/index.ts';
import { authorization, createFixture } from './support/fixture.ts';

let app: FastifyInstance;

beforeEach(async () => {
  app = await buildApi(createFixture().deps);
});

afterEach(() => app.close());

async function call(method: NonNullable<InjectOptions['method']>, url: string, payload?: object) {
  const answer = await app.inject({
    method,
    url: `/api/v2${url}`,
    headers: { authorization },
    ...(payload === undefined ? {} : { payload }),
  });
  return { status: answer.statusCode, body: answer.body === '' ? undefined : answer.json() };
}

test('a pool shows its slots and what is in use of them', async () => {
  expect(await call('GET', '/pools/default_pool')).toEqual({
    status: 200,
    body: {
      name: 'default_pool',
      slots: 4,
      description: null,
      include_deferred: true,
      occupied_slots: 8,
      running_slots: 2,
      queued_slots: 1,
      scheduled_slots: 7,
      deferred_slots: 5,
      open_slots: -4,
      team_name: null,
    },
  });
});

test('pools are created, listed, changed and deleted', async () => {
  const created = await call('POST', '/pools', { name: 'crm', slots: 9, description: 'The CRM' });
  expect(created).toMatchObject({ status: 201, body: { name: 'crm', occupied_slots: 3, open_slots: 6, include_deferred: false } });
  expect((await call('GET', '/pools?pool_name_pattern=cr')).body).toMatchObject({ pools: [{ name: 'crm' }], total_entries: 1 });
  const masked = await call('PATCH', '/pools/crm?update_mask=slots', { pool: 'crm', slots: -1, description: null });
  expect(masked.body).toMatchObject({ slots: -1, open_slots: -1, description: 'The CRM' });
  expect((await call('PATCH', '/pools/crm', { description: null, include_deferred: true })).body).toMatchObject({
    slots: -1,
    description: null,
    include_deferred: true,
  });
  expect(await call('DELETE', '/pools/crm')).toEqual({ status: 204, body: undefined });
  expect(await call('GET', '/pools/crm')).toMatchObject({ status: 404, body: { code: 'HR_POOL_NOT_FOUND' } });
});

test.each([
  ['POST', '/pools', { name: 'default_pool', slots: 1 }, 409, 'HR_POOL_EXISTS'],
  ['POST', '/pools', { name: '', slots: 1 }, 422, 'HR_INVALID_REQUEST'],
  ['POST', '/pools', { name: 'x', slots: -2 }, 422, 'HR_INVALID_REQUEST'],
  ['PATCH', '/pools/none', { slots: 1 }, 404, 'HR_POOL_NOT_FOUND'],
  ['PATCH', '/pools/default_pool', { pool: 'other' }, 422, 'HR_INVALID_REQUEST'],
  ['DELETE', '/pools/default_pool', undefined, 400, 'HR_DEFAULT_POOL'],
  ['DELETE', '/pools/none', undefined, 404, 'HR_POOL_NOT_FOUND'],
] as const)('%s %s with %j is refused', async (method, url, payload, status, code) => {
  expect(await call(method, url, payload)).toMatchObject({ status, body: { code } });
});
