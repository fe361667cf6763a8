/** Runs made by asset events. */
import type { AssetSpec, EventTime, QueuedEvent } from '@headrace/core';
import type { AssetRun, AssetStore, ConsumerPlan, TriggeredRuns } from '@headrace/ports';
import type { QueuedAssetEventRow } from './asset-tables.ts';
import type { MemoryDatabase } from './database.ts';
import { insertRun } from './insert-run.ts';
import { compareIds } from './order.ts';

export function triggerConsumers(db: MemoryDatabase, limit: number, plan: Parameters<AssetStore['triggerConsumers']>[1]): TriggeredRuns {
  const { unseen, queued, queueOfDag } = db.assetTables;
  const dagIds = [...unseen.values()]
    .filter((dagId) => isAwake(db, dagId))
    .sort()
    .slice(0, limit);
  const runs: { readonly runKey: string; readonly isNew: boolean }[] = [];
  for (const dagId of dagIds) {
    for (const row of [...unseen.get(dagId)]) queued.change(`${dagId} ${row.eventId}`, { looked: true });
    const rows = [...queueOfDag.get(dagId)].sort((a, b) => compareIds(a.eventId, b.eventId));
    runs.push(...carryOut(db, dagId, planFor(db, dagId, rows, plan)));
  }
  const created = runs.filter((run) => run.isNew).map((run) => run.runKey);
  const released = runs.filter((run) => !run.isNew).map((run) => run.runKey);
  if (runs.length > 0) db.tell(runs.map(({ runKey }) => ({ type: 'run', runKey })));
  return { created, released, looked: dagIds.length, passedOver: 0 };
}

function isAwake(db: MemoryDatabase, dagId: string): boolean {
  const dag = db.dags.get(dagId);
  return dag !== undefined && !dag.paused && dag.removedAt === undefined;
}

function planFor(
  db: MemoryDatabase,
  dagId: string,
  rows: readonly QueuedAssetEventRow[],
  plan: Parameters<AssetStore['triggerConsumers']>[1],
): ConsumerPlan {
  const { assets } = db.assetTables;
  const { spec } = db.versions.require(db.dags.require(dagId).versionId ?? '');
  const specs = new Map<string, AssetSpec>(rows.map((row) => [row.assetId, assets.require(row.assetId).spec]));
  const held = [...db.liveRunsOfDag.get(`queued ${dagId}`)]
    .filter((run) => run.heldFor === 'assets')
    .sort((a, b) => a.runAfter - b.runAfter || compareIds(a.runKey, b.runKey));
  return plan({
    dagId,
    dag: spec,
    assets: [...specs.values()],
    queued: rows.map((row) => queuedEvent(db, row)),
    held: held.map(({ runKey, partitionKey }) => ({ runKey, ...(partitionKey === undefined ? {} : { partition: partitionKey }) })),
  });
}

function queuedEvent(db: MemoryDatabase, { eventId, triggers }: QueuedAssetEventRow): QueuedEvent & EventTime {
  const { asset, at, partition, interval } = db.assetTables.events.require(eventId);
  return {
    eventId,
    asset,
    triggers,
    at,
    ...(partition === undefined ? {} : { partition }),
    ...(interval === undefined ? {} : { interval }),
  };
}

function carryOut(
  db: MemoryDatabase,
  dagId: string,
  { runs, ignored }: ConsumerPlan,
): readonly { readonly runKey: string; readonly isNew: boolean }[] {
  const { queued, runEvents } = db.assetTables;
  const moved = runs.map((run, index) => {
    const runKey = run.heldRun === undefined ? createRun(db, dagId, run, index) : release(db, run.heldRun, run.partition);
    for (const eventId of run.eventIds) runEvents.put(`${runKey} ${eventId}`, { runKey, eventId });
    return { runKey, isNew: run.heldRun === undefined };
  });
  for (const eventId of [...runs.flatMap((run) => run.eventIds), ...ignored]) queued.delete(`${dagId} ${eventId}`);
  return moved;
}

function createRun(db: MemoryDatabase, dagId: string, { eventIds, interval, partition }: AssetRun, index: number): string {
  const versionId = db.dags.require(dagId).versionId ?? '';
  const now = db.now();
  const name = `asset_triggered__${new Date(now).toISOString()}${index === 0 ? '' : `_${index}`}`;
  const isTaken = db.runsById.count(`${dagId} ${name}`) > 0;
  const made = insertRun(db, {
    dagId,
    versionId,
    // The newest event is consumed by this DAG only once.
    runId: isTaken ? `${name}_${eventIds.at(-1)}` : name,
    runType: 'asset_triggered',
    runAfter: now,
    intervalStart: interval.start,
    intervalEnd: interval.end,
    params: db.versions.require(versionId).spec.paramsDefault,
    triggeredBy: 'asset',
    ...(partition === undefined ? {} : { partitionKey: partition }),
  });
  if ('taken' in made) throw new Error(`The run that events make of DAG ${dagId} has a ${made.taken} that is taken`);
  return made.runKey;
}

function release(db: MemoryDatabase, runKey: string, partition: string | undefined): string {
  const { partitionKey } = db.runs.require(runKey);
  db.runs.change(runKey, { heldFor: undefined, partitionKey: partitionKey ?? partition });
  return runKey;
}
