import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataInterval, TableResult } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { seedTills } from '../../../dags/_standalone.ts';
import storeSales from '../../../dags/store_sales_daily.ts';
import { createRig, type Rig } from './support/rig.ts';

interface Day {
  readonly date: string;
  readonly rows: number;
  readonly baskets: number;
  readonly households: number;
  readonly quantity: number;
  readonly revenue: string;
  readonly revenue_by_department: Readonly<Record<string, string>>;
  readonly top_products: readonly { readonly product_id: number; readonly quantity: number; readonly revenue: string }[];
  readonly promotion: { readonly rows: number; readonly revenue: string };
}

const data = fileURLToPath(new URL('../../../dags/data', import.meta.url));

function intervalOf(date: string): DataInterval {
  const start = new Date(`${date}T04:00:00Z`);
  return { start, end: new Date(start.getTime() + 86_400_000), day: date, hour: `${date}T00` };
}

describe('the pipeline store_sales_daily on the sample', () => {
  let rig: Rig;
  let expected: { readonly days: readonly Day[]; readonly total: Day };

  beforeAll(async () => {
    rig = await createRig();
    expected = JSON.parse(await readFile(join(data, 'expected.json'), 'utf8'));
    expect(await seedTills(rig.connections.pos ?? '', join(data, 'sales.csv.gz'))).toBe(expected.total.rows);
    for (const { date } of expected.days) await rig.runDag(storeSales, { interval: intervalOf(date) });
  }, 120_000);
  afterAll(() => rig.close());

  test('a second seed copies nothing', async () => {
    expect(await seedTills(rig.connections.pos ?? '', join(data, 'sales.csv.gz'))).toBe(0);
  });

  test('the reporting database has exactly the totals that were computed from the raw files', async () => {
    const reporting = await rig.client('reporting');
    const { rows } = await reporting.query(
      `select day::text as date, lines::int as rows, baskets::int, households::int, quantity::int, revenue::text from revenue order by day`,
    );
    expect(rows).toEqual(
      expected.days.map(({ date, rows: lines, baskets, households, quantity, revenue }) => ({
        date,
        rows: lines,
        baskets,
        households,
        quantity,
        revenue,
      })),
    );
    const { rows: total } = await reporting.query('select sum(revenue)::text as revenue, sum(lines)::int as rows from revenue');
    expect(total).toEqual([{ revenue: expected.total.revenue, rows: expected.total.rows }]);
  });

  test('revenue by department, best sellers and promotions agree for every day', async () => {
    const reporting = await rig.client('reporting');
    for (const day of expected.days) {
      const departments = await reporting.query<{ department: string; revenue: string }>(
        'select department, revenue::text from sales_by_department where day = $1',
        [day.date],
      );
      expect(Object.fromEntries(departments.rows.map(({ department, revenue }) => [department, revenue]))).toEqual(
        day.revenue_by_department,
      );
      const best = await reporting.query(
        'select product_id::int, quantity::int, revenue::text from best_sellers where day = $1 order by place',
        [day.date],
      );
      expect(best.rows).toEqual(day.top_products);
      const promotion = await reporting.query('select lines::int as rows, revenue::text from promotion_share where day = $1 and promoted', [
        day.date,
      ]);
      expect(promotion.rows).toEqual([day.promotion]);
    }
  });

  test('the report file of a day names the departments, the greatest first', async () => {
    const [first] = expected.days;
    const lines = (await readFile(join(rig.folder, 'reports', `sales-by-department-${first?.date}.csv`), 'utf8')).trimEnd().split('\n');
    expect(lines[0]).toBe('department,lines,revenue,day');
    const revenues = Object.entries(first?.revenue_by_department ?? {});
    expect(lines).toHaveLength(revenues.length + 1);
    const greatest = revenues.toSorted((a, b) => Number(b[1]) - Number(a[1]))[0];
    expect(lines[1]).toMatch(new RegExp(`^${greatest?.[0]},\\d+,${greatest?.[1]},${first?.date}$`));
  });

  test('running a day again writes no row of the reports', async () => {
    const reporting = await rig.client('reporting');
    const versions = async (): Promise<unknown> =>
      (
        await reporting.query(`select 'r' as t, ctid::text, xmin::text, day from revenue union all select 'd', ctid::text, xmin::text, day from sales_by_department
        union all select 'b', ctid::text, xmin::text, day from best_sellers union all select 'p', ctid::text, xmin::text, day from promotion_share order by 1, 2`)
      ).rows;
    const before = await versions();
    const results = await rig.runDag(storeSales, { interval: intervalOf('2017-06-21') });
    expect(await versions()).toEqual(before);
    expect(results.load_sales).toMatchObject({ unchanged: true });
    expect(results.report_revenue as TableResult).toMatchObject({ inserted: 0, updated: 0, deleted: 0, unchanged: 1 });
  });
});
