import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { checks, load, type TableResult } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { postgres } from '../src/index.ts';
import { beginAttempt } from '../src/postgres/target/load-record.ts';
import { createRig, only, type Rig } from './support/rig.ts';

const EVERY_TYPE = `
  i2 smallint, i4 integer, i8 bigint, f4 real, f8 double precision, n numeric, d numeric(20, 4), b boolean, t text, v varchar(20), c char(5),
  u uuid, j json, jb jsonb, bin bytea, day date, at time, ts timestamp, tz timestamptz, a bigint[], span interval, ip inet`;
const ROWS = `
  (1, 2, 3, 1.5, 2.5, 'NaN', 1.0001, true, 'a', 'b', 'c', '00000000-0000-0000-0000-000000000001', '{"a": 1}', '{"b": 12345678901234567890}', '\\x00ff',
   '0044-03-15 BC', '23:59:59.999999', 'infinity', '2017-06-19 12:00:00.000001+02', '{9223372036854775807,null}', '1 mon 3 us', '10.0.0.0/8'),
  (-32768, -2147483648, -9223372036854775808, 'NaN', '-Infinity', 123456789012345678901234567890.000000000000000001, -1, false, '', E'\\\\.', '',
   null, 'null', '[]', '', 'infinity', '00:00', '-infinity', '0001-01-01 00:00:00+00', '{}', '0', '::1'),
  (null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null)`;

describe('rows that go from PostgreSQL to PostgreSQL as bytes', () => {
  let rig: Rig;
  let pos: pg.Client;
  let reporting: pg.Client;
  let made = 0;

  beforeAll(async () => {
    rig = await createRig();
    pos = await rig.client('pos');
    reporting = await rig.client('reporting');
    await pos.query(`create table every_type (${EVERY_TYPE}); insert into every_type values ${ROWS}`);
    await pos.query('create table numbers as select i::int8 as id, i * 1.5 as amount from generate_series(1, 1000) i');
  }, 60_000);
  afterAll(() => rig.close());

  const table = (): string => {
    made += 1;
    return `copy_${made}`;
  };
  const move = (from: ReturnType<ReturnType<typeof postgres>['table']>, name: string, more: object = {}) =>
    only(() => load('move', { from, into: postgres('reporting').table(name), ...more }));
  const run = (task: ReturnType<typeof only>, options = {}) => rig.run<TableResult>(task as never, options);
  /** Rows that pass through DuckDB have a hash of their content in the record. */
  const wentDirectly = async (name: string) =>
    (await reporting.query("select distinct content_hash = '' as directly from _headrace_load where target = $1", [`public.${name}`])).rows;
  /** Waits until rows are asked for in the form in which they go past DuckDB. */
  const readsDirectly = async (): Promise<void> => {
    for (let looks = 0; looks < 400; looks += 1) {
      const { rows } = await pos.query(
        `select 1 from pg_stat_activity
          where wait_event_type = 'Lock' and query like 'copy %to stdout (format binary)' and datname = current_database()`,
      );
      if (rows.length > 0) return;
      await sleep(10);
    }
    throw new Error('Nobody reads the rows directly');
  };
  const rowsOf = async (client: pg.Client, name: string) =>
    (await client.query(`select t::text as row from (select * from ${name}) t order by 1`)).rows.map(({ row }) => row as string);

  test('are the same values, of every type, in a table of the same shape', async () => {
    const name = table();
    await reporting.query(`create table ${name} (${EVERY_TYPE})`);
    const result = await run(move(postgres('pos').table('every_type'), name));
    expect(result).toMatchObject({ rows: 3, inserted: 3, counts: { in: 3, out: 3, deduplicated: 0, quarantined: 0 } });
    expect(await rowsOf(reporting, name)).toEqual(await rowsOf(pos, 'every_type'));
    expect(await wentDirectly(name)).toEqual([{ directly: true }]);
  });

  test('take the place of the old ones, and their record says so', async () => {
    const name = table();
    await run(move(postgres('pos').table('numbers'), name));
    await pos.query('update numbers set amount = amount + 1 where id <= 10');
    const again = await run(move(postgres('pos').table('numbers'), name), { runId: 'another', interval: nextDay() });
    expect(again).toMatchObject({ inserted: 1000, deleted: 1000 });
    expect(await wentDirectly(name)).toEqual([{ directly: true }]);
    expect(await rowsOf(reporting, name)).toEqual(await rowsOf(pos, 'numbers'));
    const { rows } = await reporting.query(
      'select rows_in, rows_out, attempt from _headrace_load where target = $1 order by committed_at',
      [`public.${name}`],
    );
    expect(rows).toEqual([
      { rows_in: '1000', rows_out: '1000', attempt: 1 },
      { rows_in: '1000', rows_out: '1000', attempt: 1 },
    ]);
  });

  test('loaded again by the same run are compared, and nothing is written', async () => {
    const name = table();
    await run(move(postgres('pos').table('numbers'), name));
    expect(await run(move(postgres('pos').table('numbers'), name), { attempt: 2 })).toMatchObject({ inserted: 0, unchanged: 1000 });
  });

  test('are appended under their load, once', async () => {
    const name = table();
    await reporting.query(`create table ${name} (id int8, amount numeric, _headrace_load_id text)`);
    const append = move(postgres('pos').table('numbers'), name, { disposition: 'append' });
    await run(append);
    await run(append, { interval: nextDay() });
    await run(append, { attempt: 2 });
    const { rows } = await reporting.query(`select count(*), count(distinct _headrace_load_id) as loads from ${name}`);
    expect(rows).toEqual([{ count: '2000', loads: '2' }]);
  });

  test('are not published when a check fails, or when the attempt is stopped', async () => {
    const name = table();
    const before = move(postgres('pos').table('numbers', { where: 'id <= 5' }), name);
    await run(before);
    const checked = move(postgres('pos').table('numbers'), name, { checks: [checks.range('id', { max: 999 })] });
    await expect(run(checked, { interval: nextDay() })).rejects.toMatchObject({ code: 'HR_CHECK_FAILED' });
    const abort = new AbortController();
    await expect(
      rig.run(move(postgres('pos').table('numbers'), name) as never, {
        interval: nextDay(),
        signal: abort.signal,
        onLog: ({ message }) => message === 'staged' && abort.abort(new Error('stopped')),
      }),
    ).rejects.toThrow('stopped');
    expect(await rowsOf(reporting, name)).toHaveLength(5);
    const { rows } = await reporting.query(
      "select relname from pg_class where relname like '\\_headrace\\_%' and relkind = 'r' order by 1",
    );
    expect(rows.map(({ relname }) => relname as string).filter((relname) => /^_headrace_[0-9a-f]{12}/.test(relname))).toEqual([]);
  });

  test.each([
    { disposition: 'replace' as const, has: 'begun' },
    { disposition: 'replace' as const, has: 'committed' },
    { disposition: 'append' as const, has: 'begun' },
    { disposition: 'append' as const, has: 'committed' },
  ])('of a late attempt are refused when a newer one has $has: $disposition', async ({ disposition, has }) => {
    const name = table();
    await reporting.query(`create table ${name} (id int8${disposition === 'append' ? ', _headrace_load_id text' : ''})`);
    await pos.query('select pg_advisory_lock(1)');
    // Two attempts of one load. The rows of the first come when the lock is free.
    const attempt = (n: number, rows: string): Promise<TableResult> => {
      const task = only(() => load('move', { from: postgres('pos').query(rows), into: postgres('reporting').table(name), disposition }));
      return run(task, { attempt: n });
    };
    const late = attempt(1, 'with wait as materialized (select pg_advisory_lock_shared(1)) select 7::int8 as id from wait');
    const refused = expect(late).rejects.toMatchObject({ code: 'HR_FENCED_COMMIT', retryable: false });
    await readsDirectly();
    if (has === 'committed') await attempt(2, 'select 1::int8 as id');
    else {
      const { rows } = await reporting.query('select load_id from _headrace_attempt order by begun_at desc limit 1');
      await beginAttempt(reporting, 'public', rows[0]?.load_id, `public.${name}`, {
        taskInstanceId: '1',
        attempt: 2,
        attemptId: randomUUID(),
      });
    }
    await pos.query('select pg_advisory_unlock(1)');
    await refused;
    expect(await rowsOf(reporting, `(select id from ${name}) kept`)).toEqual(has === 'committed' ? ['(1)'] : []);
    await attempt(2, 'select 1::int8 as id');
    expect(await rowsOf(reporting, `(select id from ${name}) kept`)).toEqual(['(1)']);
  });

  test('of other columns or types are for the contract of their table', async () => {
    const name = table();
    await reporting.query(`create table ${name} (id int8, amount float8)`);
    await expect(run(move(postgres('pos').table('numbers'), name, { contract: 'freeze' }))).rejects.toMatchObject({
      code: 'HR_SCHEMA_CHANGED',
    });
    const wider = table();
    await reporting.query(`create table ${wider} (id int8)`);
    await run(move(postgres('pos').table('numbers'), wider));
    expect(await rowsOf(reporting, wider)).toHaveLength(1000);
  });

  test('that their query cannot compute name the query, and leave the table as it was', async () => {
    const name = table();
    const broken = only(() =>
      load('move', { from: postgres('pos').query('select 1 / (id - 500) as n from numbers'), into: postgres('reporting').table(name) }),
    );
    await expect(run(broken)).rejects.toMatchObject({ code: 'HR_SQL_INVALID', message: expect.stringContaining('division by zero') });
    expect((await reporting.query('select to_regclass($1) as there', [name])).rows).toEqual([{ there: null }]);
  });
});

function nextDay() {
  return { start: new Date('2017-06-20T04:00:00Z'), end: new Date('2017-06-21T04:00:00Z'), day: '2017-06-20', hour: '2017-06-20T00' };
}
