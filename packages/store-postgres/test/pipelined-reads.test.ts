/** Reads that are asked at the same time go to Postgres together, and yet each is as if it were alone. */
import { noMetrics, silentLog } from '@headrace/ports';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type pg from 'pg';
import { type TestDatabase, testDatabase } from '../../../tests/support/test-database.ts';
import { Database, type Queryable } from '../src/database.ts';
import { PipelinedReads } from '../src/pipelined-reads.ts';

let db: TestDatabase;
let database: Database;
let reads: Queryable;
beforeAll(async () => {
  db = await testDatabase();
  database = new Database({ url: db.url, poolSize: 2, applicationName: 'reads test', log: silentLog, metrics: noMetrics });
  reads = database.lane('reads');
}, 60_000);
afterAll(async () => {
  await database.close();
  await db.drop();
});

const twice = (n: number) => reads.query<{ n: number }>({ name: 'twice', text: 'select 2 * $1::int as n', values: [n] });
const byZero = () => reads.query({ name: 'divide', text: 'select 1 / $1::int', values: [0] });

test('everybody gets the answer to what they asked, and a statement that fails fails alone', async () => {
  for (let round = 0; round < 3; round++) {
    const asked = Array.from({ length: 100 }, (_, n) => (n % 10 === 3 ? byZero() : twice(n)));
    for (const [n, answer] of (await Promise.allSettled(asked)).entries()) {
      if (n % 10 === 3) expect(answer).toMatchObject({ status: 'rejected', reason: { code: '22012' } });
      else expect(answer).toMatchObject({ status: 'fulfilled', value: { rows: [{ n: 2 * n }] } });
    }
  }
});

test('what was committed before a read was asked is seen, however many are under way', async () => {
  await db.sql.query('create table public.counter as select 0 as n');
  const count = () => reads.query<{ n: number }>({ name: 'count', text: 'select n from public.counter' });
  for (let n = 1; n <= 30; n++) {
    const others = Array.from({ length: 20 }, count);
    await db.sql.query('update public.counter set n = $1', [n]);
    expect((await count()).rows).toEqual([{ n }]);
    await Promise.all(others);
  }
});

test('a slow statement holds nobody up', async () => {
  await Promise.all(Array.from({ length: 10 }, (_, n) => twice(n)));
  const order: string[] = [];
  // As slow as anybody likes: it ends when the lock is given back.
  const locker = await db.sql.connect();
  await locker.query('select pg_advisory_lock(7)');
  const slow = reads
    .query({ name: 'slow', text: 'select pg_advisory_lock_shared(7), pg_advisory_unlock_shared(7)' })
    .then(() => order.push('slow'));
  await Promise.all(Array.from({ length: 20 }, (_, n) => twice(n)));
  await Promise.all([twice(1), byZero().catch(() => {}), twice(2)]);
  order.push('quick');
  await locker.query('select pg_advisory_unlock(7)');
  locker.release();
  await slow;
  expect(order).toEqual(['quick', 'slow']);
});

test('a connection that is lost takes what was sent on it along, and no more', async () => {
  await twice(1);
  const own = "select pid from pg_stat_activity where application_name = 'reads test reads'";
  const cut = reads.query({ text: 'select pg_sleep(60)' });
  const outcome = expect(cut).rejects.toMatchObject({ code: expect.stringMatching(/^(57P01|08006)$/) });
  await db.sql.query(`select pg_terminate_backend(pid) from (${own} and query like '%pg_sleep%') as p`);
  for (let waits = 0; waits < 100; waits++) {
    const { rowCount } = await db.sql.query(`select pg_terminate_backend(pid) from (${own} and query like '%pg_sleep%') as p`);
    if (rowCount === 0 && waits > 3) break;
  }
  await outcome;
  expect((await twice(4)).rows).toEqual([{ n: 8 }]);
});

/** A pool whose only connection takes statements, and answers when it is told to. */
function silentPool(sent: { readonly name?: string }[][], released: boolean[]) {
  let batch: { readonly name?: string }[] = [];
  const answers: (() => void)[] = [];
  let failAll: (error: Error) => void = () => {};
  const client = {
    connection: {
      stream: {
        cork: () => {
          batch = [];
        },
        uncork: () => sent.push(batch),
        destroy: (error: Error) => failAll(error),
      },
    },
    query(statement: { readonly name?: string }, answer: (error: Error | null, result?: unknown) => void) {
      batch.push(statement);
      answers.push(() => answer(null, { rows: [] }));
      const before = failAll;
      failAll = (error) => {
        before(error);
        answer(error);
      };
    },
    release: (broken: boolean) => released.push(broken),
  };
  const pool = { connect: async () => client } as unknown as pg.Pool;
  return { pool, answer: () => answers.splice(0).forEach((one) => void one()) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('only what was seen to be quick goes together, in the order in which it was asked', async () => {
  const sent: { readonly name?: string }[][] = [];
  const { pool, answer } = silentPool(sent, []);
  const pipelined = new PipelinedReads(pool, 1, 60_000);
  const ask = (...names: readonly (string | undefined)[]) =>
    Promise.all(names.map((name) => pipelined.query({ text: 'select 1', ...(name === undefined ? {} : { name }) })));
  const all = async (asked: Promise<unknown>): Promise<void> => {
    let isDone = false;
    void asked.then(() => {
      isDone = true;
    });
    while (!isDone) {
      answer();
      await turn();
    }
  };
  await all(ask('a', 'a', 'b'));
  expect(sent.map((batch) => batch.map(({ name }) => name))).toEqual([['a'], ['a'], ['b']]);
  sent.length = 0;
  await all(ask('a', 'b', undefined, 'a', 'new', 'b', 'b'));
  expect(sent.map((batch) => batch.map(({ name }) => name))).toEqual([['a', 'b'], [undefined], ['a'], ['new'], ['b', 'b']]);
});

test('a connection that does not answer at all is given up, and whoever waits for it is told', async () => {
  const sent: { readonly name?: string }[][] = [];
  const released: boolean[] = [];
  const { pool } = silentPool(sent, released);
  const pipelined = new PipelinedReads(pool, 1, 20);
  await expect(pipelined.query({ text: 'select 1' })).rejects.toThrow('has not answered for too long');
  await turn();
  expect(released).toEqual([true]);
});

test('where no connection can be had, everybody who waits is told', async () => {
  const pool = {
    connect: async () => {
      throw new Error('away');
    },
  } as unknown as pg.Pool;
  const pipelined = new PipelinedReads(pool, 1, 60_000);
  const asked = await Promise.allSettled([pipelined.query('select 1'), pipelined.query('select 2', [])]);
  expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});
