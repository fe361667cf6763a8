import { describe, expect, test } from '@jest/globals';
import { type AssetSpec, freshnessNotices, freshnessOf } from '../src/index.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const at = (text: string): number => Date.parse(`${text}Z`);
const notify = [{ kind: 'webhook', connection: 'pager' }] as const;

describe('an asset without partitions', () => {
  const sales: AssetSpec = { name: 'sales', freshness: { withinMs: 2 * HOUR, notify } };

  test('is fresh for so long after its newest event', () => {
    const newestAt = at('2026-01-02T03:00');
    expect(freshnessOf(sales, { newestAt }, 0, newestAt + 2 * HOUR - 1)).toEqual({ dueAt: newestAt + 2 * HOUR, missed: false });
    expect(freshnessOf(sales, { newestAt }, 0, newestAt + 2 * HOUR)).toEqual({ dueAt: newestAt + 2 * HOUR, missed: true });
  });

  test('is not expected before its DAG was un-paused', () => {
    const since = at('2026-01-02T00:00');
    expect(freshnessOf(sales, { newestAt: 0 }, since, since + HOUR)).toEqual({ dueAt: since + 2 * HOUR, missed: false });
    expect(freshnessOf(sales, {}, since, since + 2 * HOUR)?.missed).toBe(true);
    expect(freshnessOf({ name: 'x' }, {}, since, since)).toBeUndefined();
  });
});

describe('an asset with partitions of time', () => {
  const daily: AssetSpec = {
    name: 'sales',
    partitions: { kind: 'time', every: 'day', timezone: 'Europe/Berlin' },
    freshness: { withinMs: 3 * HOUR, notify },
  };
  const now = at('2026-01-05T01:00');
  // The day of 4 January ends at 23:00 UTC, in Berlin's winter.
  const due = at('2026-01-04T23:00') + 3 * HOUR;

  test('needs the newest partition that should be there by now', () => {
    expect(freshnessOf(daily, { newestPartition: '2026-01-03' }, 0, now)).toEqual({ partition: '2026-01-04', dueAt: due, missed: false });
    expect(freshnessOf(daily, { newestPartition: '2026-01-03' }, 0, due)?.missed).toBe(true);
    expect(freshnessOf(daily, {}, 0, due)?.missed).toBe(true);
  });

  test('a late event of an older partition does not make it fresh', () => {
    expect(freshnessOf(daily, { newestAt: due, newestPartition: '2026-01-03' }, 0, due)?.missed).toBe(true);
  });

  test('with that partition there, the next one counts', () => {
    const next = { partition: '2026-01-05', dueAt: due + DAY, missed: false };
    expect(freshnessOf(daily, { newestPartition: '2026-01-04' }, 0, now)).toEqual(next);
    expect(freshnessOf(daily, {}, at('2026-01-04T23:30'), now)).toEqual(next);
    const begins = {
      ...daily,
      partitions: { kind: 'time', every: 'day', timezone: 'Europe/Berlin', startAt: at('2026-01-04T23:00') },
    } as const;
    expect(freshnessOf(begins, {}, 0, now)).toEqual(next);
  });

  test('what is told: once for each due time', () => {
    const missed = { partition: '2026-01-04', dueAt: due, missed: true };
    const [told] = freshnessNotices({ dagId: 'shop' }, daily, { newestAt: 0 }, missed);
    expect(told).toMatchObject({
      key: 'freshness.missed of asset sales by DAG shop, due 2026-01-05T02:00:00.000Z to webhook:pager',
      payload: { event: 'freshness.missed', asset: 'sales', partition: '2026-01-04', updatedAt: '1970-01-01T00:00:00.000Z' },
    });
    const expected = freshnessNotices({ dagId: 'shop' }, daily, {}, { ...missed, missed: false }, due + HOUR);
    expect(expected[0]?.payload).toMatchObject({ event: 'freshness.predicted', expectedAt: '2026-01-05T03:00:00.000Z' });
    expect(freshnessNotices({ dagId: 'shop' }, daily, {}, { ...missed, missed: false })).toEqual([]);
  });
});
