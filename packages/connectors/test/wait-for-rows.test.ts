import { dag, type TaskDefinition } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { postgres, waitForRows } from '../src/index.ts';
import { createRig, type LogLine, only, type Rig } from './support/rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await createRig();
  const pos = await rig.client('pos');
  await pos.query('create table orders (id int8 primary key, day date not null, cents numeric not null)');
}, 60_000);
afterAll(() => rig.close());

const waiting = <Found>(options: Readonly<Record<string, unknown>>) =>
  only(() => waitForRows('rows', { in: postgres('pos'), ...options } as never)) as TaskDefinition<Found>;
const ask = (sql: string, more: object = {}) => rig.look(waiting<Readonly<Record<string, unknown>>>({ sql, ...more }));

describe('waiting for rows', () => {
  // airflow.apache.org/docs/apache-airflow/2.3.4/_api/airflow/sensors/sql: "if the first cell is not in (0, '0', '', None)".
  test.each([
    'select 1 where false',
    'select null, 1',
    'select 0',
    'select count(*) from orders',
    'select 0.00',
    'select 0::float8',
    `select '0'`,
    `select ''`,
    'select false',
    `select 'false'::jsonb`,
    `select '""'::json`,
    'select 0 union all select 1',
  ])('waits on: %s', async (sql) => {
    expect(await ask(sql)).toBeUndefined();
  });

  test.each([
    'select 1',
    'select -0.01',
    `select 'f'`,
    `select ' '`,
    'select true',
    `select '{}'::jsonb`,
    `select now()`,
    `select 'NaN'::float8`,
  ])('is done with: %s', async (sql) => {
    expect(await ask(sql)).toBeDefined();
  });

  test('has the first row as its result, each value exact', async () => {
    expect(
      await ask(
        `select 'a' as text, 9007199254740993 as big, 1.10::numeric(10,2) as amount, 7::int2 as small, 0.5::float8 as half, null::int as nothing,
                date '2026-05-01' as day, timestamptz '2026-05-01 12:00:00.5+02' as at, '{"a":[1]}'::jsonb as doc, '\\x00ff'::bytea as raw;`,
      ),
    ).toEqual({
      text: 'a',
      big: 9_007_199_254_740_993n,
      amount: '1.10',
      small: 7,
      half: 0.5,
      nothing: null,
      day: '2026-05-01',
      at: new Date('2026-05-01T10:00:00.500Z'),
      doc: { a: [1] },
      raw: Uint8Array.of(0, 255),
    });
  });

  test('puts values of the run in place, never into the SQL', async () => {
    const definition = dag('rig', {}, ({ interval, run }) =>
      waitForRows('rows', {
        in: postgres('pos'),
        sql: `select count(*) > 0 as ready, $name as name from orders where day = $day::date and id > $least -- $not_a_value`,
        values: { day: interval.day, least: 0, name: `'; drop table orders; --` },
        columns: { name: 'text' },
        doc: String(run.id === undefined),
      }),
    );
    const task = definition.tasks.get('rows') as TaskDefinition<{ name: string | null }>;
    expect(await rig.look(task)).toBeUndefined();
    await (await rig.client('pos')).query(`insert into orders values (1, '2017-06-19', 5), (2, '2017-06-18', 5)`);
    expect(await rig.look(task)).toEqual({ name: `'; drop table orders; --` });
  });

  test('counts rows with min', async () => {
    const lines: LogLine[] = [];
    const task = waiting<number>({ sql: 'select null from generate_series(1, $n::int)', values: { n: 3 }, min: 4 });
    expect(await rig.look(task, { onLog: (line) => lines.push(line) })).toBeUndefined();
    expect(lines).toEqual([{ level: 'info', message: 'Waiting for 4 rows', fields: { rows: 3 } }]);
    expect(await rig.look(waiting<number>({ sql: 'select 0 from generate_series(1, 5)', min: 4 }))).toBe(5);
  });

  test('changes nothing', async () => {
    const pos = await rig.client('pos');
    await pos.query(`create function add_order() returns int language sql as $$ insert into orders values (99, now(), 1) returning 1 $$`);
    await expect(ask('select add_order()')).rejects.toMatchObject({
      code: 'HR_SQL_INVALID',
      message: expect.stringContaining('waiting may only look'),
    });
    expect((await pos.query('select 1 from orders where id = 99')).rows).toEqual([]);
  });

  test.each([
    ['a wrong name', 'select nothing from orders', {}, 'HR_SQL_INVALID', /column "nothing" does not exist/],
    ['a value that is not given', 'select $day', {}, 'HR_SQL_INVALID', /uses \$day, which is not in "values"/],
    ['a column that is not there', 'select 1 as a', { columns: { b: 'int4' } }, 'HR_COLUMN_NOT_FOUND', /has no column "b"/],
    ['another type', 'select 1 as a', { columns: { a: 'text' } }, 'HR_TYPE_MISMATCH', /"a" as int4, declared is text/],
    ['a time beyond all', `select 1, timestamptz 'infinity' as at`, {}, 'HR_TYPE_MISMATCH', /"at" is infinity/],
  ])('fails on %s, not to be tried again', async (_name, sql, more, code, message) => {
    await expect(ask(sql, more)).rejects.toMatchObject({ code, retryable: false, message: expect.stringMatching(message) });
  });

  test('says which server it cannot reach, without the password, and may be tried again', async () => {
    const url = rig.connections.pos as string;
    rig.connections.pos = 'postgres://me:very-secret@127.0.0.1:1/db';
    try {
      await expect(ask('select 1')).rejects.toMatchObject({
        code: 'HR_CONNECTION_FAILED',
        retryable: true,
        message: expect.not.stringContaining('very-secret'),
      });
    } finally {
      rig.connections.pos = url;
    }
  });

  test('ends with its attempt', async () => {
    const stop = new AbortController();
    const look = rig.look(waiting({ sql: 'select pg_sleep(60)' }), { signal: stop.signal });
    const pos = await rig.client('pos');
    for (;;) {
      const { rows } = await pos.query(
        `select 1 from pg_stat_activity where query like '%pg_sleep(60)%' and pid <> pg_backend_pid() and datname = current_database()`,
      );
      if (rows.length > 0) break;
    }
    stop.abort(new Error('stopped'));
    await expect(look).rejects.toThrow('stopped');
  });

  test('is refused without SQL, or with both a count and columns', () => {
    expect(() => waiting({ sql: ' ' })).toThrow('"sql" is empty');
    expect(() => waiting({ sql: 'select 1', min: 1, columns: { a: 'text' } })).toThrow('leave out "columns"');
    expect(() => waiting({ sql: 'select 1', min: 0.5 })).toThrow('min: must be a whole number');
    expect(() => waiting({ sql: 'select 1', columns: { a: 'money' } })).toThrow('unknown type "money"');
  });
});
