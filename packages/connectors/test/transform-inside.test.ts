/** SQL inside PostgreSQL: views, tables, incremental tables and histories, published as loads are. */
import { checks, type TableResult, type TaskDefinition, transform, type WarehouseForm } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { postgres } from '../src/index.ts';
import { createRig, only, type Rig, type RunOptions } from './support/rig.ts';

let rig: Rig;
let dwh: pg.Client;
beforeAll(async () => {
  rig = await createRig();
  dwh = await rig.client('reporting');
  await dwh.query(`create table sales (day date, category text, amount numeric(12,2));
    insert into sales values ('2017-06-18', 'tea', 1.10), ('2017-06-19', 'tea', 2.20), ('2017-06-19', 'milk', 0.05)`);
}, 60_000);
afterAll(() => rig.close());

const where = postgres('reporting');
type More = Readonly<Record<string, unknown>>;
const make = (table: string, as: WarehouseForm, sql: string, more: More = {}) =>
  only(() => transform.inside('made', { in: where, as, table, sql, ...more })) as TaskDefinition<TableResult>;
const run = (table: string, as: WarehouseForm, sql: string, more?: More, options?: RunOptions) =>
  rig.run(make(table, as, sql, more), options);
const rows = async (sql: string) => (await dwh.query({ text: sql, rowMode: 'array' })).rows;
const day = (n: number): RunOptions => {
  const start = new Date(Date.UTC(2020, 0, n));
  return {
    interval: { start, end: new Date(start.getTime() + 86_400_000), day: start.toISOString().slice(0, 10), hour: '' },
    runId: `day ${n}`,
  };
};

const REVENUE = 'select category, sum(amount)::numeric(14,2) as revenue from sold group by 1';
const reads = { sold: where.table('sales', { columns: { day: 'date', category: 'text', amount: 'decimal(12,2)' } }) };

describe('a table', () => {
  test('is built aside and exchanged, with counts, lineage and a record', async () => {
    const result = await run('mart.revenue', 'table', REVENUE, { reads, columns: { category: 'text', revenue: 'decimal(18,2)' } });
    expect(result).toMatchObject({
      kind: 'table',
      table: 'mart.revenue',
      rows: 2,
      counts: { in: 2, out: 2, deduplicated: 0, quarantined: 0 },
      inserted: 2,
      columns: [
        { name: 'category', type: 'text' },
        { name: 'revenue', type: 'decimal(18,2)' },
      ],
      lineage: {
        reads: [{ input: 'sold', connector: 'postgres', connection: 'reporting', name: 'sales' }],
        writes: [{ connector: 'postgres', connection: 'reporting', name: 'mart.revenue' }],
        columns: { category: [{ input: 'sold', column: 'category' }], revenue: [{ input: 'sold', column: 'amount' }] },
      },
    });
    expect(await rows('select * from mart.revenue order by 1')).toEqual([
      ['milk', '0.05'],
      ['tea', '3.30'],
    ]);
    expect(await rows(`select rows_in, rows_out, disposition from mart._headrace_load where target = 'mart.revenue'`)).toEqual([
      ['2', '2', 'replace'],
    ]);
    // The same again writes nothing; a new column is added.
    expect(await run('mart.revenue', 'table', REVENUE, { reads, columns: { category: 'text', revenue: 'decimal(18,2)' } })).toMatchObject({
      unchanged: 2,
      inserted: 0,
    });
    const wider = await run('mart.revenue', 'table', `select *, 1 as fresh from (${REVENUE}) r`, { reads });
    expect(wider.drift).toMatchObject([{ change: 'column_added', column: 'fresh', action: 'evolve' }]);
    expect(await rows('select * from mart.revenue order by 1')).toEqual([
      ['milk', '0.05', 1],
      ['tea', '3.30', 1],
    ]);
  });

  test('stays as it was when a check blocks, a contract freezes, or a value would be rounded', async () => {
    await run('kept', 'table', 'select 1 as id');
    await expect(run('kept', 'table', 'select null::int4 as id', { checks: [checks.notNull('id')] })).rejects.toMatchObject({
      code: 'HR_CHECK_FAILED',
    });
    await expect(run('kept', 'table', 'select 2 as id, 3 as more', { contract: 'freeze' })).rejects.toMatchObject({
      code: 'HR_SCHEMA_CHANGED',
    });
    await expect(run('kept', 'table', 'select 1.005 as id', { columns: { id: 'decimal(10,2)' } })).rejects.toMatchObject({
      code: 'HR_TYPE_MISMATCH',
      message: expect.stringContaining('column "id" would lose digits of 1.005'),
    });
    await expect(run('kept', 'table', `select 'x' as id`, { columns: { id: 'int4' } })).rejects.toMatchObject({ code: 'HR_TYPE_MISMATCH' });
    await expect(run('kept', 'table', 'select 1 as id, 2 as other', { columns: { id: 'int4' } })).rejects.toMatchObject({
      code: 'HR_SQL_INVALID',
    });
    await expect(run('kept', 'table', 'select 1/(id - 1) as id from kept')).rejects.toMatchObject({
      message: expect.stringContaining('division by zero'),
    });
    expect(await rows('select * from kept')).toEqual([[1]]);
  });

  test('takes values as values, and is fenced against a newer attempt', async () => {
    const values = { text: `'; drop table sales; --`, n: 5n, none: null };
    await run('valued', 'table', 'select $text as text, $n as n, $none::text as none', { values });
    expect(await rows('select * from valued')).toEqual([[`'; drop table sales; --`, '5', null]]);
    await rig.run(make('fenced', 'table', 'select 1 as id'), { attempt: 2 });
    await expect(rig.run(make('fenced', 'table', 'select 2 as id'), { attempt: 1 })).rejects.toMatchObject({ code: 'HR_FENCED_COMMIT' });
    expect(await rows('select * from fenced')).toEqual([[1]]);
  });
});

test('an incremental table is merged by keys, or a partition replaced', async () => {
  const merge = { incremental: { merge: ['id'] } } as const;
  expect(await run('merged', merge, `select * from (values (1, 'a'), (2, 'b')) v (id, name)`, {}, day(1))).toMatchObject({ inserted: 2 });
  expect(await run('merged', merge, `select * from (values (2, 'B'), (3, 'c'), (3, 'c')) v (id, name)`, {}, day(2))).toMatchObject({
    inserted: 1,
    updated: 1,
    counts: { in: 3, out: 2, deduplicated: 1 },
  });
  expect(await rows('select * from merged order by 1')).toEqual([
    [1, 'a'],
    [2, 'B'],
    [3, 'c'],
  ]);
  const partition = { incremental: 'replace-partition' } as const;
  for (const at of ['2020-01-01', '2020-01-02', '2020-01-01'])
    await run('days', partition, 'select $at::date as day, count(*) as n from sales', { values: { at }, partition: { day: at } });
  expect(await rows('select day::text, n from days order by 1')).toEqual([
    ['2020-01-01', '3'],
    ['2020-01-02', '3'],
  ]);
});

test('a history keeps every version', async () => {
  const scd2 = { scd2: ['id'], missing: 'close' } as const;
  await run('history', scd2, `select 1 as id, 'a' as name`, {}, day(1));
  await run('history', scd2, `select 1 as id, 'b' as name union all select 2, 'x'`, {}, day(2));
  expect(await rows(`select id, name, _valid_from::date::text, _valid_to::date::text from history order by 1, 3`)).toEqual([
    [1, 'a', '2020-01-02', '2020-01-03'],
    [1, 'b', '2020-01-03', null],
    [2, 'x', '2020-01-03', null],
  ]);
});

describe('a view', () => {
  test('is replaced in one step and keeps its grants, also with other columns', async () => {
    await run('shown', 'view', 'select category from sales');
    const role = `reader_${process.pid}`;
    await dwh.query(`create role ${role}; grant select on shown to ${role}; comment on view shown is 'what is shown'`);
    try {
      const result = await run('shown', 'view', 'select amount, day from sold', { reads, checks: [checks.rowCount({ min: 1 })] });
      expect(result).toMatchObject({
        kind: 'table',
        rows: 0,
        checks: [{ ok: true }],
        lineage: { columns: { amount: [{ input: 'sold', column: 'amount' }] } },
      });
      expect(await rows('select count(amount) from shown')).toEqual([['3']]);
      expect(await rows(`select has_table_privilege('${role}', 'shown', 'select'), obj_description('shown'::regclass)`)).toEqual([
        [true, 'what is shown'],
      ]);
      await expect(
        run('shown', 'view', 'select amount from sales where false', { checks: [checks.rowCount({ min: 1 })] }),
      ).rejects.toMatchObject({ code: 'HR_CHECK_FAILED' });
      expect(await rows('select count(day) from shown')).toEqual([['3']]);
      await dwh.query('create view above as select day from shown');
      await expect(run('shown', 'view', 'select 1 as other')).rejects.toMatchObject({ code: 'HR_VIEW_IN_USE' });
      await expect(run('sales', 'view', 'select 1 as other')).rejects.toMatchObject({ code: 'HR_TARGET_NOT_A_VIEW' });
    } finally {
      await dwh.query(`drop owned by ${role}; drop role ${role}`);
    }
  });

  test('can have no values, and reads nothing of another connection', async () => {
    expect(() => make('v', 'view', 'select $a as a', { values: { a: 1 } })).toThrow(/a view is read long after its run/);
    await expect(run('v', 'view', 'select * from other', { reads: { other: postgres('pos').table('other') } })).rejects.toMatchObject({
      code: 'HR_INPUT_UNREADABLE',
    });
  });
});
