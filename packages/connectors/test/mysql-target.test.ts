import { exportTo, extract, load, type TableResult, type TaskDefinition } from '@headrace/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { mysql, postgres } from '../src/index.ts';
import { createMariadbRig, type MariadbRig } from './support/mariadb-rig.ts';
import { only, type RunOptions, tasksOf } from './support/rig.ts';

describe('a load into MySQL', () => {
  let it: MariadbRig;
  let pos: pg.Client;
  beforeAll(async () => {
    it = await createMariadbRig();
    pos = await it.rig.client('pos');
  }, 60_000);
  afterAll(() => it?.close());
  beforeEach(async () => {
    await pos.query('drop table if exists source');
    await pos.query('create table source (id int8, name text, amount numeric(10,2))');
    await pos.query(`insert into source select i, 'name ' || i, i * 1.5 from generate_series(1, 100) i`);
    await it.shop.query('drop table if exists target, other, _headrace_load, _headrace_cursor; set global local_infile = 1');
  });

  const source = () => postgres('pos').table('source');
  const target = () => mysql('shop').table('target');
  const merge = () => exportTo('merge', { from: source(), into: target(), disposition: { merge: ['id'] } });
  const run = (build: () => TaskDefinition<unknown>, options?: RunOptions) =>
    it.rig.run(only(build) as TaskDefinition<TableResult>, options);
  const column = (name: string) =>
    it.rows(
      `select column_type, collation_name, column_key, column_comment from information_schema.columns where table_name = 'target' and column_name = '${name}'`,
    );

  test('makes the table with exact types, keys, and a collation that tells every text from every other', async () => {
    await pos.query(`alter table source add flag boolean, add at timestamptz`);
    await run(merge);
    expect(await column('id')).toEqual([['bigint(20)', null, 'PRI', '']]);
    expect(await column('name')).toEqual([['longtext', 'utf8mb4_nopad_bin', '', '']]);
    expect(await column('amount')).toEqual([['decimal(10,2)', null, '', '']]);
    expect(await column('flag')).toEqual([['tinyint(1)', null, '', 'headrace:boolean']]);
    expect(await column('at')).toEqual([['datetime(6)', null, '', 'headrace:timestamptz']]);
  });

  test('accounts for its rows in a record beside them', async () => {
    await pos.query('insert into source select * from source where id <= 5');
    expect(await run(merge)).toMatchObject({ inserted: 100, counts: { in: 105, out: 100, deduplicated: 5, quarantined: 0 } });
    expect(
      await it.rows(
        'select task_id, target, disposition, attempt, rows_in, rows_out, rows_deduplicated, rows_inserted from _headrace_load',
      ),
    ).toEqual([['merge', 'test.target', 'merge', '1', '105', '100', '5', '100']]);
  });

  test('into a table of the user keeps its types, its texts and its collation', async () => {
    await it.shop.query(
      `create table target (id bigint primary key, name varchar(50) character set latin1, amount decimal(12,4), extra int default 7)`,
    );
    await pos.query(`update source set name = 'Gräfin €' where id = 1; update source set name = 'Name 2' where id = 2`);
    expect(await run(merge)).toMatchObject({ inserted: 100 });
    await pos.query(`update source set name = 'GRÄFIN €' where id = 1`);
    // The collation takes both for the same; the values are not.
    expect(await run(merge)).toMatchObject({ inserted: 0, updated: 1, unchanged: 99 });
    expect(await it.rows('select name, amount, extra from target where id <= 2 order by id')).toEqual([
      ['GRÄFIN €', '1.5000', '7'],
      ['Name 2', '3.0000', '7'],
    ]);
  });

  test.each([
    ['LOAD DATA LOCAL INFILE', 1],
    ['statements of many rows', 0],
  ])('brings many rows by %s', async (_how, infile) => {
    await it.shop.query(`set global local_infile = ${infile}`);
    await pos.query(
      `truncate source; insert into source select i, repeat(chr(34) || ',' || i || chr(10), 20), null from generate_series(1, 30000) i`,
    );
    expect(await run(merge)).toMatchObject({ inserted: 30_000 });
    expect(await it.rows(`select count(*), sum(name = repeat(concat('",', id, '\\n'), 20)), sum(amount is null) from target`)).toEqual([
      ['30000', '30000', '30000'],
    ]);
  });

  test('goes on from an extract, moves the cursor in its commit, and not twice', async () => {
    const tasks = tasksOf(() => {
      load('put', { from: extract('get', { from: source(), cursor: { column: 'id' } }), into: target(), disposition: 'append' });
    });
    const now = new Date('2024-01-01T00:00:00Z');
    const open = { start: now, end: now, day: '2024-01-01', hour: '2024-01-01T00' };
    const round = async (taskInstanceId: string, interval = open): Promise<TableResult> => {
      const [get, put] = [...tasks.values()] as [TaskDefinition, TaskDefinition<TableResult>];
      const options = { interval, taskInstanceId, runId: `manual__${taskInstanceId}` };
      return it.rig.run(put, { ...options, inputs: { from: await it.rig.run(get, options) } });
    };
    expect(await round('1')).toMatchObject({ inserted: 100 });
    await pos.query(`insert into source values (101, 'new', 1)`);
    const later = new Date('2024-01-02T00:00:00Z');
    expect(await round('2', { ...open, start: later, end: later })).toMatchObject({ inserted: 1 });
    expect(await it.rows('select count(*), max(id) from target')).toEqual([['101', '101']]);
    expect(await it.rows('select name, table_name from _headrace_cursor')).toEqual([['rig.get', 'target']]);
  });

  describe('fails with what is wrong, and nothing is changed', () => {
    test.each([1, 0])('a value that the column cannot hold (local_infile = %s)', async (infile) => {
      await it.shop.query(
        `set global local_infile = ${infile}; create table target (id bigint primary key, name varchar(7), amount decimal(10,2))`,
      );
      await expect(run(merge)).rejects.toMatchObject({
        code: 'HR_TYPE_MISMATCH',
        message: expect.stringMatching(/test\.target: Data (too long|truncated) for column 'name' at row 100: the value is name 100/),
      });
      expect(await it.rows('select count(*) from target')).toEqual([['0']]);
    });

    test.each([
      ['a text in a number', 'name int', /Incorrect integer value: 'name 1' for column .*name.* at row 1/],
      ['digits that a decimal would lose', 'amount decimal(10,0)', /amount/],
    ])('%s', async (_what, definition, message) => {
      const others = { name: 'name text', amount: 'amount decimal(10,2)', [definition.split(' ')[0] as string]: definition };
      await it.shop.query(`create table target (id bigint primary key, ${Object.values(others).join(', ')})`);
      const declared = { id: 'int8', name: 'text', amount: 'decimal(10,2)' } as const;
      const into = mysql('shop').table('target', { columns: declared });
      await expect(
        run(() => exportTo('put', { from: postgres('pos').table('source', { columns: declared }), into, disposition: { merge: ['id'] } })),
      ).rejects.toMatchObject({
        code: 'HR_TYPE_MISMATCH',
        message: expect.stringMatching(message),
      });
      expect(await it.rows('select count(*) from target')).toEqual([['0']]);
    });

    test('digits of a second that the column would round away', async () => {
      await pos.query(
        `alter table source add at timestamp; update source set at = '2017-06-19 01:02:03'; update source set at = '2017-06-19 01:02:03.5' where id = 7`,
      );
      await it.shop.query('create table target (id bigint primary key, name text, amount decimal(10,2), at datetime)');
      await expect(run(merge)).rejects.toMatchObject({
        code: 'HR_TYPE_MISMATCH',
        message: expect.stringMatching(/column "at" \(datetime\) cannot hold 2017-06-19 01:02:03\.5/),
      });
    });

    test('instants that MySQL has not', async () => {
      await pos.query(`alter table source add at timestamptz; update source set at = 'infinity' where id = 3`);
      await expect(run(merge)).rejects.toMatchObject({
        code: 'HR_TYPE_MISMATCH',
        message: expect.stringMatching(/column 'at' at row 100: the value is infinity/),
      });
    });

    test('a constraint of the table', async () => {
      await it.shop.query('create table target (id bigint primary key, name varchar(100), amount decimal(10,2), check (amount < 100))');
      await expect(run(merge)).rejects.toMatchObject({
        code: 'HR_CONSTRAINT_VIOLATED',
        message: expect.stringMatching(/Nothing was changed/),
      });
    });

    test('a column that the table lacks, and how to add it', async () => {
      await it.shop.query('create table target (id bigint primary key, named text)');
      const failure = run(() => exportTo('put', { from: source(), into: target(), contract: 'freeze', disposition: { merge: ['id'] } }));
      await expect(failure).rejects.toMatchObject({ code: expect.stringMatching(/HR_COLUMN_NOT_FOUND|HR_SCHEMA_CHANGED/) });
    });

    test('an append into a table without the column of loads', async () => {
      await it.shop.query('create table target (id bigint, name text, amount decimal(10,2))');
      await expect(run(() => exportTo('put', { from: source(), into: target(), disposition: 'append' }))).rejects.toMatchObject({
        code: 'HR_COLUMN_NOT_FOUND',
        message: expect.stringContaining('add column `_headrace_load_id`'),
      });
    });

    test('a lock of somebody else, for which another try may help', async () => {
      await run(merge);
      await it.shop.query('set global innodb_lock_wait_timeout = 1; begin; update target set amount = 0 where id = 50');
      await pos.query('update source set amount = 9');
      try {
        await expect(run(merge, { attempt: 2 })).rejects.toMatchObject({ code: 'HR_LOCK_TIMEOUT', retryable: true });
      } finally {
        await it.shop.query('rollback; set global innodb_lock_wait_timeout = 50');
      }
      expect(await run(merge, { attempt: 3 })).toMatchObject({ updated: 99, unchanged: 1 });
    });

    test('a row that is larger than the server takes', async () => {
      await it.shop.query('set global local_infile = 0; set global max_allowed_packet = 1048576');
      await pos.query(`update source set name = repeat('x', 2000000) where id = 4`);
      try {
        await expect(run(merge)).rejects.toMatchObject({
          code: 'HR_PACKET_TOO_LARGE',
          message: expect.stringMatching(/Row \d+ is larger/),
        });
      } finally {
        await it.shop.query('set global max_allowed_packet = 16777216');
      }
    });
  });

  test('whose server is killed leaves nothing or all, and a retry gives the whole', async () => {
    await run(merge);
    await pos.query(`update source set name = 'after'`);
    for (const [attempt, step] of ['staged', 'defined', 'applied'].entries()) {
      const failed = run(merge, {
        attempt: attempt + 2,
        onLog: ({ message }) => {
          if (message === step) void it.server.kill9();
        },
      });
      await expect(failed).rejects.toMatchObject({ retryable: true });
      await it.server.restart();
      const { createConnection } = await import('mysql2/promise');
      const again = await createConnection(it.server.url);
      const [rows] = await again.query(`select count(*) as n, sum(name = 'after') as done from target`);
      await again.end();
      expect(rows).toEqual([{ n: 100, done: '0' }]);
    }
    expect(await run(merge, { attempt: 9 })).toMatchObject({ updated: 100, unchanged: 0 });
  });
});
