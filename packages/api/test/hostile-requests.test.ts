/** What a fuzzer found: each of it is refused, by its field, and is no error of ours. */
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { tooDeepValue, unstorableText } from '../src/http/storable-texts.ts';
import { buildApi } from '../src/index.ts';
import { authorization, createFixture } from './support/fixture.ts';

let app: FastifyInstance;
beforeAll(async () => {
  app = await buildApi(createFixture().deps);
});
afterAll(() => app.close());

const ask = async (options: InjectOptions) => {
  const answer = await app.inject({ ...options, headers: { authorization, ...options.headers } });
  return { answer, status: answer.statusCode, body: answer.json<{ code: string; errors?: { field: string }[] }>() };
};

test.each<[string, InjectOptions, string]>([
  ['a boolean for a number', { url: '/api/v2/dags?offset=true' }, 'query.offset'],
  ['a fraction for an integer', { url: '/api/v2/dags?limit=1.1' }, 'query.limit'],
  ['a number that nothing keeps', { url: '/api/v2/dags?offset=99999999999999999999' }, 'query.offset'],
  ['a map index beyond 32 bits', { url: '/api/v2/dags/sales/dagRuns/r1/taskInstances/extract/99918980655' }, 'path.map_index'],
  ['one value given twice', { url: '/api/v2/dags?limit=1&limit=2' }, 'query.limit'],
  ['a NUL character in a query', { url: '/api/v2/dags?dag_id_pattern=a%00b' }, 'query.dag_id_pattern'],
  ['a NUL character in a path', { url: '/api/v2/dags/a%00b' }, 'path.dag_id'],
  [
    'a body of null',
    { method: 'POST', url: '/api/v2/dags/sales/dagRuns', payload: 'null', headers: { 'content-type': 'application/json' } },
    'body',
  ],
  [
    'half of a character in params',
    {
      method: 'POST',
      url: '/api/v2/dags/sales/dagRuns',
      payload: '{"conf":{"a":["\\ud800"]}}',
      headers: { 'content-type': 'application/json' },
    },
    'body.conf.a.0',
  ],
])('%s', async (_, request, field) => {
  const { status, body } = await ask(request);
  expect([status, body.code, body.errors?.[0]?.field]).toEqual([422, 'HR_INVALID_REQUEST', field]);
});

test('takes the offsets that Python writes', async () => {
  expect((await ask({ url: `/api/v2/dags/~/dagRuns?start_date_gte=${encodeURIComponent('2024-05-01T00:00:00.5+0000')}` })).status).toBe(
    200,
  );
});

test('says which methods an address takes', async () => {
  const { answer, status, body } = await ask({ method: 'PUT', url: '/api/v2/dags/sales/dagRuns' });
  expect([status, body.code, answer.headers.allow]).toEqual([405, 'HR_METHOD_NOT_ALLOWED', 'GET, HEAD, POST']);
  // Of two paths that fit, the one with fewer variable parts is meant.
  expect((await ask({ method: 'PUT', url: '/api/v2/backfills/dry_run' })).answer.headers.allow).toBe('POST');
});

test('answers what is no request with problem details', async () => {
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const send = (text: string) =>
    new Promise<string>((resolve, reject) => {
      let answer = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(text));
      socket.setEncoding('utf8').on('data', (part) => {
        answer += part;
      });
      socket.once('close', () => resolve(answer));
      socket.once('error', reject);
    });
  const tooLong = await send(`GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: here\r\n\r\n`);
  expect(tooLong).toMatch(/^HTTP\/1\.1 431 [\s\S]*application\/problem\+json[\s\S]*"code":"HR_HEADERS_TOO_LARGE"/);
  expect(await send('nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"HR_BAD_REQUEST"/);
});

test('stops at a depth that nobody means', () => {
  let deep: unknown = 'bottom';
  for (let level = 0; level < 5_000; level++) deep = [deep];
  expect(unstorableText(deep, 'body')?.message).toContain('nested more than 200');
  expect(tooDeepValue(deep, 'body')?.message).toContain('nested more than 200');
  expect(tooDeepValue([[{ a: [1] }]], 'body')).toBeUndefined();
});
