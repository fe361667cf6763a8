/** What clients of the API meet: results, logs, failures, tasks mapped over a list, assets, forms, a schedule. */
import { approval, asset, cron, dag, input, onAssets, partitions, task } from '@headrace/sdk';
import { z } from 'zod';

const orders = asset('orders', { metadata: z.object({ rows: z.number() }) });
const sales = asset('sales', { partitions: partitions.daily() });

export const pipeline = dag(
  'pipeline',
  { tags: ['client'], owners: ['data'], params: z.object({ rows: z.int().min(0).max(1000).default(3) }) },
  ({ params }) => {
    const extracted = task('extract', { in: { rows: params.rows } }, ({ rows, log }) => {
      log.info(`extracting ${rows} rows`);
      return Array.from({ length: rows }, (_, row) => ({ row }));
    });
    const doubled = task('double', { each: extracted }, ({ item }) => item.row * 2);
    task('load', { in: { doubled }, outlets: [orders] }, async ({ doubled, emit }) => {
      emit(orders, { extra: { rows: doubled.length } });
      return { rows: doubled.length };
    });
  },
);

export const failing = dag('failing', { tags: ['client'] }, () => {
  task('break', () => {
    throw new Error('the till is on fire');
  });
});

/** Its run goes on until it is told otherwise. */
export const endless = dag('endless', {}, () => {
  task('sleep', async ({ wait }) => wait.for('1 hour'));
});

export const nightly = dag(
  'nightly',
  { schedule: cron('15 2 * * *', { timezone: 'Europe/Berlin', interval: '1 day' }), start: '2024-01-01' },
  () => {
    task('count', ({ logicalDate }) => logicalDate ?? null);
  },
);

export const consumer = dag('consumer', { schedule: onAssets(orders) }, () => {
  task('read', ({ triggeringEvents }) => triggeringEvents.length);
});

export const shops = dag('shops', { partitions: partitions.daily() }, () => {
  task('sell', { outlets: [sales] }, ({ partitionKey }) => partitionKey);
});

export const people = dag('people', {}, () => {
  const amount = input('how_much', { subject: 'What may it cost?', schema: z.object({ euros: z.number().min(0) }), timeout: '2 days' });
  approval('may_it_go_out', { subject: 'Send the report?', after: amount, onReject: 'skip' });
});
