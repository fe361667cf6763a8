import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type TestDatabase, testDatabase } from '../../../tests/support/test-database.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await testDatabase();
});

beforeEach(() => db.clean());

afterAll(() => db.drop());

const LONG = 60_000;
const beat = (id: string, ttl = LONG) => db.store.scheduler.heartbeat(id, ttl);

/** Heartbeats of all members until everybody has heard of the last change. */
async function settle(...ids: readonly string[]): Promise<readonly number[][]> {
  let shares: number[][] = [];
  for (let round = 0; round < 2; round++) {
    shares = [];
    for (const id of ids) shares.push([...(await beat(id))]);
  }
  const all = shares.flat().sort((a, b) => a - b);
  expect(all).toEqual(Array.from({ length: 32 }, (_, shard) => shard));
  return shares;
}

test('one, two, then three schedulers share all shards fairly', async () => {
  expect(await beat('a')).toHaveLength(32);
  expect((await settle('a', 'b')).map((share) => share.length)).toEqual([16, 16]);
  expect((await settle('a', 'b', 'c')).map((share) => share.length).sort()).toEqual([10, 11, 11]);
});

test('shards of a scheduler that died are taken over, and what stays is kept', async () => {
  await settle('a', 'b', 'c');
  const [before] = await settle('a', 'b', 'c');
  await beat('c', 0);
  const [after, other] = await settle('a', 'b');
  expect(after).toHaveLength(16);
  expect(other).toHaveLength(16);
  expect(after).toEqual(expect.arrayContaining(before ?? []));
});

test('shards of a scheduler that leaves are free at once', async () => {
  await settle('a', 'b');
  await db.store.scheduler.leave('b');
  expect(await beat('a')).toHaveLength(32);
});

test('schedulers that begin at the same moment never own a shard twice', async () => {
  const ids = ['a', 'b', 'c', 'd', 'e'];
  for (let round = 0; round < 4; round++) {
    await Promise.all(ids.map((id) => beat(id)));
    const { rows } = await db.sql.query<{ owners: number; shards: number }>(
      'select count(distinct scheduler_id)::int as owners, count(scheduler_id)::int as shards from scheduler_shard',
    );
    expect(rows[0]?.shards).toBeLessThanOrEqual(32);
  }
  const shares = await settle(...ids);
  expect(Math.max(...shares.map((share) => share.length))).toBe(7);
});

test('the dead are forgotten after a while, the living are not', async () => {
  await beat('dead', 0);
  await beat('alive');
  await db.store.attempts.register({ workerId: 'w', hostname: 'h', pid: 1, queues: ['default'], slots: 2 }, 0);
  expect(await db.store.scheduler.forgetDead(60_000)).toBe(0);
  expect(await db.store.scheduler.forgetDead(0)).toBe(2);
  expect((await db.store.queries.health()).schedulers.map((scheduler) => scheduler.id)).toEqual(['alive']);
});
