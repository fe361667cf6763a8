/** Events that simulated tasks make. */
import type { AssetSpec } from '@headrace/core';
import type { NewAssetEvent } from '@headrace/ports';

/** A run of a partition makes that partition of the assets that have any, unless the event says another one. */
export function inPartition(
  events: readonly NewAssetEvent[],
  assets: readonly AssetSpec[],
  partitionKey: string | undefined,
): readonly NewAssetEvent[] {
  if (partitionKey === undefined) return events;
  const partitioned = new Set(assets.filter((asset) => asset.partitions !== undefined).map((asset) => asset.name));
  return events.map((event) =>
    event.partition === undefined && partitioned.has(event.asset) ? { ...event, partition: partitionKey } : event,
  );
}
