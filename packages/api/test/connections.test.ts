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
    url: url.startsWith('/headrace') ? url : `/api/v2${url}`,
    headers: { authorization },
    ...(payload === undefined ? {} : { payload }),
  });
  return { status: answer.statusCode, text: answer.body, body: answer.body === '' ? undefined : answer.json() };
}

const tills = {
  connection_id: 'tills',
  conn_type: 'postgres',
  host: 'tills',
  port: 5432,
  login: 'reader',
  password: 'correct horse',
  schema: 'pos',
  extra: '{"sslmode": "require", "sslpassword": "battery", "connect_timeout": 10}',
};

test('a connection is created, shown, listed, changed and deleted, and its secrets are never shown', async () => {
  const created = await call('POST', '/connections', tills);
  expect(created).toMatchObject({
    status: 201,
    body: {
      connection_id: 'tills',
      conn_type: 'postgres',
      description: null,
      host: 'tills',
      port: 5432,
      login: 'reader',
      schema: 'pos',
      password: '***',
      extra: '{"sslmode":"require","connect_timeout":"10","sslpassword":"***"}',
      team_name: null,
      protocol: null,
    },
  });
  const shown = await call('GET', '/connections/tills');
  expect(shown.body).toEqual(created.body);
  const listed = await call('GET', '/connections?connection_id_pattern=till&order_by=-conn_type');
  expect(listed.body).toEqual({ connections: [created.body], total_entries: 1 });
  const patched = await call('PATCH', '/connections/tills', { ...tills, password: '***', extra: created.body.extra, host: 'new' });
  expect(patched).toMatchObject({ status: 200, body: { host: 'new', password: '***' } });
  const masked = await call('PATCH', '/connections/tills?update_mask=description', { description: 'The tills', host: 'ignored' });
  expect(masked.body).toMatchObject({ description: 'The tills', host: 'new' });
  const url = 'postgres://reader:correct%20horse@new:5432/pos?sslmode=require&connect_timeout=10&sslpassword=battery';
  expect((await call('POST', '/headrace/v1/connections/tills/test')).body).toEqual({
    status: true,
    message: `asked ${url.length} characters`,
    code: null,
    ms: 3,
  });
  for (const { text } of [created, shown, listed, patched, masked]) expect(text).not.toMatch(/horse|battery/);
  expect(await call('DELETE', '/connections/tills')).toMatchObject({ status: 204 });
  expect(await call('GET', '/connections/tills')).toMatchObject({ status: 404, body: { code: 'HR_CONNECTION_NOT_FOUND' } });
});

test('a connection is tested before it is kept, and with the secrets that are kept', async () => {
  const nowhere = { ...tills, host: 'nowhere' };
  expect((await call('POST', '/connections/test', nowhere)).body).toEqual({
    status: false,
    message: 'Cannot reach nowhere',
    code: 'HR_CONNECTION_FAILED',
    ms: 3,
  });
  expect(await call('GET', '/connections/tills')).toMatchObject({ status: 404 });
  expect(await call('POST', '/headrace/v1/connections/tills/test')).toMatchObject({ status: 404 });
});

test('a connection is put from a URL, which no answer repeats', async () => {
  const put = await call('PUT', '/headrace/v1/connections/mail', { url: 'smtps://me:battery@mail:465', description: 'The mail' });
  expect(put).toMatchObject({
    status: 200,
    body: { conn_type: 'smtp', protocol: 'smtps', host: 'mail', password: '***', description: 'The mail' },
  });
  expect((await call('PUT', '/headrace/v1/connections/mail', { url: 'smtp://mail' })).body).toMatchObject({
    password: null,
    protocol: null,
  });
  const wrong = await call('PUT', '/headrace/v1/connections/mail', { url: 'me:battery@mail' });
  expect(wrong).toMatchObject({ status: 422, body: { code: 'HR_INVALID_CONNECTION' } });
  expect(`${put.text}${wrong.text}`).not.toMatch(/battery/);
});

test('all secrets are encrypted anew, and types of connections describe themselves', async () => {
  await call('POST', '/connections', tills);
  expect((await call('POST', '/headrace/v1/connections/rotate')).body).toEqual({ rotated: 0, unchanged: 1 });
  const { connection_types: types } = (await call('GET', '/headrace/v1/connectionTypes')).body as {
    connection_types: { conn_type: string; fields: { name: string; secret: boolean }[] }[];
  };
  expect(types.map((type) => type.conn_type)).toEqual(['postgres', 'mysql', 'mongodb', 's3', 'file', 'sftp', 'http', 'smtp', 'generic']);
  expect(types[0]?.fields.find(({ name }) => name === 'password')).toMatchObject({ secret: true });
});

test.each([
  ['POST', '/connections', { ...tills, conn_type: 'oracle' }, 422, 'HR_INVALID_CONNECTION'],
  ['POST', '/connections', { ...tills, host: null }, 422, 'HR_INVALID_CONNECTION'],
  ['POST', '/connections', { ...tills, connection_id: 'a b' }, 422, 'HR_INVALID_REQUEST'],
  ['POST', '/connections', { ...tills, extra: '[battery]' }, 422, 'HR_INVALID_REQUEST'],
  ['POST', '/connections', { ...tills, password: 778_899 }, 422, 'HR_INVALID_REQUEST'],
  ['PATCH', '/connections/none', { host: 'x' }, 404, 'HR_CONNECTION_NOT_FOUND'],
  ['PATCH', '/connections/none', { connection_id: 'other' }, 422, 'HR_INVALID_REQUEST'],
  ['DELETE', '/connections/none', undefined, 404, 'HR_CONNECTION_NOT_FOUND'],
  ['GET', '/connections?order_by=password', undefined, 400, 'HR_UNKNOWN_ORDER'],
] as const)('%s %s with %j is refused', async (method, url, payload, status, code) => {
  const answer = await call(method, url, payload);
  expect(answer).toMatchObject({ status, body: { code } });
  expect(answer.text).not.toMatch(/horse|battery|778899/);
});
