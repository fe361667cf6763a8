/** Functions over rows: values of every type, what becomes of rows, both ways through which rows go. */
import { type LakeResult, type TableResult, type TaskDefinition, transform } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { lake, postgres } from '../src/index.ts';
import { createRig, only, type Rig } from './support/rig.ts';

let rig: Rig;
let reporting: pg.Client;
beforeAll(async () => {
  rig = await createRig();
  reporting = await rig.client('reporting');
  const pos = await rig.client('pos');
  await pos.query(`
    create table sales (id int8 not null, quantity int4, amount numeric(18,4), at timestamptz, note text, promoted boolean, data bytea, extra jsonb);
    insert into sales values
      (9007199254740993, 1, 1.5000, '2020-02-29 23:59:59.123456+00', E'tab\\t, line\\nbreak, "quote", back\\\\slash', true, '\\x00ff5c', '{"n": 12345678901234567890}'),
      (2, null, null, null, null, null, null, null),
      (3, -3, 99999999999999.9999, '1999-12-31 00:00:00+00', '\\N', false, '\\x', '[]'),
      (4, 4, 4, '2020-01-01 00:00:00.5+00', '', true, '\\x01', '"x"');`);
}, 60_000);
afterAll(() => rig.close());

const columns = {
  id: 'int8',
  quantity: 'int4',
  amount: 'decimal(18,4)',
  at: 'timestamptz',
  note: 'text',
  promoted: 'boolean',
  data: 'bytes',
  extra: 'json',
} as const;
const sales = postgres('pos').table('sales', { columns });
const run = <R>(build: () => unknown): Promise<R> => rig.run(only(build) as TaskDefinition<R>);
const written = async (table: string): Promise<readonly unknown[]> =>
  (await reporting.query(`select to_jsonb(t) as row from ${table} t order by id`)).rows.map(({ row }) => row);

describe.each([
  ['as the text of COPY', 'fail'],
  ['through DuckDB', 'quarantine'],
] as const)('rows that pass %s', (name, onError) => {
  const table = `copied_${name.length}`;

  test('are given as values of their types, and what is not changed arrives as it was', async () => {
    const seen: unknown[] = [];
    const result = await run<TableResult>(() =>
      transform.rows('clean', {
        reads: { rows: sales },
        columns,
        into: postgres('reporting').table(table, { columns }),
        onError,
        row(row, { number }) {
          seen.push([number, row.id, row.quantity, row.amount, row.at, row.note, row.promoted, row.data && [...row.data], row.extra]);
          return { ...row, quantity: (row.quantity ?? 0) + 1 };
        },
      }),
    );
    expect(seen).toEqual([
      [
        1,
        9007199254740993n,
        1,
        '1.5000',
        '2020-02-29T23:59:59.123456Z',
        'tab\t, line\nbreak, "quote", back\\slash',
        true,
        [0, 255, 92],
        expect.stringMatching(/^\{"n": ?12345678901234567890\}$/),
      ],
      [2, 2n, null, null, null, null, null, null, null],
      [3, 3n, -3, '99999999999999.9999', '1999-12-31T00:00:00Z', '\\N', false, [], '[]'],
      [4, 4n, 4, '4.0000', '2020-01-01T00:00:00.5Z', '', true, [1], '"x"'],
    ]);
    expect(result).toMatchObject({
      kind: 'table',
      rows: 4,
      counts: { in: 4, out: 4, deduplicated: 0, quarantined: 0 },
      transformed: { read: 4, dropped: 0, failed: 0, made: 4 },
      lineage: {
        reads: [{ input: 'rows', connector: 'postgres', connection: 'pos', name: 'sales' }],
        writes: [{ connector: 'postgres', connection: 'reporting', name: `public.${table}` }],
      },
    });
    const pos = await rig.client('pos');
    const { rows: source } = await pos.query('select to_jsonb(t) as row from (select * from sales order by id) t');
    expect(await written(table)).toEqual(source.map(({ row }) => ({ ...row, quantity: (row.quantity ?? 0) + 1 })));
  });

  test('are dropped, doubled, and given values of every type', async () => {
    const result = await run<TableResult>(() =>
      transform.rows('clean', {
        reads: { rows: sales },
        columns: { ...columns, tag: 'text' },
        into: postgres('reporting').table(`${table}_b`),
        onError,
        row(row) {
          if (row.id === 2n) return undefined;
          row.note = 'a\tb"c\\d\n';
          const whole = {
            tag: '\\N',
            amount: '-0.0001',
            at: '2021-01-01T00:00:00.000001Z',
            data: new Uint8Array([92, 0]),
            extra: '{"a":1e400}',
          };
          return row.id === 3n ? [{ ...whole }, { ...whole, id: 30n, promoted: null }] : { ...whole, quantity: 7 };
        },
      }),
    );
    expect(result).toMatchObject({
      rows: 4,
      counts: { in: 4, out: 4, quarantined: 0 },
      transformed: { read: 4, dropped: 1, failed: 0, made: 4 },
    });
    const { rows } = await reporting.query(
      `select id::text, quantity, amount, at::text, note, promoted, data, tag from ${table}_b order by id::numeric`,
    );
    const common = { amount: '-0.0001', at: '2021-01-01 00:00:00.000001+00', note: 'a\tb"c\\d\n', data: Buffer.from([92, 0]), tag: '\\N' };
    expect(rows).toEqual([
      { id: '3', quantity: -3, promoted: false, ...common },
      { id: '4', quantity: 7, promoted: true, ...common },
      { id: '30', quantity: -3, promoted: null, ...common },
      { id: '9007199254740993', quantity: 7, promoted: true, ...common },
    ]);
  });
});

test('a row that fails, fails the task with its number, and nothing is published', async () => {
  const task = (row: (row: { id: bigint | null }) => { id: bigint }) => () =>
    transform.rows('clean', {
      reads: { rows: postgres('pos').table('sales', { columns: { id: 'int8' } }) },
      columns: { id: 'int8' },
      into: postgres('reporting').table('never'),
      row,
    });
  await expect(
    run(
      task(({ id }) => {
        if (id === 3n) throw new Error('three is not allowed');
        return { id: id ?? 0n };
      }),
    ),
  ).rejects.toMatchObject({ code: 'HR_ROW_FAILED', message: 'transform "clean": row 3: three is not allowed' });
  await expect(run(task(() => ({ id: 'many' as never })))).rejects.toMatchObject({
    code: 'HR_ROW_FAILED',
    message: expect.stringContaining('row 1: column "id" is int8, which "many" is not: give a bigint'),
  });
  await expect(run(task((async () => ({ id: 1n })) as never))).rejects.toMatchObject({ message: expect.stringContaining('use "batch"') });
  expect((await reporting.query(`select to_regclass('never') as there`)).rows).toEqual([{ there: null }]);
});

test('rows that fail are kept aside, and the sum holds', async () => {
  const result = await run<TableResult>(() =>
    transform.rows('careful', {
      reads: { rows: sales },
      columns: { id: 'int8', note: 'text' },
      into: postgres('reporting').table('careful'),
      onError: 'quarantine',
      row(row) {
        if (row.note === null) throw new Error('no note');
        return {};
      },
    }),
  );
  expect(result).toMatchObject({
    counts: { in: 4, out: 3, deduplicated: 0, quarantined: 1 },
    transformed: { read: 4, dropped: 0, failed: 1, made: 3 },
    quarantine: '_quarantine/rig/careful',
  });
});

test('batches are whole rows, may be awaited, and go to a lake', async () => {
  const sizes: number[] = [];
  const result = await run<LakeResult>(() =>
    transform.batches('batched', {
      reads: { rows: sales },
      columns: { id: 'int8', score: 'float8', note: 'text' },
      into: lake('lake').table('scores'),
      batchSize: 3,
      async batch(rows) {
        sizes.push(rows.length);
        await Promise.resolve();
        return rows.filter(({ id }) => id !== 2n).map((row) => ({ ...row, score: row.quantity === null ? Number.NaN : row.quantity / 4 }));
      },
    }),
  );
  expect(sizes).toEqual([3, 1]);
  expect(result).toMatchObject({ kind: 'lake', rows: 3, transformed: { read: 4, dropped: 1, made: 3 } });
  const total = await run<LakeResult>(() =>
    transform('total', {
      reads: { scores: lake('lake').table('scores') },
      sql: 'select sum(score) as total, count(*) as n from scores',
      into: lake('lake').table('total'),
      columns: { total: 'float8', n: 'int8' },
    }),
  );
  expect(total).toMatchObject({ rows: 1, lineage: { columns: { total: [{ input: 'scores', column: 'score' }], n: [] } } });
});
