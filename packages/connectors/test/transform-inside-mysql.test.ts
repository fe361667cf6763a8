/** SQL inside MariaDB: views, tables, incremental tables and histories, published as loads are. */
import { checks, type TableResult, type TaskDefinition, transform, type WarehouseForm } from '@headrace/sdk';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mysql } from '../src/index.ts';
import { createMariadbRig, type MariadbRig } from './support/mariadb-rig.ts';
import { only, type RunOptions } from './support/rig.ts';

let given: MariadbRig;
beforeAll(async () => {
  given = await createMariadbRig();
  await given.shop.query(`create table sales (day date, category varchar(20), amount decimal(12,2));
    insert into sales values ('2017-06-18', 'tea', 1.10), ('2017-06-19', 'tea', 2.20), ('2017-06-19', 'milk', 0.05)`);
}, 120_000);
afterAll(() => given.close());

const shop = mysql('shop');
const make = (table: string, as: WarehouseForm, sql: string, more: Readonly<Record<string, unknown>> = {}) =>
  only(() => transform.inside('made', { in: shop, as, table, sql, ...more })) as TaskDefinition<TableResult>;
const run = (table: string, as: WarehouseForm, sql: string, more?: Readonly<Record<string, unknown>>, options?: RunOptions) =>
  given.rig.run(make(table, as, sql, more), options);
const day = (n: number): RunOptions => {
  const start = new Date(Date.UTC(2020, 0, n));
  return {
    interval: { start, end: new Date(start.getTime() + 86_400_000), day: start.toISOString().slice(0, 10), hour: '' },
    runId: `day ${n}`,
  };
};

test('a table is replaced by what a query gives, its values are never SQL, and what fails changes nothing', async () => {
  const reads = { sold: shop.table('sales', { columns: { day: 'date', category: 'text', amount: 'decimal(12,2)' } }) };
  const sql = 'select category, sum(amount) as revenue from sold where category <> $not group by 1';
  const more = { reads, columns: { category: 'text', revenue: 'decimal(18,2)' }, values: { not: `'?; drop table sales; -- ` } };
  expect(await run('revenue', 'table', sql, more)).toMatchObject({
    kind: 'table',
    rows: 2,
    inserted: 2,
    counts: { in: 2, out: 2, deduplicated: 0, quarantined: 0 },
    lineage: { columns: { category: [{ input: 'sold', column: 'category' }], revenue: [{ input: 'sold', column: 'amount' }] } },
  });
  expect(await run('revenue', 'table', sql, more)).toMatchObject({ unchanged: 2, inserted: 0 });
  await expect(run('revenue', 'table', `select 'a' as category, 1.005 as revenue`, { columns: more.columns })).rejects.toMatchObject({
    code: 'HR_TYPE_MISMATCH',
  });
  await expect(
    run('revenue', 'table', `select null as category, 1.00 as revenue`, { checks: [checks.notNull('category')] }),
  ).rejects.toMatchObject({ code: 'HR_CHECK_FAILED' });
  await expect(run('revenue', 'table', 'select nothing from sales')).rejects.toMatchObject({ code: 'HR_SQL_INVALID' });
  expect(await given.rows('select * from revenue order by 1')).toEqual([
    ['milk', '0.05'],
    ['tea', '3.30'],
  ]);
  expect(await given.rows(`select rows_out from _headrace_load where target like '%.revenue'`)).toEqual([['2']]);
});

test('an incremental table is merged or its partition replaced, a history keeps versions', async () => {
  const merge = { incremental: { merge: ['id'] } } as const;
  await run('merged', merge, `select 1 as id, 'a' as name union all select 2, 'b'`, {}, day(1));
  expect(
    await run('merged', merge, `select 2 as id, 'B' as name union all select 3, 'c' union all select 3, 'c'`, {}, day(2)),
  ).toMatchObject({ inserted: 1, updated: 1 });
  expect(await given.rows('select * from merged order by 1')).toEqual([
    ['1', 'a'],
    ['2', 'B'],
    ['3', 'c'],
  ]);
  for (const at of ['2020-01-01', '2020-01-02', '2020-01-01'])
    await run('days', { incremental: 'replace-partition' }, 'select cast($at as date) as day, count(*) as n from sales', {
      values: { at },
      partition: { day: at },
    });
  expect(await given.rows('select * from days order by 1')).toEqual([
    ['2020-01-01', '3'],
    ['2020-01-02', '3'],
  ]);
  const scd2 = { scd2: ['id'] } as const;
  await run('history', scd2, `select 1 as id, 'a' as name`, {}, day(1));
  await run('history', scd2, `select 1 as id, 'b' as name`, {}, day(2));
  expect(await given.rows('select id, name, date(_valid_from), date(_valid_to) from history order by 3')).toEqual([
    ['1', 'a', '2020-01-02', '2020-01-03'],
    ['1', 'b', '2020-01-03', null],
  ]);
});

test('a view is checked before it takes the place of the one that is there, and is fenced', async () => {
  await run('shown', 'view', `select category, '?' as mark from sales`);
  expect(await run('shown', 'view', 'select amount from sales', { checks: [checks.rowCount({ min: 1 })] }, { attempt: 2 })).toMatchObject({
    rows: 0,
    checks: [{ ok: true }],
  });
  await expect(
    run('shown', 'view', 'select day from sales where false', { checks: [checks.rowCount({ min: 1 })] }, { attempt: 3 }),
  ).rejects.toMatchObject({ code: 'HR_CHECK_FAILED' });
  await expect(run('shown', 'view', 'select day from sales', {}, { attempt: 1 })).rejects.toMatchObject({ code: 'HR_FENCED_COMMIT' });
  expect(await given.rows('select sum(amount) from shown')).toEqual([['3.35']]);
  expect(await given.rows(`show tables like '\\\\_headrace\\\\_shown'`)).toEqual([]);
});
