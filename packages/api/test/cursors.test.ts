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
    url: `/headrace/v1/cursors${url}`,
    headers: { authorization },
    ...(payload === undefined ? {} : { payload }),
  });
  return { status: answer.statusCode, body: answer.body === '' ? undefined : answer.json() };
}

test('the cursors of a connection are listed', async () => {
  expect(await call('GET', '?connection_id=lake')).toEqual({
    status: 200,
    body: {
      cursors: [
        {
          name: 'sales.read',
          connection_id: 'lake',
          table: 'raw/sales',
          value: '2024-03-09 10:00:00+00',
          remembered_from: '2024-03-09 08:00:00+00',
          remembered_rows: 1,
          position: null,
          updated_at: '2024-03-10T00:00:00.000Z',
          load_id: 'L1',
        },
      ],
      total_entries: 1,
    },
  });
  expect((await call('GET', '?connection_id=lake&table=raw/other')).body).toEqual({ cursors: [], total_entries: 0 });
});

test('a cursor is rewound and reset', async () => {
  const rewound = await call('PATCH', '/sales.read?connection_id=lake', { value: '2024-03-01 00:00:00+00' });
  expect(rewound).toMatchObject({ status: 200, body: { value: '2024-03-01 00:00:00+00', load_id: null, remembered_rows: 0 } });
  expect((await call('DELETE', '/sales.read?connection_id=lake&table=raw/sales')).status).toBe(204);
  expect((await call('GET', '?connection_id=lake')).body).toMatchObject({ total_entries: 0 });
});

test('what is not there, and a system that does not answer, are problems that say so', async () => {
  expect(await call('GET', '?connection_id=nothing')).toMatchObject({ status: 404, body: { code: 'HR_CONNECTION_NOT_FOUND' } });
  expect(await call('DELETE', '/sales.reed?connection_id=lake')).toMatchObject({ status: 404, body: { code: 'HR_CURSOR_NOT_FOUND' } });
  expect(await call('GET', '?connection_id=nowhere')).toMatchObject({
    status: 424,
    body: { code: 'HR_CONNECTION_UNUSABLE', detail: 'Cannot reach nowhere' },
  });
  expect(await call('GET', '')).toMatchObject({ status: 422 });
  expect(await call('PATCH', '/sales.read?connection_id=lake', {})).toMatchObject({ status: 422 });
});
