import { asset, cron, dag, onAssets, partitions, task } from '@headrace/sdk';

const daily = partitions.daily({ timezone: 'Europe/Berlin', start: '2026-01-01' });
const sales = asset('shop/sales_by_day', { partitions: daily });

/** Every run is of one day, and so is the event that it makes. */
export const days = dag(
  'example_partition_days',
  {
    schedule: cron('0 3 * * *', { timezone: 'Europe/Berlin', partitioned: true }),
    start: '2026-01-01',
    catchup: 'all',
    partitions: daily,
    paused: true,
    tags: ['example'],
  },
  () => {
    task('load', { outlets: [sales] }, ({ partitionKey, emit }) => {
      emit(sales, { partition: partitionKey, extra: { rows: 10 } });
      return partitionKey;
    });
  },
);

/** One run a month, when all days of the month are there. */
export const months = dag(
  'example_partition_months',
  {
    schedule: onAssets(sales.mapped(partitions.rollup('month'))),
    partitions: partitions.monthly({ timezone: 'Europe/Berlin' }),
    tags: ['example'],
  },
  () => {
    task('sum_up', ({ partitionKey, triggeringEvents }) => ({ month: partitionKey, days: triggeringEvents.length }));
  },
);
