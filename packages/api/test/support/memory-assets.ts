/** Two assets, a few events and a queue: only what the API's own tests need. */
import type { AssetSpec, Instant } from '@headrace/core';
import { type AddedPartition, type AssetEventRecord, AssetNotFoundError, type AssetRecord, type QueuedEventRecord } from '@headrace/ports';
import type { ApiDeps } from '../../src/index.ts';

const REVENUE: AssetSpec = {
  name: 'revenue',
  uri: 's3://lake/revenue',
  extra: { owner: 'data' },
  partitions: { kind: 'time', every: 'day', timezone: 'UTC' },
};
const CUSTOMERS: AssetSpec = { name: 'customers/all', partitions: { kind: 'dynamic' } };
const PLAIN: AssetSpec = { name: 'plain' };

export function createAssets(at: Instant): ApiDeps['assets'] {
  const reference = { dagId: 'sales', taskId: 'transform', createdAt: at, updatedAt: at };
  const common = { createdAt: at, updatedAt: at, scheduled: [], consuming: [] };
  const records: readonly AssetRecord[] = [
    { ...common, assetId: '4', spec: REVENUE, scheduled: [{ dagId: 'report', createdAt: at, updatedAt: at }], producing: [reference] },
    { ...common, assetId: '5', spec: CUSTOMERS, producing: [], consuming: [reference] },
    { ...common, assetId: '6', spec: PLAIN, producing: [reference, { ...reference, dagId: 'other' }] },
  ];
  const source = { runKey: 'r1', dagId: 'sales', runId: 'r1', taskId: 'transform', mapIndex: -1 };
  const events: AssetEventRecord[] = [
    { eventId: '1', assetId: '4', asset: 'revenue', uri: 's3://lake/revenue', partition: '2024-01-01', extra: { rows: 3 }, at, source },
  ];
  let queued: QueuedEventRecord[] = [
    { dagId: 'sales', assetId: '4', eventId: '1', at },
    { dagId: 'sales', assetId: '4', eventId: '2', at: at + 1 },
  ];
  const added: AddedPartition[] = [{ dimension: '', key: 'acme' }];
  const recordOf = (by: { readonly assetId: string } | { readonly name: string }): AssetRecord | undefined =>
    records.find((one) => ('assetId' in by ? one.assetId === by.assetId : one.spec.name === by.name));
  const isWanted = (row: QueuedEventRecord, filter: Parameters<ApiDeps['assets']['queuedEvents']>[0]): boolean =>
    (filter.dagId ?? row.dagId) === row.dagId && (filter.assetId ?? row.assetId) === row.assetId && row.at < (filter.before ?? Infinity);

  return {
    asset: async (by) => recordOf(by),
    assets: async () => ({ items: records, total: records.length }),
    events: async ({ assetId }) => {
      const items = events.filter((event) => (assetId ?? event.assetId) === event.assetId);
      return { items, total: items.length };
    },
    addEvent: async (event, user) => {
      const asset = recordOf({ name: event.asset });
      if (asset === undefined) throw new AssetNotFoundError(event.asset);
      const record = {
        eventId: String(events.length + 1),
        assetId: asset.assetId,
        at,
        extra: {},
        ...event,
        ...(user === undefined ? {} : { user }),
      };
      events.push(record);
      return record;
    },
    runsOfEvents: async (ids) =>
      ids.includes('1')
        ? [{ eventId: '1', runKey: 'r2', dagId: 'sales', runId: 'r2', status: 'running', startedAt: at, newest: true }]
        : [],
    triggeringEvents: async (runKey) => (runKey === 'r2' ? events.slice(0, 1) : []),
    queuedEvents: async (filter) => queued.filter((row) => isWanted(row, filter)),
    dropQueuedEvents: async (filter) => {
      const kept = queued.filter((row) => !isWanted(row, filter));
      const dropped = queued.length - kept.length;
      queued = kept;
      return dropped;
    },
    addedPartitions: async () => added,
    addPartitions: async (_, more) => void added.push(...more),
    removePartitions: async (_, gone) => {
      const index = added.findIndex((one) => gone.some((other) => other.key === one.key && other.dimension === one.dimension));
      if (index >= 0) added.splice(index, 1);
      return index >= 0 ? 1 : 0;
    },
    partitions: async (_, keys) =>
      keys.map((key) => {
        const lastEvent = events.find((event) => event.partition === key);
        const isFailed = key === '2024-01-02';
        return {
          key,
          ...(lastEvent === undefined ? {} : { lastEvent }),
          ...(isFailed ? { newestRun: { runKey: 'r1', dagId: 'sales', runId: 'r1', status: 'failed' as const, queuedAt: at } } : {}),
        };
      }),
  };
}
