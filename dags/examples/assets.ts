import { all, any, asset, assetsAndTime, assetsOrTime, cron, dag, task } from '@headrace/sdk';
import { z } from 'zod';

const orders = asset('shop/orders', { uri: 's3://lake/raw/orders', metadata: z.object({ rows: z.number() }) });
const stock = asset('shop/stock');
const prices = asset('shop/prices');

/** Makes two assets. The event of `orders` must say how many rows there are: that is checked by the compiler and when it runs. */
export const producer = dag('example_asset_producer', { tags: ['example'] }, () => {
  task('load_orders', { outlets: [orders] }, ({ emit }) => {
    emit(orders, { extra: { rows: 1_200 } });
  });
  task('load_stock', { outlets: [stock] }, () => 'stock is there');
});

/** Runs when both have an event since its last run. */
export const both = dag('example_asset_consumer', { schedule: all(orders, stock), tags: ['example'] }, () => {
  task('join', ({ triggeringEvents, log }) => {
    for (const event of triggeringEvents) log.info(`${event.asset}: ${JSON.stringify(event.extra)}`);
    return triggeringEvents.length;
  });
});

/** Runs when any of these does. */
export const either = dag('example_asset_any', { schedule: any(prices, all(orders, stock)), tags: ['example'] }, () => {
  task('recompute', () => 'recomputed');
});

const nightly = cron('0 4 * * *', { timezone: 'Europe/Berlin' });

/** Made at four, starts when the orders are there too. */
export const gated = dag(
  'example_asset_and_time',
  { schedule: assetsAndTime(orders, nightly), start: '2026-01-01', paused: true, tags: ['example'] },
  () => {
    task('report', () => 'reported');
  },
);

/** At four, and besides whenever prices change. */
export const besides = dag(
  'example_asset_or_time',
  { schedule: assetsOrTime(prices, nightly), start: '2026-01-01', paused: true, tags: ['example'] },
  () => {
    task('reprice', () => 'repriced');
  },
);
