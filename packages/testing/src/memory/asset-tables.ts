/** The tables of assets, as `migrations/0004_assets.sql` has them in Postgres. */
import type { AssetSpec, Instant } from '@headrace/core';
import type { EventSource } from '@headrace/ports';
import type { MemoryTable } from './table.ts';

export interface AssetRow {
  readonly assetId: string;
  readonly name: string;
  /** As it counts: chosen among the definitions. */
  readonly spec: AssetSpec;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

export interface AssetDefinitionRow {
  readonly assetId: string;
  readonly dagId: string;
  readonly spec: AssetSpec;
  readonly produces: boolean;
}

export interface AssetReferenceRow {
  readonly assetId: string;
  readonly kind: 'schedule' | 'outlet' | 'inlet';
  readonly dagId: string;
  /** Empty of a schedule. */
  readonly taskId: string;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

export interface AssetEventRow {
  readonly eventId: string;
  readonly assetId: string;
  readonly asset: string;
  readonly partition?: string;
  readonly extra: Readonly<Record<string, unknown>>;
  readonly at: Instant;
  readonly source?: EventSource;
  /** The data interval of the run that made it. */
  readonly interval?: { readonly start: Instant; readonly end: Instant };
  readonly user?: string;
}

export interface QueuedAssetEventRow {
  readonly dagId: string;
  readonly eventId: string;
  readonly assetId: string;
  /** False: the consumer was paused when it came. */
  readonly triggers: boolean;
  /** Somebody has asked whether it leads to a run. */
  readonly looked: boolean;
}

export interface RunAssetEventRow {
  readonly runKey: string;
  readonly eventId: string;
}

export interface DynamicPartitionRow {
  readonly assetId: string;
  readonly dimension: string;
  readonly key: string;
}

/** By ids joined with a blank. */
export function createAssetTables(db: { table<Row extends object>(name: string): MemoryTable<Row> }) {
  const assets = db.table<AssetRow>('asset');
  const definitions = db.table<AssetDefinitionRow>('asset_definition');
  const references = db.table<AssetReferenceRow>('asset_reference');
  const events = db.table<AssetEventRow>('asset_event');
  const queued = db.table<QueuedAssetEventRow>('queued_asset_event');
  const runEvents = db.table<RunAssetEventRow>('run_asset_event');
  const partitions = db.table<DynamicPartitionRow>('dynamic_partition');
  return {
    assets,
    assetsByName: assets.indexed((row) => row.name),
    definitions,
    definitionsOfAsset: definitions.indexed((row) => row.assetId),
    definitionsOfDag: definitions.indexed((row) => row.dagId),
    references,
    referencesOfAsset: references.indexed((row) => row.assetId),
    referencesOfDag: references.indexed((row) => row.dagId),
    events,
    eventsOfAsset: events.indexed((row) => row.assetId),
    /** By `${dagId} ${eventId}`. */
    queued,
    queueOfDag: queued.indexed((row) => row.dagId),
    /** By DAG, of those that nobody has looked at. */
    unseen: queued.indexed((row) => (row.looked ? undefined : row.dagId)),
    /** By `${runKey} ${eventId}`. */
    runEvents,
    eventsOfRun: runEvents.indexed((row) => row.runKey),
    runsOfEvent: runEvents.indexed((row) => row.eventId),
    partitions,
    partitionsOfAsset: partitions.indexed((row) => row.assetId),
  };
}
