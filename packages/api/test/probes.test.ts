import { expect, test } from '@jest/globals';
import { buildApi } from '../src/index.ts';
import { createFixture } from './support/fixture.ts';

test('an API lives as long as it answers, and is ready while it reaches the database; neither needs a token', async () => {
  const { deps } = createFixture();
  let isAway = false;
  const app = await buildApi({
    ...deps,
    health: () => (isAway ? Promise.reject(new Error('connect ECONNREFUSED postgres://me:secret@db')) : deps.health()),
  });
  const get = async (url: string) => {
    const { statusCode, body } = await app.inject({ url });
    return [statusCode, JSON.parse(body) as unknown];
  };
  expect(await get('/health')).toEqual([200, { live: true }]);
  expect(await get('/ready')).toEqual([200, { ready: true, checks: { database: 'ok' } }]);
  isAway = true;
  expect(await get('/health')).toEqual([200, { live: true }]);
  expect(await get('/ready')).toEqual([503, { ready: false, checks: { database: 'unreachable' } }]);
  await app.close();
});
