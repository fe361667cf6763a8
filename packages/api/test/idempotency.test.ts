/** A POST that is sent again with its key is not done again. */
import type { IdempotencyStore } from '@headrace/ports';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { type ApiDeps, buildApi } from '../src/index.ts';
import { caller } from './access/callers.ts';
import { authorization, createFixture } from './support/fixture.ts';

let deps: ApiDeps;
let app: FastifyInstance;
let now = Date.UTC(2026, 4, 1);
beforeEach(async () => {
  const fixture = createFixture();
  deps = { ...fixture.deps, access: { ...fixture.deps.access, now: () => now } };
  app = await buildApi(deps);
});
afterEach(() => app.close());

const post = (url: string, payload: object, key: string | undefined, headers: Record<string, string> = { authorization }) =>
  app.inject({ method: 'POST', url, payload, headers: { ...headers, ...(key === undefined ? {} : { 'idempotency-key': key }) } });
const pool = (name: string, key: string, slots = 1) => post('/api/v2/pools', { name, slots }, key);

test('the answer is given again, whatever the order of the fields, and says so', async () => {
  const first = await pool('a', 'k1');
  const again = await post('/api/v2/pools', { slots: 1, name: 'a' }, 'k1');
  expect([first.statusCode, again.statusCode]).toEqual([201, 201]);
  expect(again.body).toBe(first.body);
  expect([first.headers['idempotency-replayed'], again.headers['idempotency-replayed']]).toEqual([undefined, 'true']);
  expect(again.headers['content-type']).toBe(first.headers['content-type']);
  // Without it, the pool is there already.
  expect((await post('/api/v2/pools', { name: 'a', slots: 1 }, undefined)).statusCode).toBe(409);
});

test('refusals are answers, too; another request with the key is refused', async () => {
  await pool('a', 'k1');
  const first = await pool('a', 'k2');
  const again = await pool('a', 'k2');
  expect([first.statusCode, again.statusCode, again.body]).toEqual([409, 409, first.body]);
  const other = await pool('b', 'k1');
  expect([other.statusCode, other.json().code]).toEqual([422, 'HR_IDEMPOTENCY_KEY_REUSED']);
  const elsewhere = await post('/api/v2/backfills/dry_run', { name: 'a', slots: 1 }, 'k1');
  expect(elsewhere.statusCode).toBe(422);
});

test('while the first is under way, the second is told to wait', async () => {
  await app.close();
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const pools = {
    ...deps.pools,
    create: async (...asked: Parameters<typeof deps.pools.create>) => held.then(() => deps.pools.create(...asked)),
  };
  let begun = 0;
  const idempotency: IdempotencyStore = {
    ...deps.idempotency,
    begin: async (...asked) => {
      begun++;
      return deps.idempotency.begin(...asked);
    },
  };
  app = await buildApi({ ...deps, pools, idempotency });
  const first = pool('a', 'k1');
  while (begun === 0) await new Promise((resolve) => setImmediate(resolve));
  const second = await pool('a', 'k1');
  expect([second.statusCode, second.json().code]).toEqual([409, 'HR_IDEMPOTENCY_KEY_IN_USE']);
  release();
  expect((await first).statusCode).toBe(201);
  expect((await pool('a', 'k1')).statusCode).toBe(201);
});

test("everybody's keys are their own, and a day later they are forgotten", async () => {
  const op = await caller(deps.access, { name: 'otto', roles: ['op'] }, 'key');
  expect((await pool('a', 'k1')).statusCode).toBe(201);
  expect((await post('/api/v2/pools', { name: 'b', slots: 1 }, 'k1', op)).statusCode).toBe(201);
  now += 86_400_000;
  expect((await pool('c', 'k1')).statusCode).toBe(201);
});

test('what failed on our side may be tried again', async () => {
  await app.close();
  let fails = true;
  const create: typeof deps.pools.create = async (one) => {
    if (fails) throw Object.assign(new Error('away'), { code: 'ECONNREFUSED' });
    return deps.pools.create(one);
  };
  app = await buildApi({ ...deps, pools: { ...deps.pools, create } });
  expect((await pool('a', 'k1')).statusCode).toBe(503);
  fails = false;
  expect((await pool('a', 'k1')).statusCode).toBe(201);
});

test('a key that was shown once is kept nowhere, and is not made twice', async () => {
  const ada = await caller(deps.access, { name: 'ada', roles: ['op'] }, 'session');
  const first = await post('/headrace/v1/tokens', { name: 'ci' }, 'k1', ada);
  expect([first.statusCode, typeof first.json().key]).toEqual([201, 'string']);
  const again = await post('/headrace/v1/tokens', { name: 'ci' }, 'k1', ada);
  expect([again.statusCode, again.json().code]).toEqual([409, 'HR_IDEMPOTENCY_ANSWER_GONE']);
  expect((await deps.access.store.keys({}, { limit: 10, offset: 0 })).total).toBe(1);
});

test('who may not do it takes no key, and a key that is none is refused', async () => {
  const viewer = await caller(deps.access, { name: 'vera', roles: ['viewer'] }, 'key');
  expect((await post('/api/v2/pools', { name: 'a', slots: 1 }, 'k1', viewer)).statusCode).toBe(403);
  expect((await pool('a', 'a key')).statusCode).toBe(422);
  expect((await pool('a', 'x'.repeat(201))).statusCode).toBe(422);
});

test('every POST that changes something says in the document that it takes a key', async () => {
  const { paths } = (await app.inject('/openapi.json')).json() as {
    paths: Record<string, Record<string, { parameters?: { name: string }[]; responses: object }>>;
  };
  const without = Object.entries(paths).flatMap(([path, { post: one }]) =>
    one === undefined || one.parameters?.some(({ name }) => name === 'Idempotency-Key') === true ? [] : [path],
  );
  expect(without.sort()).toEqual([
    '/api/v2/dags/{dag_id}/dagRuns/list',
    '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/list',
    '/api/v2/dags/{dag_id}/favorite',
    '/api/v2/dags/{dag_id}/unfavorite',
    '/auth/login',
    '/auth/token',
    '/auth/token/cli',
  ]);
});
