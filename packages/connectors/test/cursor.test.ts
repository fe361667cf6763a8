import {
  type CursorOptions,
  type DataInterval,
  type Disposition,
  extract,
  type LakeResult,
  load,
  type PackageResult,
  type Source,
  type TableResult,
  type Target,
} from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { lake, postgres } from '../src/index.ts';
import { createRig, type Rig, tasksOf } from './support/rig.ts';

const at = (text: string): DataInterval => {
  const instant = new Date(text);
  return { start: instant, end: instant, day: text.slice(0, 10), hour: text.slice(0, 13), endDay: text.slice(0, 10) };
};
const between = (start: string, end: string): DataInterval => ({ ...at(start), end: new Date(end), endDay: end.slice(0, 10) });
/** A run that no interval bounds. */
const OPEN = at('2024-03-10T06:00:00Z');

let rig: Rig;
let pos: pg.Client;
let reporting: pg.Client;
let names = 0;

beforeAll(async () => {
  rig = await createRig();
  pos = await rig.client('pos');
  reporting = await rig.client('reporting');
}, 60_000);
afterAll(() => rig.close());

/** A table of the source, empty, and a table to load into. */
async function tables(columns = 'id int8, sold_at timestamptz, note text'): Promise<{ source: string; target: string }> {
  names += 1;
  const source = `source_${names}`;
  await pos.query(`create table ${source} (${columns})`);
  return { source, target: `target_${names}` };
}

interface Flow {
  readonly from: Source;
  readonly into: Target;
  readonly cursor?: CursorOptions;
  readonly disposition?: Disposition;
}

const flow = ({ from, into, cursor, disposition = 'append' }: Flow) => {
  const tasks = tasksOf(() => {
    const read = extract('read', { from, ...(cursor ? { cursor } : {}) });
    load('put', { from: read, into, disposition });
  });
  const [read, put] = [tasks.get('read'), tasks.get('put')];
  if (!read || !put) throw new TypeError('No tasks');
  return {
    read: (options: Parameters<Rig['run']>[1] = {}) => rig.run(read, { interval: OPEN, ...options }) as Promise<PackageResult>,
    put: (from: PackageResult, options: Parameters<Rig['run']>[1] = {}) =>
      rig.run(put, { interval: OPEN, ...options, inputs: { from } }) as Promise<TableResult | LakeResult>,
    async run(options: Parameters<Rig['run']>[1] = {}) {
      const rows = await this.read(options);
      return { rows, put: await this.put(rows, options) };
    },
  };
};

const ids = async (target: string): Promise<readonly string[]> =>
  (await reporting.query<{ id: string }>(`select id::text as id from ${target} order by id::numeric, id`)).rows.map(({ id }) => id);
const stored = async (): Promise<unknown> =>
  (await reporting.query<{ state: unknown }>(`select state from _headrace_cursor where name = 'rig.read'`)).rows[0]?.state;
const forget = () => reporting.query('drop table if exists _headrace_cursor');
const code = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'done',
    (error: unknown) => (error as { code?: unknown }).code ?? error,
  );

describe('a run without an interval', () => {
  test('goes on from where the last one ended, and its load moves the cursor', async () => {
    await forget();
    const { source, target } = await tables();
    const { run } = pipeline(source, target, { column: 'sold_at' });
    expect((await run()).rows).toMatchObject({ rows: 0, cursor: { before: null, after: {} } });
    await pos.query(`insert into ${source} values (2, '2024-03-09 10:00:00.000002+00'), (1, '2024-03-09 10:00:00.000001+00')`);
    const first = await run();
    expect(first.rows).toMatchObject({ rows: 2, cursor: { name: 'rig.read', after: { value: '2024-03-09 10:00:00.000002+00' } } });
    expect(first.put.cursor?.after).toEqual({ value: '2024-03-09 10:00:00.000002+00', boundaryFrom: '2024-03-09 10:00:00.000002+00' });
    await pos.query(`insert into ${source} values (3, '2024-03-09 10:00:00.000003+00')`);
    expect((await run()).rows.counts).toEqual({ in: 2, out: 1, deduplicated: 1, quarantined: 0 });
    expect((await run()).rows.counts).toEqual({ in: 1, out: 0, deduplicated: 1, quarantined: 0 });
    expect(await ids(target)).toEqual(['1', '2', '3']);
  });

  test('does not lose a row that comes late with the very value of the cursor, nor one of several equal rows', async () => {
    await forget();
    const { source, target } = await tables();
    const { run } = pipeline(source, target, { column: 'sold_at' });
    const when = `'2024-03-09 10:00:00+00'`;
    await pos.query(`insert into ${source} values (1, ${when}, 'x'), (1, ${when}, 'x')`);
    await run();
    await pos.query(`insert into ${source} values (1, ${when}, 'x'), (2, ${when}, null)`);
    expect((await run()).rows.counts).toEqual({ in: 4, out: 2, deduplicated: 2, quarantined: 0 });
    expect((await run()).rows.counts).toEqual({ in: 4, out: 0, deduplicated: 4, quarantined: 0 });
    expect(await ids(target)).toEqual(['1', '1', '1', '2']);
  });

  test('takes rows that come late within the lag, once', async () => {
    await forget();
    const { source, target } = await tables();
    const { run } = pipeline(source, target, { column: 'sold_at', lag: '2 hours' });
    await pos.query(`insert into ${source} values (1, '2024-03-09 10:00+00'), (2, '2024-03-09 12:00+00')`);
    await run();
    await pos.query(`insert into ${source} values (3, '2024-03-09 10:30+00'), (4, '2024-03-09 09:59+00')`);
    expect((await run()).rows.counts).toEqual({ in: 3, out: 1, deduplicated: 2, quarantined: 0 });
    expect((await run()).rows.counts).toEqual({ in: 3, out: 0, deduplicated: 3, quarantined: 0 });
    expect(await ids(target)).toEqual(['1', '2', '3']);
  });

  test('does not read again what it could not recognise, when the lag is made longer', async () => {
    await forget();
    const { source, target } = await tables();
    await pos.query(
      `insert into ${source} select i, '2024-03-09 00:00+00'::timestamptz + i * interval '1 hour' from generate_series(1, 10) i`,
    );
    await pipeline(source, target, { column: 'sold_at', lag: '1 hour' }).run();
    await pipeline(source, target, { column: 'sold_at', lag: '8 hours' }).run();
    await pos.query(`insert into ${source} values (11, '2024-03-09 10:00+00')`);
    await pipeline(source, target, { column: 'sold_at', lag: '8 hours' }).run();
    expect(await ids(target)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11']);
  });

  test('knows a row by its key and its place, so that a newer version of it is new', async () => {
    await forget();
    const { source, target } = await tables();
    const { run } = pipeline(source, target, { column: 'sold_at', key: ['id'], lag: '1 day' });
    await pos.query(`insert into ${source} values (1, '2024-03-09 10:00+00', 'old'), (2, '2024-03-09 11:00+00', 'kept')`);
    await run();
    await pos.query(`update ${source} set sold_at = '2024-03-09 12:00+00', note = 'new' where id = 1`);
    await pos.query(`update ${source} set note = 'not seen' where id = 2`);
    expect((await run()).rows.counts).toEqual({ in: 2, out: 1, deduplicated: 1, quarantined: 0 });
    expect((await reporting.query(`select id, note from ${target} order by note`)).rows.map(({ note }) => note)).toEqual([
      'kept',
      'new',
      'old',
    ]);
  });

  test('leaves it to a merge to take rows again, and remembers none', async () => {
    await forget();
    const { source, target } = await tables();
    const cursor: CursorOptions = { column: 'sold_at', lag: '1 day' };
    const { run } = pipeline(source, target, cursor, { merge: ['id'] });
    await pos.query(`insert into ${source} select i, '2024-03-09 10:00+00', 'a' from generate_series(1, 25000) i`);
    await run();
    await pos.query(`update ${source} set note = 'b' where id = 7`);
    expect((await run()).put).toMatchObject({ inserted: 0, updated: 1, unchanged: 24_999 });
    expect(await stored()).toEqual({ value: '2024-03-09 10:00:00+00' });
  });

  test('says so when too many rows would have to be remembered', async () => {
    await forget();
    const { source, target } = await tables();
    await pos.query(`insert into ${source} select i, '2024-03-09 10:00+00' from generate_series(1, 20001) i`);
    await expect(pipeline(source, target, { column: 'sold_at' }).run()).rejects.toThrow(
      /20001 rows have "sold_at" from 2024-03-09 .*merge/,
    );
  });

  test('begins where "initial" says', async () => {
    await forget();
    const { source, target } = await tables();
    await pos.query(`insert into ${source} values (1, '2024-03-01 00:00+00'), (2, '2024-03-02 00:00+00'), (3, '2024-03-03 00:00+00')`);
    const { run } = pipeline(source, target, { column: 'sold_at', initial: new Date('2024-03-02T00:00:00Z'), lag: '5 days' });
    expect((await run()).rows.rows).toBe(2);
    expect((await run()).rows.counts).toMatchObject({ out: 0, deduplicated: 2 });
    const wrong = pipeline(source, target, { column: 'sold_at', initial: 'yesterday', name: 'other' });
    expect(await code(wrong.run())).toBe('HR_CURSOR_VALUE');
  });

  test('keeps its cursor when nothing is new and when the source shows less', async () => {
    await forget();
    const { source, target } = await tables();
    const { run } = pipeline(source, target, { column: 'sold_at' });
    await pos.query(`insert into ${source} values (1, '2024-03-01 00:00+00'), (2, '2024-03-02 00:00+00')`);
    await run();
    const before = await stored();
    await pos.query(`alter table ${source} rename to hidden_${source}`);
    await pos.query(`create table ${source} (like hidden_${source})`);
    await run();
    expect(await stored()).toEqual(before);
    await pos.query(`insert into ${source} select * from hidden_${source}`);
    await run();
    expect(await ids(target)).toEqual(['1', '2']);
  });
});

describe('rows without a value in the column', () => {
  const some = async () => {
    await forget();
    const { source, target } = await tables();
    await pos.query(`insert into ${source} values (1, '2024-03-09 10:00+00'), (2, null), (3, null)`);
    return { source, target };
  };

  test('fail the task, with their number', async () => {
    const { source, target } = await some();
    await expect(pipeline(source, target, { column: 'sold_at' }).run()).rejects.toThrow(/2 rows have no value in "sold_at"/);
    const interval = between('2024-03-09T00:00:00Z', '2024-03-10T00:00:00Z');
    expect(await code(pipeline(source, target, { column: 'sold_at' }).run({ interval }))).toBe('HR_CURSOR_MISSING');
  });

  test('are left out, or read in every run', async () => {
    const { source, target } = await some();
    const excluding = pipeline(source, target, { column: 'sold_at', onMissing: 'exclude' }, { merge: ['id'] });
    expect((await excluding.run()).rows.rows).toBe(1);
    expect(await ids(target)).toEqual(['1']);
    const including = pipeline(source, target, { column: 'sold_at', onMissing: 'include' }, { merge: ['id'] });
    expect((await including.run()).rows.rows).toBe(3);
    expect((await including.run()).rows.rows).toBe(3);
    expect(await ids(target)).toEqual(['1', '2', '3']);
  });
});

describe('a run with an interval', () => {
  const days = (source: string) =>
    pos.query(`insert into ${source} select i, '2024-03-01 00:00+00'::timestamptz + i * interval '6 hours' from generate_series(0, 19) i`);

  test('reads [start, end), knows of no cursor and moves none', async () => {
    await forget();
    const { source, target } = await tables();
    await days(source);
    const { run } = pipeline(source, target, { column: 'sold_at', lag: '3 days' });
    const second = between('2024-03-02T00:00:00Z', '2024-03-03T00:00:00Z');
    const { rows } = await run({ interval: second });
    expect(rows).toMatchObject({ rows: 4, counts: { in: 4, deduplicated: 0 } });
    expect(rows.cursor).toBeUndefined();
    expect(await ids(target)).toEqual(['4', '5', '6', '7']);
    await run({ interval: second });
    expect(await ids(target)).toEqual(['4', '5', '6', '7']);
    expect((await reporting.query(`select to_regclass('_headrace_cursor') as there`)).rows[0]?.there).toBeNull();
  });

  test('runs beside one that follows the cursor: both tables are as the source', async () => {
    await forget();
    const { source, target } = await tables();
    await days(source);
    const { run } = pipeline(source, target, { column: 'sold_at' }, { merge: ['id'] });
    await pos.query(`create table back_${source} (like ${source})`);
    await Promise.all([
      run({ taskInstanceId: '1' }),
      run({ taskInstanceId: '2', runId: 'backfill', interval: between('2024-03-02T00:00:00Z', '2024-03-04T00:00:00Z') }),
    ]);
    expect(await ids(target)).toHaveLength(20);
    expect(await stored()).toEqual({ value: '2024-03-05 18:00:00+00' });
  });

  test('chooses days by the dates of its own zone', async () => {
    await forget();
    const { source, target } = await tables('id int8, day date');
    await pos.query(`insert into ${source} select i, date '2024-03-01' + i::int from generate_series(0, 9) i`);
    const newYork = { ...between('2024-03-02T05:00:00Z', '2024-03-04T05:00:00Z'), day: '2024-03-02', endDay: '2024-03-04' };
    await pipeline(source, target, { column: 'day' }).run({ interval: newYork });
    expect(await ids(target)).toEqual(['1', '2']);
  });

  test.each<[string, string, CursorOptions, Partial<Parameters<Rig['run']>[1]>, string]>([
    [
      'an interval over numbers',
      'id int8, sold_at int8',
      { column: 'sold_at' },
      { interval: between('2024-03-02T00:00:00Z', '2024-03-03T00:00:00Z') },
      'HR_CURSOR_TYPE',
    ],
    ['none, where one is asked for', 'id int8, sold_at date', { column: 'sold_at', range: 'interval' }, {}, 'HR_CURSOR_UNRESOLVED'],
    ['a partition that is no time', 'id int8, sold_at date', { column: 'sold_at' }, { partitionKey: 'de' }, 'HR_CURSOR_UNRESOLVED'],
    ['a column that is not there', 'id int8, sold_at date', { column: 'sold' }, {}, 'HR_COLUMN_NOT_FOUND'],
    ['a key that is not there', 'id int8, sold_at date', { column: 'sold_at', key: ['idd'] }, {}, 'HR_COLUMN_NOT_FOUND'],
    ['a column without an order', 'id int8, sold_at float8', { column: 'sold_at' }, {}, 'HR_CURSOR_TYPE'],
    ['a number of unknown size', 'id int8, sold_at numeric', { column: 'sold_at' }, {}, 'HR_CURSOR_TYPE'],
  ])('is refused with %s', async (_, columns, cursor, options, expected) => {
    await forget();
    const { source, target } = await tables(columns);
    expect(await code(pipeline(source, target, cursor).run(options))).toBe(expected);
  });

  test('is needed by a load that replaces a partition', async () => {
    await forget();
    const { source } = await tables();
    const tasks = tasksOf(() => {
      const read = extract('read', { from: postgres('pos').table(source), cursor: { column: 'sold_at' } });
      load('put', { from: read, into: lake('lake').table('raw/parts'), partition: { day: '2024-03-01' } });
    });
    const read = tasks.get('read');
    if (!read) throw new TypeError('No task');
    expect(await code(rig.run(read, { interval: OPEN }))).toBe('HR_CURSOR_REPLACES');
  });
});

describe('rows of PostgreSQL', () => {
  test('are chosen by the server: the others are not even worked out', async () => {
    await forget();
    const { source, target } = await tables();
    await pos.query(`insert into ${source} values (1, '2024-03-01 00:00+00'), (2, '2024-03-02 00:00+00'), (3, null)`);
    await pos.query(`create view half_${source} as select id, sold_at, 10 / (id - 1) as share from ${source}`);
    const { run } = pipeline(`half_${source}`, target, { column: 'sold_at', initial: '2024-03-02', onMissing: 'include' });
    expect((await run()).rows.rows).toBe(2);
    expect((await run({ interval: between('2024-03-02T00:00:00Z', '2024-03-03T00:00:00Z') })).rows.rows).toBe(2);
    await expect(pipeline(`half_${source}`, target, { column: 'sold_at', onMissing: 'include', name: 'all' }).run()).rejects.toThrow(
      /division by zero/,
    );
  });
});

describe('values of the column', () => {
  test.each<[string, readonly string[], CursorOptions['lag'], string]>([
    ['int8', ['9007199254740993', '9223372036854775806', '9223372036854775807'], 1, '9223372036854775807'],
    ['int2', ['-32768', '-32767', '-32766'], 5, '-32766'],
    [
      'numeric(38,10)',
      ['0.0000000001', '1234567890123456789012345678.0000000001', '1234567890123456789012345678.0000000002'],
      undefined,
      '1234567890123456789012345678.0000000002',
    ],
    ['date', ['1999-12-31', '2024-02-29', '2024-03-01'], '36 hours', '2024-03-01'],
    [
      'timestamp',
      ['2024-03-01 00:00:00', '2024-03-01 00:00:00.000001', '2024-03-01 00:00:00.000002'],
      { ms: 1 },
      '2024-03-01 00:00:00.000002',
    ],
    [
      'timestamptz',
      ['2024-03-10 01:59:59.999999-05', '2024-03-10 03:00:00-04', '2024-03-10 03:00:00.000001-04'],
      undefined,
      '2024-03-10 07:00:00.000001+00',
    ],
    ['text', ['Z', 'a', `it's`], undefined, `it's`],
    [
      'uuid',
      ['018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000002', '018f0000-0000-7000-8000-0000000000ff'],
      undefined,
      '018f0000-0000-7000-8000-0000000000ff',
    ],
  ])('of type %s are followed exactly', async (type, values, lag, last) => {
    await forget();
    const { source, target } = await tables(`id ${type}`);
    const { run } = pipeline(source, target, { column: 'id', ...(lag === undefined ? {} : { lag }) });
    const [first, ...others] = values;
    await pos.query(`insert into ${source} select $1::text::${type}`, [first]);
    await run();
    await pos.query(`insert into ${source} select unnest($1::text[])::${type}`, [others]);
    await run();
    await run();
    expect((await reporting.query(`select count(*)::int as n, count(distinct id)::int as d from ${target}`)).rows).toEqual([
      { n: 3, d: 3 },
    ]);
    expect(await stored()).toMatchObject({ value: last });
  });

  test('after which nothing could come are refused', async () => {
    await forget();
    const { source, target } = await tables();
    await pos.query(`insert into ${source} values (1, 'infinity')`);
    await expect(pipeline(source, target, { column: 'sold_at' }).run()).rejects.toThrow(/"infinity" in "sold_at"/);
  });
});

describe('between extract and load', () => {
  test('a load is tried again without reading again, and a package is made again without a load', async () => {
    await forget();
    const { source, target } = await tables();
    const { read, put } = pipeline(source, target, { column: 'sold_at' });
    await pos.query(`insert into ${source} values (1, '2024-03-09 10:00+00')`);
    const dead = await read();
    await pos.query(`insert into ${source} values (2, '2024-03-09 11:00+00')`);
    const again = await read({ attempt: 2 });
    expect(again.cursor?.before).toEqual(dead.cursor?.before);
    expect(again.package).not.toBe(dead.package);
    await pos.query(`drop table ${source}`);
    await put(again);
    await put(again, { attempt: 2 });
    expect(await ids(target)).toEqual(['1', '2']);
  });

  test('a package from before another was loaded is refused, and a run that is cleared reads on', async () => {
    await forget();
    const { source, target } = await tables();
    const { read, put, run } = pipeline(source, target, { column: 'sold_at' });
    await pos.query(`insert into ${source} values (1, '2024-03-09 10:00+00')`);
    const old = await read({ runId: 'old' });
    await pos.query(`insert into ${source} values (2, '2024-03-09 11:00+00')`);
    await run({ runId: 'new' });
    expect(await code(put(old, { taskInstanceId: '2' }))).toBe('HR_CURSOR_MOVED');
    await pos.query(`insert into ${source} values (3, '2024-03-09 12:00+00')`);
    await run({ runId: 'old', attempt: 2, taskInstanceId: '2' });
    expect(await ids(target)).toEqual(['1', '2', '3']);
  });

  test('a load of a source has its cursor, too, and a lake keeps one', async () => {
    const { source } = await tables();
    const into = lake('lake').table(`raw/direct_${source}`);
    const put = () =>
      rig.runAll(
        () => load('put', { from: postgres('pos').table(source), into, disposition: 'append', cursor: { column: 'id', lag: 5 } }),
        {
          interval: OPEN,
        },
      );
    await pos.query(`insert into ${source} select i from generate_series(1, 10) i`);
    expect((await put()).put).toMatchObject({ rows: 10, cursor: { name: 'rig.put', before: null, after: { value: '10' } } });
    await pos.query(`insert into ${source} select i from generate_series(9, 12) i`);
    expect((await put()).put).toMatchObject({ rows: 4, counts: { in: 10, out: 4, deduplicated: 6 } });
    expect((await put()).put).toMatchObject({ rows: 0, counts: { out: 0 } });
  });
});

function pipeline(source: string, target: string, cursor: CursorOptions, disposition: Disposition = 'append') {
  const { read, put, run } = flow({ from: postgres('pos').table(source), into: postgres('reporting').table(target), cursor, disposition });
  const bound = { read, put, run };
  return { read, put, run: run.bind(bound) };
}
