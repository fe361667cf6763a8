/** Assets, their events and partitions as the API shows them. */
import type { Asset, AssetEvent, Partition, QueuedEvent } from '@headrace/api-contract';
import { type AssetSpec, intervalOfKey, partitionStatus } from '@headrace/core';
import type { AssetEventRecord, AssetRecord, AssetReference, EventRun, PartitionRecord, QueuedEventRecord } from '@headrace/ports';
import { dateTime, dateTimeOrNull } from './date-times.ts';

/** Airflow's. */
const DEFAULT_GROUP = 'asset';

export function presentAsset(record: AssetRecord): Asset {
  const { spec, lastEvent } = record;
  return {
    id: Number(record.assetId),
    name: spec.name,
    uri: spec.uri ?? spec.name,
    group: spec.group ?? DEFAULT_GROUP,
    extra: { ...spec.extra },
    created_at: dateTime(record.createdAt),
    updated_at: dateTime(record.updatedAt),
    scheduled_dags: record.scheduled.map(presentReference),
    producing_tasks: record.producing.map((reference) => ({ ...presentReference(reference), task_id: reference.taskId })),
    consuming_tasks: record.consuming.map((reference) => ({ ...presentReference(reference), task_id: reference.taskId })),
    aliases: [],
    watchers: [],
    last_asset_event: lastEvent === undefined ? null : { id: Number(lastEvent.eventId), timestamp: dateTime(lastEvent.at) },
    partitions: spec.partitions === undefined ? null : { ...spec.partitions },
  };
}

function presentReference({ dagId, createdAt, updatedAt }: Omit<AssetReference, 'taskId'>) {
  return { dag_id: dagId, created_at: dateTime(createdAt), updated_at: dateTime(updatedAt) };
}

/** @param runs of any events */
export function presentAssetEvent(event: AssetEventRecord, runs: readonly EventRun[]): AssetEvent {
  return {
    id: Number(event.eventId),
    asset_id: Number(event.assetId),
    uri: event.uri ?? event.asset,
    name: event.asset,
    group: event.group ?? DEFAULT_GROUP,
    extra: { ...event.extra },
    source_task_id: event.source?.taskId ?? null,
    source_dag_id: event.source?.dagId ?? null,
    source_run_id: event.source?.runId ?? null,
    source_map_index: event.source?.mapIndex ?? -1,
    created_dagruns: runs.filter((run) => run.eventId === event.eventId).map(presentEventRun),
    timestamp: dateTime(event.at),
    partition_key: event.partition ?? null,
    user_name: event.user ?? null,
  };
}

function presentEventRun(run: EventRun): AssetEvent['created_dagruns'][number] {
  return {
    run_id: run.runId,
    dag_id: run.dagId,
    logical_date: dateTimeOrNull(run.logicalDate),
    start_date: dateTimeOrNull(run.startedAt ?? run.queuedAt),
    end_date: dateTimeOrNull(run.endedAt),
    state: run.status,
    data_interval_start: dateTimeOrNull(run.intervalStart),
    data_interval_end: dateTimeOrNull(run.intervalEnd),
    partition_key: run.partition ?? null,
    triggering: run.newest,
  };
}

/** One entry for each DAG and asset, in the order in which their first events came. */
export function presentQueuedEvents(events: readonly QueuedEventRecord[]): QueuedEvent[] {
  const groups = Map.groupBy(events, (event) => JSON.stringify([event.dagId, event.assetId]));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    return [
      {
        dag_id: first.dagId,
        dag_display_name: first.dagId,
        asset_id: Number(first.assetId),
        created_at: dateTime(first.at),
        event_count: group.length,
      },
    ];
  });
}

export function presentPartition({ partitions }: AssetSpec, record: PartitionRecord): Partition {
  const { lastEvent, newestRun } = record;
  const interval = partitions === undefined ? undefined : intervalOfKey(partitions, record.key);
  return {
    partition_key: record.key,
    state: partitionStatus(record),
    start: dateTimeOrNull(interval?.start),
    end: dateTimeOrNull(interval?.end),
    last_event:
      lastEvent === undefined
        ? null
        : {
            id: Number(lastEvent.eventId),
            timestamp: dateTime(lastEvent.at),
            extra: { ...lastEvent.extra },
            source_dag_id: lastEvent.source?.dagId ?? null,
            source_run_id: lastEvent.source?.runId ?? null,
            source_task_id: lastEvent.source?.taskId ?? null,
          },
    newest_run: newestRun === undefined ? null : { dag_id: newestRun.dagId, dag_run_id: newestRun.runId, state: newestRun.status },
  };
}
