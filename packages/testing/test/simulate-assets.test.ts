import { all, asset, assetsAndTime, cron, dag, onAssets, partitions, task } from '@headrace/sdk';
import { describe, expect, test } from '@jest/globals';
import { simulate } from '../src/index.ts';

const orders = asset('orders');
const stock = asset('stock');

const hourly = dag('hourly', { schedule: cron('0 */6 * * *'), start: '2026-01-01' }, () => {
  task('load', { outlets: [orders] }, () => 1);
});
const daily = dag('daily', { schedule: cron('30 12 * * *'), start: '2026-01-01' }, () => {
  task('count', { outlets: [stock] }, () => 1);
});
const report = dag('report', { schedule: all(orders, stock) }, () => {
  task('join', () => 1);
});

describe('assets in a simulation', () => {
  test('start what waits for them, once all have come', async () => {
    const result = await simulate([hourly, daily, report], { from: '2026-01-01', to: '2026-01-04' });
    const runs = result.runsOf('report');
    expect(runs.map((run) => [run.runType, run.startedAt?.toISOString().slice(0, 16)])).toEqual(
      // The first interval of the daily DAG has ended a day after its start.
      [2, 3].map((day) => ['asset_triggered', `2026-01-0${day}T12:30`]),
    );
  });

  test('make nothing when their tasks fail', async () => {
    const result = await simulate([hourly, daily, report], { from: '2026-01-01', to: '2026-01-04', outcomes: { count: 'failed' } });
    expect(result.runsOf('report')).toEqual([]);
    expect(result.assetEvents.every((event) => event.asset === 'orders')).toBe(true);
  });

  test('hold a run that time has made until they are there', async () => {
    const gated = dag('gated', { schedule: assetsAndTime(stock, cron('0 4 * * *')), start: '2026-01-01' }, () => {
      task('go', () => 1);
    });
    const result = await simulate([daily, gated], { from: '2026-01-01', to: '2026-01-04' });
    expect(result.runsOf('gated').map((run) => [run.runId, run.startedAt?.toISOString().slice(0, 16)])).toEqual([
      ['scheduled__2026-01-01T04:00:00.000Z', '2026-01-02T12:30'],
      ['scheduled__2026-01-02T04:00:00.000Z', '2026-01-03T12:30'],
    ]);
  });

  test('roll up: one run a month when every day is there, of a year in a moment', async () => {
    const days = partitions.daily();
    const sales = asset('sales', { partitions: days });
    const sell = dag('sell', { schedule: cron('0 1 * * *', { partitioned: true }), start: '2026-01-01', partitions: days }, () => {
      task('load', { outlets: [sales] }, () => 1);
    });
    const monthly = dag(
      'monthly',
      { schedule: onAssets(sales.mapped(partitions.rollup('month'))), partitions: partitions.monthly() },
      () => {
        task('sum', () => 1);
      },
    );
    const result = await simulate([sell, monthly], { from: '2026-01-01', to: '2027-01-01T12:00:00Z' });
    expect(result.runsOf('monthly')).toHaveLength(12);
    expect(result.runsOf('monthly').every((run) => run.status === 'success')).toBe(true);
    expect(result.assetEvents.at(0)?.partition).toBe('2026-01-01');
  });
});
