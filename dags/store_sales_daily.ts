/**
 * A grocery chain's sales, from its tills to a report, one business day at a time.
 *
 *   tills (Postgres) ─┐
 *   products (XML) ───┼─▶ raw Parquet ─▶ revenue, sales by department, best sellers, promotions ─▶ Postgres and CSV
 *   promotions (CSV) ─┘
 *
 * The sample in `data/` is one week of the Complete Journey retail data set (84.51°); its readme says where it comes from. A run stands
 * for a day in New York, the zone of the tills' clocks, and any day can be run again: what has not changed is not written again.
 */
import { files, lake, postgres } from '@headrace/connectors';
import { checks, cron, dag, exportTo, extract, load, text, transform } from '@headrace/sdk';
import { productColumns, promotionColumns, tillColumns } from './store_sales/columns.ts';

export default dag(
  'store_sales_daily',
  {
    description: 'Revenue, sales by department, best sellers and the effect of promotions, per business day',
    schedule: cron('0 0 * * *', { timezone: 'America/New_York' }),
    start: '2017-06-19',
    end: '2017-06-26',
    catchup: 'all',
    maxActiveRuns: 3,
    retries: { max: 3, delay: '10s', backoff: 'exponential', jitter: true },
    tags: ['example', 'sales'],
  },
  ({ interval }) => {
    const { day } = interval;

    const tills = extract('extract_tills', {
      from: postgres('pos').table('pos.sales', {
        columns: tillColumns,
        where: 'transaction_timestamp >= $start and transaction_timestamp < $end',
        values: { start: interval.start, end: interval.end },
      }),
    });
    const sales = load('load_sales', {
      from: tills,
      into: lake('lake').table('raw/sales'),
      partition: { day },
      checks: [
        checks.rowCount({ min: 1 }),
        checks.notNull(['basket_id', 'product_id', 'sales_value']),
        checks.unique(['basket_id', 'product_id']),
      ],
    });

    const products = load('load_products', {
      from: extract('extract_products', { from: files('shop_files').xml('products.xml', { record: 'product', columns: productColumns }) }),
      into: lake('lake').table('raw/products'),
      checks: [checks.unique('product_id'), checks.notNull('department'), checks.acceptedValues('brand', ['National', 'Private'])],
    });

    const promotions = load('load_promotions', {
      from: extract('extract_promotions', { from: files('shop_files').csv('promotions.csv', { columns: promotionColumns }) }),
      into: lake('lake').table('raw/promotions'),
      checks: [checks.notNull(['product_id', 'store_id', 'week'])],
    });

    const revenue = transform('revenue', {
      reads: { sales },
      sql: `
        select
          day,
          count(*) as lines,
          count(distinct basket_id) as baskets,
          count(distinct household_id) as households,
          sum(quantity)::bigint as quantity,
          sum(sales_value)::decimal(18, 2) as revenue
        from sales
        group by day`,
      columns: { day: 'date', lines: 'int8', baskets: 'int8', households: 'int8', quantity: 'int8', revenue: 'decimal(18,2)' },
      into: lake('lake').table('mart/revenue'),
      partition: { day },
      checks: [checks.rowCount({ min: 1, max: 1 })],
    });

    const byDepartment = transform('sales_by_department', {
      reads: { sales, products },
      sql: `
        select
          day,
          coalesce(department, '(unlisted)') as department,
          count(*) as lines,
          sum(sales_value)::decimal(18, 2) as revenue
        from sales left join products using (product_id)
        group by all
        order by revenue desc, department`,
      columns: { day: 'date', department: 'text', lines: 'int8', revenue: 'decimal(18,2)' },
      into: lake('lake').table('mart/sales_by_department'),
      partition: { day },
      checks: [checks.unique('department')],
    });

    const bestSellers = transform('best_sellers', {
      reads: { sales, products },
      sql: `
        with sold as (
          select day, product_id, sum(quantity)::bigint as quantity, sum(sales_value)::decimal(18, 2) as revenue
          from sales
          group by all
        )
        select day, row_number() over (order by revenue desc, product_id)::int as place, product_id, product_type, department, quantity, revenue
        from sold left join products using (product_id)
        order by place
        limit $places`,
      values: { places: 10 },
      columns: {
        day: 'date',
        place: 'int4',
        product_id: 'int8',
        product_type: 'text',
        department: 'text',
        quantity: 'int8',
        revenue: 'decimal(18,2)',
      },
      into: lake('lake').table('mart/best_sellers'),
      partition: { day },
      checks: [checks.unique('place')],
    });

    const promoted = transform('promotion_share', {
      reads: { sales, promotions },
      // A product can be promoted in several places of a store: `exists` counts its sales once.
      sql: `
        select
          day,
          exists (
            from promotions as promotion
            where promotion.product_id = sales.product_id and promotion.store_id = sales.store_id and promotion.week = sales.week
          ) as promoted,
          count(*) as lines,
          sum(sales_value)::decimal(18, 2) as revenue
        from sales
        group by all`,
      columns: { day: 'date', promoted: 'boolean', lines: 'int8', revenue: 'decimal(18,2)' },
      into: lake('lake').table('mart/promotion_share'),
      partition: { day },
    });

    const reporting = postgres('reporting');
    exportTo('report_revenue', { from: revenue, into: reporting.table('revenue'), disposition: { merge: ['day'] } });
    exportTo('report_departments', {
      from: byDepartment,
      into: reporting.table('sales_by_department'),
      disposition: { merge: ['day', 'department'] },
    });
    exportTo('report_best_sellers', { from: bestSellers, into: reporting.table('best_sellers'), disposition: { merge: ['day', 'place'] } });
    exportTo('report_promotions', {
      from: promoted,
      into: reporting.table('promotion_share'),
      disposition: { merge: ['day', 'promoted'] },
    });
    exportTo('report_file', { from: byDepartment, into: files('reports').csv(text`sales-by-department-${day}.csv`) });
  },
);
