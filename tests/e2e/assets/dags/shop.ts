import { all, asset, dag, onAssets, partitions, task } from '@headrace/sdk';
import { z } from 'zod';

const daily = partitions.daily();
const orders = asset('shop/orders', { metadata: z.object({ rows: z.number() }) });
const stock = asset('shop/stock');
const sales = asset('shop/sales', { partitions: daily });

export const producer = dag('producer', { params: z.object({ fail: z.boolean().default(false) }) }, ({ params }) => {
  task('load', { in: { fail: params.fail }, outlets: [orders] }, ({ fail, emit }) => {
    emit(orders, { extra: { rows: 12 } });
    if (fail) throw new Error('no orders today');
  });
});

export const stocktaking = dag('stocktaking', {}, () => {
  task('count', { outlets: [stock] }, () => 'counted');
});

export const consumer = dag('consumer', { schedule: all(orders, stock) }, () => {
  task('join', ({ triggeringEvents }) => triggeringEvents.map((event) => [event.asset, event.extra]));
});

export const sale = dag('sale', { partitions: daily }, () => {
  task('sell', { outlets: [sales] }, ({ partitionKey }) => partitionKey);
});

export const weekly = dag(
  'weekly',
  { schedule: onAssets(sales.mapped(partitions.rollup('week'))), partitions: partitions.weekly() },
  () => {
    task('sum', ({ partitionKey, triggeringEvents }) => ({ week: partitionKey, days: triggeringEvents.length }));
  },
);
