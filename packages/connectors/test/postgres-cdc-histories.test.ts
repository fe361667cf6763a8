/** Random histories of a table, with loads at random places that die at random moments: after the last load both tables are the same. */
import { extract, load, type PackageResult, type TaskDefinition } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type pg from 'pg';
import { postgres } from '../src/index.ts';
import { again, type CdcRig, createCdcRig, HARD, loading } from './support/cdc-rig.ts';
import { tasksOf } from './support/rig.ts';

const HISTORIES = Number(process.env.HEADRACE_CDC_HISTORIES ?? 6);
const OPEN = { start: new Date(0), end: new Date(0), day: '1970-01-01', hour: '1970-01-01T00' };

type Change =
  | { readonly kind: 'put'; readonly id: number; readonly n: number; readonly size: number }
  | { readonly kind: 'add'; readonly id: number }
  | { readonly kind: 'move'; readonly id: number; readonly to: number }
  | { readonly kind: 'delete'; readonly id: number }
  | { readonly kind: 'undo' };

type Step =
  | { readonly kind: 'change'; readonly changes: readonly Change[]; readonly commit: boolean }
  | { readonly kind: 'truncate' }
  | { readonly kind: 'column' }
  | { readonly kind: 'run' }
  /** Dies after so many milliseconds, anywhere between the slot and the commit, or just after it. */
  | { readonly kind: 'die'; readonly after: number }
  /** An extract whose package is loaded after more has happened; and, when `twice`, one that was never loaded before it. */
  | { readonly kind: 'package'; readonly twice: boolean };

const id = fc.integer({ min: 1, max: 8 });
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('put' as const), id, n: fc.integer(), size: fc.constantFrom(0, 1, 3000) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('add' as const), id }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('move' as const), id, to: id }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), id }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'undo' as const }) },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('change' as const),
      changes: fc.array(change, { minLength: 1, maxLength: 8 }),
      commit: fc.integer({ min: 0, max: 5 }).map((one) => one > 0),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'truncate' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'column' as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'run' as const }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('die' as const), after: fc.integer({ min: 0, max: 400 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('package' as const), twice: fc.boolean() }) },
);

let cdc: CdcRig;
let names = 0;
beforeAll(async () => {
  cdc = await createCdcRig();
}, 60_000);
afterAll(() => cdc.close());

describe.each(['last', 'every'] as const)('a load of %s change', (give) => {
  test(
    'has the rows of the source, whatever happened and whatever died',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 12 }), async (steps) => {
          const history = await begin(give);
          for (const each of [...steps, { kind: 'run' } as const]) await history.take(each);
          expect(await history.loaded()).toEqual(await history.expected());
          await history.end();
        }),
        { numRuns: Math.max(1, Math.round(HISTORIES / 2)), endOnFailure: true },
      );
    },
    HISTORIES * 20_000,
  );
});

async function begin(give: 'last' | 'every') {
  names += 1;
  const table = `history_${names}`;
  const { shop, warehouse, rig } = cdc;
  await shop.query(`create table ${table} (id int8 primary key, n numeric, body text, tags text[]); alter table ${table} replica identity full;
    alter table ${table} alter body set storage external; insert into ${table} values (1, 1, 'first', '{a,NULL}')`);
  const from = postgres('shop').changes(table, { slot: table, give });
  const disposition = give === 'last' ? HARD : { ...HARD, latest: '_order' };
  const follow = `follow_${names}`;
  const direct = loading(follow, from, table, disposition);
  const tasks = tasksOf(() => {
    const read = extract(follow, { from });
    load('put', { from: read, into: postgres('warehouse').table(table), disposition });
  });
  let attempt = 0;
  let columns = 0;

  const run = (task: TaskDefinition, options: Parameters<typeof again>[3] = {}): Promise<unknown> => {
    attempt += 1;
    return again(rig, task, names, { attempt, ...options });
  };
  /** Does what the message of a TRUNCATE says. */
  const load_ = async (task: TaskDefinition, options: Parameters<typeof again>[3] = {}): Promise<unknown> => {
    try {
      return await run(task, options);
    } catch (error) {
      if ((error as { code?: string }).code !== 'HR_CDC_TRUNCATED') throw error;
      await warehouse.query(`delete from ${table}`);
      await warehouse.query('delete from _headrace_cursor where name = $1', [`rig.${follow}`]);
      return run(task, options);
    }
  };
  const died = async (task: TaskDefinition, after: number): Promise<void> => {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(new Error('died')), after);
    await run(task, { signal: stop.signal }).catch(() => {});
    clearTimeout(timer);
  };
  const packaged = async (twice: boolean): Promise<void> => {
    const [read, put] = [tasks.get(follow), tasks.get('put')];
    if (!read || !put) throw new TypeError('No tasks');
    const stale = twice ? await load_(read) : undefined;
    await shop.query(`insert into ${table} (id, n) values (9, 9) on conflict (id) do update set n = ${table}.n + 1`);
    const fresh = (await load_(read)) as PackageResult;
    await shop.query(`delete from ${table} where id = 9`);
    await run(put, { inputs: { from: fresh }, interval: OPEN });
    if (stale !== undefined)
      await expect(run(put, { inputs: { from: stale }, runId: 'stale' })).rejects.toMatchObject({ code: 'HR_CURSOR_MOVED' });
  };

  return {
    async take(each: Step): Promise<void> {
      if (each.kind === 'change') await transaction(shop, table, each.changes, each.commit);
      else if (each.kind === 'truncate') await shop.query(`truncate ${table}`);
      else if (each.kind === 'column') {
        columns += 1;
        await shop.query(`alter table ${table} add column more_${columns} int4; update ${table} set more_${columns} = id where id < 5`);
      } else if (each.kind === 'run') await load_(direct);
      else if (each.kind === 'die') await died(direct, each.after);
      else await packaged(each.twice);
    },
    expected: () => cdc.texts(shop, `select * from ${table}`),
    async loaded() {
      const { fields } = await shop.query(`select * from ${table} limit 0`);
      return cdc.texts(warehouse, `select ${fields.map(({ name }) => name).join(', ')} from ${table}`);
    },
    end: () => shop.query('select pg_drop_replication_slot($1)', [`headrace_${table}`]),
  };
}

async function transaction(client: pg.Client, table: string, changes: readonly Change[], commit: boolean): Promise<void> {
  await client.query('begin; savepoint s');
  for (const each of changes) {
    if (each.kind === 'undo') await client.query('rollback to s; savepoint s');
    else if (each.kind === 'delete') await client.query(`delete from ${table} where id = $1`, [each.id]);
    else if (each.kind === 'add') await client.query(`update ${table} set n = n + 0.1 where id >= $1`, [each.id]);
    else if (each.kind === 'move')
      await client.query(`update ${table} set id = $2 where id = $1 and not exists (select from ${table} where id = $2)`, [
        each.id,
        each.to,
      ]);
    else {
      const body = each.size === 0 ? null : `${each.n}`.repeat(each.size);
      await client.query(
        `insert into ${table} (id, n, body, tags) values ($1, $2, $3, array[$4, null]) on conflict (id) do update set n = excluded.n, body = excluded.body`,
        [each.id, each.n, body, `"${each.n}", \\`],
      );
    }
  }
  await client.query(commit ? 'commit' : 'rollback');
}

describe('while others write', () => {
  test('the first read and the changes after it have each change once', async () => {
    const { shop, warehouse, rig, texts } = cdc;
    await shop.query(`create table busy (id int8 primary key, n int8); insert into busy select g, 0 from generate_series(1, 5000) g;
      create table busy_news (id int8 primary key)`);
    const writers = await Promise.all([1, 2, 3].map(() => cdc.client()));
    let writing = true;
    const write = async (client: pg.Client, number: number): Promise<void> => {
      for (let turn = 1; writing; turn += 1) {
        await client.query('begin');
        // Always one more: what is missing or doubled shows.
        await client.query('update busy set n = n + 1 where id in ($1, $2)', [(turn * 7) % 40, 41 + number]);
        await client.query('insert into busy_news values ($1)', [turn * 10 + number]);
        await client.query(turn % 5 === 0 ? 'rollback' : 'commit');
      }
    };
    const log = loading('log', postgres('shop').changes('busy', { slot: 'busy_log' }), 'busy_log', 'append');
    const news = loading('news', postgres('shop').changes('busy_news', { slot: 'busy_news' }), 'busy_news', 'append');
    const tables = writers.map((client, number) => write(client, number));
    try {
      for (let turn = 1; turn <= 4; turn += 1) {
        await again(rig, log, turn);
        await again(rig, news, turn);
      }
    } finally {
      writing = false;
      await Promise.all(tables);
    }
    await again(rig, log, 5);
    await again(rig, news, 5);
    expect(await texts(warehouse, 'select id from busy_news')).toEqual(await texts(shop, 'select id from busy_news'));
    // From the value of the first read on, each value of each row, in the order of the changes.
    expect(
      await texts(
        warehouse,
        'select id, n, before from (select id, n, lag(n) over (partition by id order by _order) as before from busy_log) c where n <> before + 1',
      ),
    ).toEqual([]);
    expect(await texts(warehouse, 'select id, max(n) from busy_log group by id')).toEqual(await texts(shop, 'select id, n from busy'));
    expect(await texts(warehouse, `select count(*) > 5000 from busy_log`)).toEqual(['(t)']);
  });
});
