import { newestSnapshot } from '@headrace/dataplane';
import { checks, extract, type LakeResult, load, type TaskDefinition, transform } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startS3 } from '../../../tests/support/s3-server.ts';
import { files, lake, postgres } from '../src/index.ts';
import { openRoot } from '../src/roots/open-root.ts';
import { createRig, only, type Rig, type RunOptions, tasksOf } from './support/rig.ts';

const places = [
  { name: 'on the local disk', open: async () => ({ url: undefined, close: async () => {} }) },
  {
    name: 'in S3',
    open: async () => {
      const { endpoint, region, bucket, accessKeyId, secretAccessKey, stop } = await startS3();
      const settings = new URLSearchParams({ endpoint, region, accessKeyId, secretAccessKey, pathStyle: 'true' });
      return { url: `s3://${bucket}/some/lake?${settings}`, close: stop };
    },
  },
];

describe.each(places)('a lake table $name', ({ open }) => {
  let rig: Rig;
  let place: { readonly url: string | undefined; close(): Promise<void> };
  let tables = 0;
  const table = (): string => {
    tables += 1;
    return `raw/table_${tables}`;
  };

  beforeAll(async () => {
    rig = await createRig();
    place = await open();
    if (place.url !== undefined) rig.connections.lake = place.url;
    const pos = await rig.client('pos');
    await pos.query(
      `create table source as select i::int8 as id, (i * 1.1)::numeric(10,2) as amount, 'n' || i as name from generate_series(1, 1000) i`,
    );
  }, 600_000);
  afterAll(async () => {
    await place.close();
    await rig.close();
  });

  const snapshot = async (name: string) => {
    const root = await openRoot({ id: 'lake', url: rig.connections.lake ?? '' });
    return newestSnapshot(root, name).finally(() => root.close());
  };
  const source = (where: string) => postgres('pos').table('source', { where });
  const put = (name: string, where: string, day?: string, disposition?: 'append' | 'replace') =>
    only(() =>
      load('put', {
        from: source(where),
        into: lake('lake').table(name),
        ...(day === undefined ? {} : { partition: { day } }),
        ...(disposition ? { disposition } : {}),
      }),
    ) as TaskDefinition<LakeResult>;
  const total = async (name: string, options?: RunOptions) => {
    const result = await rig.runAll(
      () =>
        transform('total', {
          reads: { rows: lake('lake').table(name) },
          sql: 'select count(*) as n, coalesce(sum(amount), 0)::decimal(18,2) as amount from rows',
          into: lake('lake').table(`${name}_total`),
          checks: [],
        }),
      options,
    );
    return (await snapshot(`${name}_total`))?.rows === 1 ? (result.total as LakeResult) : undefined;
  };

  test('keeps partitions apart and replaces one at a time', async () => {
    const name = table();
    await rig.run(put(name, 'id <= 10', '2017-06-19'));
    await rig.run(put(name, 'id <= 20', '2017-06-20'));
    const again = await rig.run(put(name, 'id <= 5', '2017-06-19'));
    expect(again).toMatchObject({ version: 3, rows: 5, partition: { day: '2017-06-19' } });
    const now = await snapshot(name);
    expect(now?.files.map(({ path, rows }) => [path.split('/').at(-2), rows])).toEqual([
      ['day=2017-06-20', 20],
      ['day=2017-06-19', 5],
    ]);
    expect(now?.rows).toBe(25);
    expect(now?.superseded).toHaveLength(1);
    expect(await total(name)).toMatchObject({ rows: 1 });
  });

  test('of which the same load is published again does not change', async () => {
    const name = table();
    const first = await rig.run(put(name, 'id <= 10', '2017-06-19'));
    const second = await rig.run(put(name, 'id <= 10', '2017-06-19'), { attempt: 2 });
    // The first one made the table, which is a change of the schema.
    const { drift: _, ...described } = first;
    expect(second).toEqual({ ...described, unchanged: true });
    expect((await snapshot(name))?.version).toBe(1);
  });

  test('takes appended loads once each', async () => {
    const name = table();
    const other = { start: new Date('2017-06-20T04:00:00Z'), end: new Date('2017-06-21T04:00:00Z'), day: '2017-06-20', hour: '' };
    await rig.run(put(name, 'id <= 10', undefined, 'append'));
    await rig.run(put(name, 'id <= 7', undefined, 'append'), { interval: other });
    await rig.run(put(name, 'id <= 12', undefined, 'append'), { attempt: 2 });
    expect((await snapshot(name))?.files.map(({ rows }) => rows)).toEqual([7, 12]);
  });

  test('refuses a late attempt', async () => {
    const name = table();
    await rig.run(put(name, 'id <= 10', '2017-06-19'), { attempt: 2 });
    const before = await snapshot(name);
    await expect(rig.run(put(name, 'id <= 9', '2017-06-19'), { attempt: 1 })).rejects.toMatchObject({ code: 'HR_FENCED_COMMIT' });
    expect(await snapshot(name)).toEqual(before);
  });

  test('is not touched by a load whose check fails', async () => {
    const name = table();
    await rig.run(put(name, 'id <= 10', '2017-06-19'));
    const before = await snapshot(name);
    const checked = only(() =>
      load('put', {
        from: source('id <= 3'),
        into: lake('lake').table(name),
        partition: { day: '2017-06-19' },
        checks: [checks.rowCount({ min: 4 }), checks.acceptedValues('name', ['n1', 'n2'])],
      }),
    );
    await expect(rig.run(checked)).rejects.toMatchObject({
      code: 'HR_CHECK_FAILED',
      retryable: false,
      message: expect.stringMatching(/row_count: there are 3 rows.*at least 4.*accepted_values on "name": 1 row fails, for example n3/),
    });
    expect(await snapshot(name)).toEqual(before);
  });

  test('records a check that only warns', async () => {
    const warned = only(() =>
      load('put', {
        from: source('id <= 3'),
        into: lake('lake').table(table()),
        checks: [checks.unique('name'), checks.rowCount({ max: 1 }, { severity: 'warn' })],
      }),
    );
    expect(await rig.run(warned)).toMatchObject({
      checks: [
        { check: 'unique', ok: true, count: 0 },
        { check: 'row_count', severity: 'warn', ok: false, count: 3 },
      ],
    });
  });

  test('gains new columns, and refuses another type for one it has', async () => {
    const name = table();
    await rig.run(put(name, 'id <= 10', '2017-06-19'));
    const query = (sql: string) =>
      only(() => load('put', { from: postgres('pos').query(sql), into: lake('lake').table(name), partition: { day: '2017-06-20' } }));
    await rig.run(query('select id, amount, name, true as fresh from source where id <= 2'));
    expect((await snapshot(name))?.columns.map((column) => column.name)).toEqual(['id', 'amount', 'name', 'fresh']);
    const read = await rig.runAll(() =>
      transform('read', {
        reads: { rows: lake('lake').table(name) },
        sql: 'select count(fresh) as fresh, count(*) as n from rows',
        into: lake('lake').table(`${name}_read`),
        columns: { fresh: 'int8', n: 'int8' },
        checks: [checks.acceptedValues('fresh', [2]), checks.acceptedValues('n', [12])],
      }),
    );
    expect(read.read?.checks.every(({ ok }) => ok)).toBe(true);
    await expect(rig.run(query('select id::text as id, amount, name from source'))).rejects.toMatchObject({
      code: 'HR_SCHEMA_CHANGED',
      message: expect.stringContaining('"id" is int8 in the table and text in the rows'),
    });
  });

  test('is unharmed by an attempt that was stopped before it committed; the retry gives the same rows', async () => {
    const name = table();
    await rig.run(put(name, 'id <= 10', '2017-06-19'));
    const before = await snapshot(name);
    const abort = new AbortController();
    const stopped = only(() =>
      load('put', {
        from: source('id <= 50'),
        into: lake('lake').table(name),
        partition: { day: '2017-06-19' },
        checks: [checks.notNull('id')],
      }),
    );
    await expect(
      rig.run(stopped, {
        attempt: 2,
        signal: abort.signal,
        onLog: ({ message }) => message.startsWith('check') && abort.abort(new Error('stopped')),
      }),
    ).rejects.toThrow('stopped');
    expect(await snapshot(name)).toEqual(before);
    expect(await rig.run(stopped, { attempt: 3 })).toMatchObject({ rows: 50, unchanged: false });
  });

  test('that is not there is named, with the nearest ones', async () => {
    const name = table();
    await rig.run(put(name, 'id <= 1'));
    await expect(
      rig.runAll(() =>
        transform('read', { reads: { rows: lake('lake').table(`${name}x`) }, sql: 'from rows', into: lake('lake').table('other') }),
      ),
    ).rejects.toMatchObject({
      code: 'HR_TABLE_NOT_FOUND',
      message: expect.stringContaining(`did you mean "${name}`),
    });
  });

  test('a task stands for the partition that its run wrote, a place for the whole table', async () => {
    const name = table();
    await rig.run(put(name, 'id <= 10', '2017-06-19'));
    const tasks = tasksOf(() => {
      const day = load('put', { from: source('id <= 4'), into: lake('lake').table(name), partition: { day: '2017-06-20' } });
      transform('count', {
        reads: { day, whole: lake('lake').table(name), first: lake('lake').table(name).partition({ day: '2017-06-19' }) },
        sql: 'select (select count(*) from day) as d, (select count(*) from whole) as w, (select count(*) from first) as f, (select min(day)::text from day) as m',
        into: lake('lake').table(`${name}_count`),
        checks: [
          checks.acceptedValues('d', [4]),
          checks.acceptedValues('w', [14]),
          checks.acceptedValues('f', [10]),
          checks.acceptedValues('m', ['2017-06-20']),
        ],
      });
    });
    const [put_, count] = [...tasks.values()] as [TaskDefinition, TaskDefinition];
    const day = await rig.run(put_);
    expect(await rig.run(count, { inputs: { day } })).toMatchObject({ rows: 1 });
  });

  test('a package survives its source, and files are read from the same kind of root', async () => {
    const results = await rig.runAll(() => {
      const products = extract('products', {
        from: files('shop_files').json('products.json', { columns: { product_id: 'int8', department: 'text' } }),
      });
      load('load_products', { from: products, into: lake('lake').table(table()), checks: [checks.unique('product_id')] });
    });
    expect(results.load_products).toMatchObject({ rows: 10_247 });
  });
});

// Not in S3: the gateway behind the tests' S3 checks `If-None-Match` and writes in two steps, so that two writers can both win
// there, as they cannot in S3 itself.
describe('a lake table on the local disk, with many writers', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await createRig();
    const pos = await rig.client('pos');
    await pos.query('create table source as select i::int8 as id from generate_series(1, 10) i');
  }, 60_000);
  afterAll(() => rig.close());

  test('takes all their loads', async () => {
    const days = Array.from({ length: 6 }, (_, index) => `2017-06-${19 + index}`);
    const put = (day: string, index: number) =>
      only(() =>
        load('put', {
          from: postgres('pos').table('source', { where: `id <= ${index + 1}` }),
          into: lake('lake').table('raw/many'),
          partition: { day },
        }),
      );
    await Promise.all(days.map((day, index) => rig.run(put(day, index))));
    const now = await newestSnapshot(await openRoot({ id: 'lake', url: rig.connections.lake ?? '' }), 'raw/many');
    expect(now?.version).toBe(6);
    expect(now?.files.map((file) => [file.partition.day, file.rows]).sort()).toEqual(days.map((day, index) => [day, index + 1]));
  });
});
