/** Partitions of an asset: keys that were added, and what is known of each. */
import type { Instant, RunStatus } from '@headrace/core';
import type { AddedPartition, PartitionRecord } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import { EVENT_COLUMNS, type EventRow, eventOf } from './asset-events.ts';

export async function addedPartitions(db: Queryable, assetId: string): Promise<readonly AddedPartition[]> {
  const { rows } = await db.query<AddedPartition>(
    'select dimension, key from dynamic_partition where asset_id = $1 order by added_at, dimension, key',
    [assetId],
  );
  return rows;
}

export async function removePartitions(db: Queryable, assetId: string, partitions: readonly AddedPartition[]): Promise<number> {
  const { rowCount } = await db.query(
    `delete from dynamic_partition p using unnest($2::text[], $3::text[]) as gone (dimension, key)
     where p.asset_id = $1 and p.dimension = gone.dimension and p.key = gone.key`,
    [assetId, partitions.map((one) => one.dimension), partitions.map((one) => one.key)],
  );
  return rowCount ?? 0;
}

/** Parameters: asset, keys. The newest event of each. */
const LAST_EVENTS = `
  select ${EVENT_COLUMNS}
  from unnest($2::text[]) as k (key)
  cross join lateral (
    select * from asset_event e where e.asset_id = $1 and e.partition_key = k.key order by e.at desc, e.id desc limit 1
  ) e
  join asset a on a.id = e.asset_id`;

/** Parameters: asset, keys. The newest run of each, of a DAG with a task that makes the asset. */
const NEWEST_RUNS = `
  select k.key, r.id, r.dag_id, r.run_id, r.state, r.queued_at
  from unnest($2::text[]) as k (key)
  cross join lateral (
    select r.id, r.dag_id, r.run_id, r.state, r.queued_at
    from (select distinct dag_id from asset_reference where asset_id = $1 and kind = 'outlet') p
    join dag_run r on r.dag_id = p.dag_id and r.partition_key = k.key
    order by r.id desc limit 1
  ) r`;

interface RunRow {
  readonly key: string;
  readonly id: string;
  readonly dag_id: string;
  readonly run_id: string;
  readonly state: RunStatus;
  readonly queued_at: Instant;
}

export async function partitionRecords(db: Queryable, assetId: string, keys: readonly string[]): Promise<readonly PartitionRecord[]> {
  const lastEvents = await db.query<EventRow>(LAST_EVENTS, [assetId, keys]);
  const newestRuns = await db.query<RunRow>(NEWEST_RUNS, [assetId, keys]);
  const eventOfKey = new Map(lastEvents.rows.map((row) => [row.partition_key, eventOf(row)]));
  const runOfKey = new Map(newestRuns.rows.map((row) => [row.key, row]));
  return keys.map((key) => {
    const event = eventOfKey.get(key);
    const run = runOfKey.get(key);
    return {
      key,
      ...(event === undefined ? {} : { lastEvent: event.source === undefined ? event : { ...event, runKey: event.source.runKey } }),
      ...(run === undefined
        ? {}
        : { newestRun: { runKey: run.id, dagId: run.dag_id, runId: run.run_id, status: run.state, queuedAt: run.queued_at } }),
    };
  });
}
