import { exportTo, extract, load, type TableResult, type TaskDefinition } from '@headrace/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { postgres } from '../src/index.ts';
import { createRig, only, type Rig, type RunOptions, tasksOf } from './support/rig.ts';

const columns = { id: 'int8', name: 'text', amount: 'decimal(10,2)' } as const;

describe('a commit to PostgreSQL', () => {
  let rig: Rig;
  let pos: pg.Client;
  let reporting: pg.Client;
  beforeAll(async () => {
    rig = await createRig();
    pos = await rig.client('pos');
    reporting = await rig.client('reporting');
  }, 60_000);
  afterAll(() => rig.close());
  beforeEach(async () => {
    await pos.query('drop table if exists source');
    await pos.query('create table source (id int8, name text, amount numeric(10,2))');
    await pos.query(`insert into source select i, 'name ' || i, i * 1.5 from generate_series(1, 100) i`);
    await reporting.query('drop table if exists target, _headrace_load, _headrace_attempt');
  });

  const source = () => postgres('pos').table('source', { columns });
  const merge = () => exportTo('merge', { from: source(), into: postgres('reporting').table('target'), disposition: { merge: ['id'] } });
  const replace = () => exportTo('replace', { from: source(), into: postgres('reporting').table('target') });
  const append = () => load('append', { from: source(), into: postgres('reporting').table('target'), disposition: 'append' });
  const run = (build: () => TaskDefinition<unknown>, options?: RunOptions) => rig.run(only(build) as TaskDefinition<TableResult>, options);
  const table = async () => (await reporting.query('select id::int, name, amount::text from target order by id, name')).rows;
  const versions = async () => (await reporting.query('select ctid::text, xmin::text from target order by 1')).rows;

  test('merges by key: updates what differs, inserts what is new, leaves the rest', async () => {
    expect(await run(merge)).toMatchObject({ inserted: 100, updated: 0, unchanged: 0 });
    await pos.query(`update source set name = 'other' where id <= 3`);
    await pos.query(`insert into source values (101, null, null)`);
    expect(await run(merge)).toMatchObject({ rows: 101, inserted: 1, updated: 3, unchanged: 97 });
    expect((await table()).slice(0, 4).map((row) => row.name)).toEqual(['other', 'other', 'other', 'name 4']);
  });

  test.each([
    ['merge', merge],
    ['replace', replace],
    ['append', append],
  ] as const)('of a re-run with %s changes no row', async (_name, build) => {
    await run(build);
    const before = await versions();
    expect(await run(build, { attempt: 2 })).toMatchObject({ inserted: 0, updated: 0, deleted: 0, unchanged: 100 });
    expect(await versions()).toEqual(before);
  });

  test('appends another interval, and replaces only its own rows', async () => {
    await run(append);
    const interval = {
      start: new Date('2017-06-20T04:00:00Z'),
      end: new Date('2017-06-21T04:00:00Z'),
      day: '2017-06-20',
      hour: '2017-06-20T00',
    };
    await run(append, { interval, taskInstanceId: '2' });
    expect(await table()).toHaveLength(200);
    await pos.query('delete from source where id > 10');
    expect(await run(append, { attempt: 2 })).toMatchObject({ inserted: 10, deleted: 100 });
    expect(await table()).toHaveLength(110);
  });

  test('counts what came in, went out and was a duplicate, and keeps it with the rows', async () => {
    await pos.query('insert into source select * from source where id <= 5');
    expect(await run(merge)).toMatchObject({ counts: { in: 105, out: 100, deduplicated: 5, quarantined: 0 } });
    const { rows } = await reporting.query(
      'select rows_in::int, rows_out::int, rows_deduplicated::int, rows_inserted::int, attempt, task_id from _headrace_load',
    );
    expect(rows).toEqual([{ rows_in: 105, rows_out: 100, rows_deduplicated: 5, rows_inserted: 100, attempt: 1, task_id: 'merge' }]);
  });

  test('refuses different rows with one key, and nulls in a key', async () => {
    await pos.query(`insert into source values (7, 'another', 1)`);
    await expect(run(merge)).rejects.toMatchObject({ code: 'HR_DUPLICATE_KEY', message: expect.stringContaining('id=7') });
    await pos.query(`delete from source where id = 7; insert into source values (null, 'x', 1)`);
    await expect(run(merge)).rejects.toMatchObject({ code: 'HR_KEY_NULL' });
    expect((await reporting.query(`select to_regclass('target') as t`)).rows).toEqual([{ t: null }]);
  });

  test('of a late attempt is refused and changes nothing', async () => {
    await run(merge, { attempt: 2 });
    await pos.query(`update source set name = 'late'`);
    const before = await versions();
    await expect(run(merge, { attempt: 1 })).rejects.toMatchObject({ code: 'HR_FENCED_COMMIT', retryable: false });
    expect(await versions()).toEqual(before);
    expect((await reporting.query('select attempt from _headrace_load')).rows).toEqual([{ attempt: 2 }]);
  });

  test('of another run of the same interval is not fenced by the attempts of the first', async () => {
    await run(merge, { attempt: 3, taskInstanceId: '1' });
    expect(await run(merge, { attempt: 1, taskInstanceId: '9' })).toMatchObject({ unchanged: 100 });
  });

  test.each(['staged', 'applied'])('that is aborted when rows are %s leaves nothing, and a retry gives the same table', async (step) => {
    await run(merge);
    const wanted = await table();
    await reporting.query('truncate target');
    await reporting.query('insert into target values (1, $1, 0)', ['old']);
    const abort = new AbortController();
    const stopped = run(merge, {
      signal: abort.signal,
      attempt: 2,
      onLog: ({ message }) => message === step && abort.abort(new Error('worker is gone')),
    });
    await expect(stopped).rejects.toThrow('worker is gone');
    expect(await table()).toEqual([{ id: 1, name: 'old', amount: '0.00' }]);
    expect(await run(merge, { attempt: 3 })).toMatchObject({ inserted: 99, updated: 1 });
    expect(await table()).toEqual(wanted);
  });

  test('whose connection is killed at the server leaves nothing, and a retry gives the same table', async () => {
    await run(merge);
    const wanted = await table();
    await reporting.query('truncate target');
    const killed = run(merge, {
      attempt: 2,
      onLog: ({ message }) => {
        if (message === 'staged')
          void reporting.query(
            `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'headrace' and datname = current_database()`,
          );
      },
    });
    await killed.catch(() => undefined);
    await run(merge, { attempt: 3 });
    expect(await table()).toEqual(wanted);
  });

  test('that replaces a table never shows it empty or half', async () => {
    await run(replace);
    const seen = new Set<string>();
    let done = false;
    const reader = (async () => {
      while (!done) seen.add((await reporting.query<{ n: string }>('select count(*) as n from target')).rows[0]?.n ?? '');
    })();
    for (let attempt = 2; attempt <= 6; attempt += 1) {
      await pos.query(`update source set name = $1`, [`round ${attempt}`]);
      expect(await run(replace, { attempt })).toMatchObject({ inserted: 100, deleted: 100 });
    }
    done = true;
    await reader;
    expect([...seen]).toEqual(['100']);
  });

  test('creates the table with the keys as its primary key and exact types', async () => {
    await run(merge);
    const { rows } = await reporting.query(
      `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, exists (select from pg_index i where i.indrelid = a.attrelid and i.indisprimary and a.attnum = any(i.indkey)) as key
         from pg_attribute a where a.attrelid = 'target'::regclass and a.attnum > 0 order by a.attnum`,
    );
    expect(rows).toEqual([
      { name: 'id', type: 'bigint', key: true },
      { name: 'name', type: 'text', key: false },
      { name: 'amount', type: 'numeric(10,2)', key: false },
    ]);
  });

  test('names the row, the column and the value that the table cannot take', async () => {
    await reporting.query('create table target (id int8, name int, amount numeric(10,2))');
    await expect(run(merge)).rejects.toMatchObject({
      code: 'HR_TYPE_MISMATCH',
      message: expect.stringMatching(/row 1, column "name" \(integer\) cannot take "name 1"/),
    });
  });

  test('says which column the table lacks, and how to add it', async () => {
    await reporting.query('create table target (id int8, named text)');
    await expect(run(merge)).rejects.toMatchObject({
      code: 'HR_COLUMN_NOT_FOUND',
      message: expect.stringMatching(/column "name"; did you mean "named"\?/),
    });
    await expect(run(merge)).rejects.toThrow('add column "name" text');
  });

  test('many at once, of different tasks into one new table, all arrive', async () => {
    const tasks = [
      ...tasksOf(() => {
        for (const n of [1, 2, 3, 4])
          exportTo(`merge_${n}`, { from: source(), into: postgres('reporting').table('target'), disposition: { merge: ['id'] } });
      }).values(),
    ];
    await Promise.all(tasks.map((task, index) => rig.run(task, { taskInstanceId: String(index) })));
    expect(await table()).toHaveLength(100);
    expect((await reporting.query('select count(*)::int as n from _headrace_load')).rows).toEqual([{ n: 4 }]);
  });

  test('is refused while a check fails: nothing is written', async () => {
    await pos.query('insert into source values (200, null, 1)');
    const build = () =>
      exportTo('checked', {
        from: source(),
        into: postgres('reporting').table('target'),
        checks: [{ check: 'not_null', columns: ['name'], severity: 'block' }],
      });
    await expect(run(build)).rejects.toMatchObject({
      code: 'HR_CHECK_FAILED',
      retryable: false,
      message: expect.stringContaining('id=200'),
    });
    // The table of records may have been made, but there is no record in it.
    await reporting.query('create table if not exists _headrace_load (load_id text)');
    expect((await reporting.query(`select to_regclass('target') as t, (select count(*)::int from _headrace_load) as loads`)).rows).toEqual([
      { t: null, loads: 0 },
    ]);
  });

  test('extract then load: the package is what is loaded, whatever became of the source', async () => {
    const tasks = tasksOf(() => {
      load('put', {
        from: extract('get', { from: source() }),
        into: postgres('reporting').table('target'),
        disposition: { merge: ['id'] },
      });
    });
    const [get, put] = [...tasks.values()];
    const got = await rig.run(get as TaskDefinition);
    await pos.query('truncate source');
    expect(await rig.run(put as TaskDefinition, { inputs: { from: got } })).toMatchObject({ inserted: 100 });
  });
});
