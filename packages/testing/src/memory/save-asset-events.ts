/** Events of assets, saved in the transaction of the success that makes them, and put on the queues of those who wait for them. */
import { dimensionsOf, splitKey } from '@headrace/core';
import type { EventSource, NewAssetEvent } from '@headrace/ports';
import type { AssetEventRow, AssetRow } from './asset-tables.ts';
import type { MemoryDatabase } from './database.ts';

export type SourcedAssetEvent = NewAssetEvent & { readonly source?: { readonly taskInstanceId: string }; readonly user?: string };

/** Who hears of new events: those who make runs of them, and those who wait for them in a task. */
const HEARS_OF_EVENTS = ['assets', 'waits'] as const;

export function saveAssetEvents(db: MemoryDatabase, events: readonly SourcedAssetEvent[]): readonly AssetEventRow[] {
  const saved = events.flatMap((event) => saveEvent(db, event));
  if (saved.length > 0) db.tell(HEARS_OF_EVENTS.map((duty) => ({ type: 'duty', duty })));
  return saved;
}

function saveEvent(db: MemoryDatabase, event: SourcedAssetEvent): readonly AssetEventRow[] {
  const { events } = db.assetTables;
  const origin = event.source === undefined ? {} : originOf(db, event.source.taskInstanceId);
  if (origin === undefined) return [];
  const asset = addAsset(db, event.asset);
  addPartitionsOf(db, asset, event.partition);
  const row: AssetEventRow = {
    eventId: db.nextId('asset_event'),
    assetId: asset.assetId,
    asset: event.asset,
    extra: structuredClone(event.extra ?? {}),
    at: db.now(),
    ...(event.partition === undefined ? {} : { partition: event.partition }),
    ...(event.user === undefined ? {} : { user: event.user }),
    ...origin,
  };
  events.insert(row.eventId, row);
  enqueue(db, row);
  return [row];
}

/** Where the event of a task instance comes from. Undefined: it has not succeeded, and makes none. */
function originOf(db: MemoryDatabase, taskInstanceId: string): Pick<AssetEventRow, 'source' | 'interval'> | undefined {
  const task = db.tasks.require(taskInstanceId);
  if (task.state.status !== 'success') return undefined;
  const { runKey, dagId, runId, intervalStart: start, intervalEnd: end } = db.runs.require(task.runKey);
  const source: EventSource = { runKey, dagId, runId, taskId: task.taskId, mapIndex: task.mapIndex };
  return { source, ...(start === undefined || end === undefined ? {} : { interval: { start, end } }) };
}

/** The asset of this name, which may be new. */
export function addAsset(db: MemoryDatabase, name: string): AssetRow {
  const { assets, assetsByName } = db.assetTables;
  const known = assetsByName.first(name);
  if (known !== undefined) return known;
  const now = db.now();
  const row: AssetRow = { assetId: db.nextId('asset'), name, spec: { name }, createdAt: now, updatedAt: now };
  assets.insert(row.assetId, row);
  return row;
}

function addPartitionsOf(db: MemoryDatabase, { assetId, spec }: AssetRow, partition: string | undefined): void {
  if (partition === undefined || spec.partitions === undefined) return;
  const parts = splitKey(spec.partitions, partition) ?? [];
  for (const [index, [dimension, kind]] of dimensionsOf(spec.partitions).entries()) {
    const key = parts[index];
    if (kind.kind === 'dynamic' && key !== undefined && key !== '') addPartition(db, assetId, dimension, key);
  }
}

export function addPartition(db: MemoryDatabase, assetId: string, dimension: string, key: string): void {
  const { partitions } = db.assetTables;
  const id = partitionId(assetId, dimension, key);
  if (partitions.get(id) === undefined) partitions.insert(id, { assetId, dimension, key });
}

export function partitionId(assetId: string, dimension: string, key: string): string {
  return JSON.stringify([assetId, dimension, key]);
}

function enqueue(db: MemoryDatabase, { eventId, assetId }: AssetEventRow): void {
  const { queued, referencesOfAsset } = db.assetTables;
  for (const { kind, dagId } of referencesOfAsset.get(assetId)) {
    const dag = db.dags.get(dagId);
    if (kind !== 'schedule' || dag === undefined || dag.removedAt !== undefined) continue;
    queued.insert(`${dagId} ${eventId}`, { dagId, eventId, assetId, triggers: !dag.paused, looked: dag.paused });
  }
}
