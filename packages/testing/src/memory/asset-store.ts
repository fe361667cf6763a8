/** Assets, their events, consumers' queues and partitions. */
import { AssetNotFoundError, type AssetStore } from '@headrace/ports';
import {
  assetOf,
  eventOf,
  eventsInOrder,
  listAssets,
  listEvents,
  newestEvents,
  partitionRecord,
  queueRows,
  runsOfEvents,
  triggeringEvents,
} from './asset-reads.ts';
import type { MemoryDatabase } from './database.ts';
import { addPartition, partitionId, saveAssetEvents } from './save-asset-events.ts';
import { triggerConsumers } from './trigger-consumers.ts';

export function createAssetStore(db: MemoryDatabase): AssetStore {
  const { assets, assetsByName, events, queued, partitions, partitionsOfAsset } = db.assetTables;
  return {
    triggerConsumers: async (limit, plan) => db.transaction(() => triggerConsumers(db, limit, plan)),

    addEvent: async (event, user) =>
      db.transaction(() => {
        if (assetsByName.first(event.asset) === undefined) throw new AssetNotFoundError(event.asset);
        const [saved] = saveAssetEvents(db, [user === undefined ? event : { ...event, user }]);
        if (saved === undefined) throw new AssetNotFoundError(event.asset);
        return eventOf(db, saved);
      }),
    eventsSince: async (asset, partition, since) => {
      const known = assetsByName.first(asset);
      const found =
        known && eventsInOrder(db, known.assetId).find((row) => row.at > since && (partition ?? row.partition) === row.partition);
      return found === undefined ? undefined : eventOf(db, found);
    },
    newestEvents: async (names) => newestEvents(db, names),

    assets: async (filter, page) => listAssets(db, filter, page),
    asset: async (by) => {
      const row = 'assetId' in by ? assets.get(by.assetId) : assetsByName.first(by.name);
      return row === undefined ? undefined : assetOf(db, row);
    },
    events: async (filter, page) => listEvents(db, filter, page),
    runsOfEvents: async (eventIds) => runsOfEvents(db, eventIds),
    triggeringEvents: async (runKey) => triggeringEvents(db, runKey),

    queuedEvents: async (filter) =>
      queueRows(db, filter).map(({ dagId, assetId, eventId }) => {
        const { at, partition } = events.require(eventId);
        return { dagId, assetId, eventId, at, ...(partition === undefined ? {} : { partition }) };
      }),
    dropQueuedEvents: async (filter) =>
      db.transaction(() => {
        const rows = queueRows(db, filter);
        for (const { dagId, eventId } of rows) queued.delete(`${dagId} ${eventId}`);
        return rows.length;
      }),

    addedPartitions: async (assetId) => [...partitionsOfAsset.get(assetId)].map(({ dimension, key }) => ({ dimension, key })),
    addPartitions: async (assetId, added) =>
      db.transaction(() => {
        for (const { dimension, key } of added) addPartition(db, assetId, dimension, key);
      }),
    removePartitions: async (assetId, removed) =>
      db.transaction(() => removed.filter(({ dimension, key }) => partitions.delete(partitionId(assetId, dimension, key))).length),
    partitions: async (assetId, keys) => keys.map((key) => partitionRecord(db, assetId, key)),
  };
}
