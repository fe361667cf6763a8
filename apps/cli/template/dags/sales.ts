import { files, lake } from '@headrace/connectors';
import { checks, cron, dag, exportTo, extract, load, transform } from '@headrace/sdk';

/**
 * Orders from a CSV file, as a report on revenue by city:
 *
 *   data/orders.csv ─▶ raw Parquet ─▶ revenue by city ─▶ reports/revenue-by-city.csv
 *
 * The names `shop`, `lake` and `reports` are connections: headrace.config.ts says where they lead.
 */
export default dag(
  'sales',
  {
    description: 'Revenue by city, from the orders of the shop',
    schedule: cron('0 6 * * *', { timezone: 'UTC' }),
    start: '2026-01-01',
    retries: { max: 3, delay: '30s', backoff: 'exponential' },
    tags: ['example'],
  },
  () => {
    const orders = load('load_orders', {
      from: extract('extract_orders', {
        from: files('shop').csv('orders.csv', {
          columns: { order_id: 'int8', ordered_at: 'timestamptz', city: 'text', amount: 'decimal(10,2)' },
        }),
      }),
      into: lake('lake').table('raw/orders'),
      checks: [checks.rowCount({ min: 1 }), checks.unique('order_id'), checks.notNull(['city', 'amount'])],
    });

    const revenue = transform('revenue_by_city', {
      reads: { orders },
      sql: `
        select city, count(*) as orders, sum(amount)::decimal(18, 2) as revenue
        from orders
        group by city
        order by revenue desc`,
      columns: { city: 'text', orders: 'int8', revenue: 'decimal(18,2)' },
      into: lake('lake').table('mart/revenue_by_city'),
    });

    exportTo('report', { from: revenue, into: files('reports').csv('revenue-by-city.csv') });
  },
);
