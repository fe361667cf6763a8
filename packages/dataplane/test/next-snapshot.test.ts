import { describe, expect, test } from '@jest/globals';
import type { LakeSnapshot } from '../src/lake/lake-snapshot.ts';
import { applyChange, type LakeChange, SUPERSEDED_FOR_MS } from '../src/lake/next-snapshot.ts';

const change = (loadId: string, overrides: Partial<LakeChange> = {}): LakeChange => ({
  table: 'raw/sales',
  loadId,
  fence: { taskInstanceId: '1', attempt: 1 },
  disposition: 'append',
  partition: {},
  columns: [{ name: 'id', type: 'int8' }],
  partitionColumns: [],
  files: [{ path: `raw/sales/${loadId}.parquet`, rows: 1, bytes: 1, sha256: loadId, partition: overrides.partition ?? {}, loadId }],
  ...overrides,
});
const apply = (before: LakeSnapshot | undefined, next: LakeChange, now = 0): LakeSnapshot => applyChange(before, next, 'lake', now);

describe('the next snapshot of a lake table', () => {
  test('keeps superseded files listed until they have been removed for sure', () => {
    let snapshot = apply(undefined, change('a', { disposition: 'replace' }), 0);
    snapshot = apply(snapshot, change('b', { disposition: 'replace' }), 1000);
    expect(snapshot.superseded).toEqual([{ path: 'raw/sales/a.parquet', at: 1000 }]);
    snapshot = apply(snapshot, change('c'), 1000 + SUPERSEDED_FOR_MS);
    expect(snapshot.superseded.map(({ path }) => path)).toEqual(['raw/sales/a.parquet']);
    snapshot = apply(snapshot, change('d'), 1000 + 2 * SUPERSEDED_FOR_MS);
    expect(snapshot.superseded).toEqual([]);
    expect(snapshot.files.map(({ loadId }) => loadId)).toEqual(['b', 'c', 'd']);
  });

  test('fences a late attempt even when another load has since replaced its rows', () => {
    const first = apply(undefined, change('a', { disposition: 'replace', fence: { taskInstanceId: '1', attempt: 2 } }));
    const second = apply(first, change('b', { disposition: 'replace', fence: { taskInstanceId: '2', attempt: 1 } }));
    expect(() => apply(second, change('a', { disposition: 'replace', fence: { taskInstanceId: '1', attempt: 1 } }))).toThrow(
      'Attempt 1 came too late',
    );
    expect(apply(second, change('a', { disposition: 'replace', fence: { taskInstanceId: '1', attempt: 3 } })).version).toBe(3);
  });

  test('refuses another partitioning while rows of the old one stay', () => {
    const first = apply(
      undefined,
      change('a', {
        disposition: 'replace-partition',
        partition: { day: '2017-06-19' },
        partitionColumns: [{ name: 'day', type: 'date' }],
      }),
    );
    const second = change('b', {
      disposition: 'replace-partition',
      partition: { month: '2017-06' },
      partitionColumns: [{ name: 'month', type: 'text' }],
    });
    expect(() => apply(first, second)).toThrow('is partitioned by day, the rows by month');
    expect(apply(first, { ...second, disposition: 'replace' }).partitionColumns).toEqual([{ name: 'month', type: 'text' }]);
  });

  test('refuses to append again what a merge has rewritten, until the table is replaced', () => {
    const appended = apply(undefined, change('a'));
    const merged = apply(appended, change('b', { disposition: 'merge', replaces: ['raw/sales/a.parquet'] }));
    expect(merged.files.map(({ path }) => path)).toEqual(['raw/sales/b.parquet']);
    expect(merged.superseded.map(({ path }) => path)).toEqual(['raw/sales/a.parquet']);
    expect(() => apply(merged, change('a', { fence: { taskInstanceId: '1', attempt: 2 } }))).toThrow('a merge has rewritten the rows');
    const again = apply(
      apply(merged, change('c', { disposition: 'replace' })),
      change('a', { fence: { taskInstanceId: '1', attempt: 2 } }),
    );
    expect(again.files.map(({ loadId }) => loadId)).toEqual(['c', 'a']);
  });

  test('counts the rows of all files', () => {
    expect(apply(apply(undefined, change('a')), change('b')).rows).toBe(2);
  });
});
