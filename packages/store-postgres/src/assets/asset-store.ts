/** Assets, their events, consumers' queues and partitions. */
import { AssetNotFoundError, type AssetStore } from '@headrace/ports';
import type { Database } from '../database.ts';
import { transaction } from '../transaction.ts';
import { eventSince, eventsById, listEvents, newestEvents, runsOfEvents, triggeringEvents } from './asset-events.ts';
import { findAsset, listAssets } from './list-assets.ts';
import { addedPartitions, partitionRecords, removePartitions } from './partitions.ts';
import { dropQueuedEvents, queuedEvents } from './queued-events.ts';
import { addPartitions, saveAssetEvents } from './save-asset-events.ts';
import { triggerConsumers } from './trigger-consumers.ts';

export function createAssetStore(database: Database): AssetStore {
  const work = () => database.lane('work');
  const reads = () => database.lane('reads');
  return {
    triggerConsumers: (limit, plan) => triggerConsumers(work(), limit, plan),

    async addEvent(event, user) {
      return transaction(work(), async (client) => {
        const known = await client.query('select from asset where name = $1', [event.asset]);
        if (known.rows.length === 0) throw new AssetNotFoundError(event.asset);
        const saved = await saveAssetEvents(client, [user === undefined ? event : { ...event, user }]);
        const [record] = await eventsById(client, saved);
        if (record === undefined) throw new AssetNotFoundError(event.asset);
        return record;
      });
    },

    eventsSince: (asset, partition, since) => eventSince(work(), asset, partition, since),
    newestEvents: (assets) => newestEvents(work(), assets),

    assets: (filter, page) => listAssets(reads(), filter, page),
    asset: (by) => findAsset(reads(), by),
    events: (filter, page) => listEvents(reads(), filter, page),
    runsOfEvents: (eventIds) => runsOfEvents(reads(), eventIds),
    triggeringEvents: (runKey) => triggeringEvents(work(), runKey),

    queuedEvents: (filter) => queuedEvents(reads(), filter),
    dropQueuedEvents: (filter) => dropQueuedEvents(work(), filter),

    addedPartitions: (assetId) => addedPartitions(reads(), assetId),
    addPartitions: (assetId, partitions) =>
      transaction(work(), (client) =>
        addPartitions(
          client,
          partitions.map((one) => ({ assetId, ...one })),
        ),
      ),
    removePartitions: (assetId, partitions) => removePartitions(work(), assetId, partitions),
    partitions: (assetId, keys) => partitionRecords(reads(), assetId, keys),
  };
}
