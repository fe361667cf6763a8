/**
 * Events of assets, saved in the transaction of the success that makes them, and put on the queues of those who wait for them.
 *
 * SE1. Only a task instance that is `success` makes an event; and one from outside, which has no source.
 * SE2. A queue gets a row for each event, so nobody who emits waits for another who does, nor for one who consumes.
 * SE3. The queue of a paused DAG gets its row, too, but one that makes no run (Airflow queues nothing for a paused DAG and lets the next
 *      run take such events along).
 */
import { type AssetSpec, dimensionsOf, splitKey } from '@headrace/core';
import type { NewAssetEvent } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import { tellDuty } from '../notification.ts';
import { storableJson } from '../storable-json.ts';

export type SourcedAssetEvent = NewAssetEvent & { readonly source?: { readonly taskInstanceId: string }; readonly user?: string };

/** Who hears of new events: those who make runs of them, and those who wait for them in a task. */
const HEARS_OF_EVENTS: readonly string[] = ['assets', 'waits'];

/** Parameter: names, each once, in their order. */
const KNOWN = `
  select a.id, a.name, a.spec -> 'partitions' as partitions
  from unnest($1::text[]) as n (name) join asset a on a.name = n.name`;

/** Parameter: names, each once, in their order. For tasks of older versions, whose assets no DAG may name any more. */
const ADD_UNKNOWN = `
  insert into asset (name, spec) select name, jsonb_build_object('name', name) from unnest($1::text[]) as n (name) on conflict do nothing`;

/** Parameters, one array entry an event: names, partitions, extras, task instances, users. */
const SAVE = `
  with given as materialized (
    select *, array['success'] as emitting_states
    from unnest($1::text[], $2::text[], $3::jsonb[], $4::bigint[], $5::text[]) with ordinality
      as g (name, partition_key, extra, task_instance_id, username, position)
  ),
  made as (
    insert into asset_event (asset_id, partition_key, extra, source_run_key, source_dag_id, source_run_id, source_task_id, source_map_index,
      interval_start, interval_end, username)
    select a.id, g.partition_key, g.extra, r.id, r.dag_id, r.run_id, t.task_id, t.map_index, r.interval_start, r.interval_end, g.username
    from given g
    join asset a on a.name = g.name
    left join task_instance t on t.id = g.task_instance_id
    left join dag_run r on r.id = t.dag_run_id
    where g.task_instance_id is null or t.state = any(g.emitting_states)
    order by g.position
    returning id, asset_id, partition_key
  ),
  queued as (
    insert into queued_asset_event (dag_id, event_id, asset_id, partition_key, triggers, looked)
    select d.dag_id, m.id, m.asset_id, coalesce(m.partition_key, ''), not d.paused, d.paused
    from made m
    join asset_reference c on c.asset_id = m.asset_id and c.kind = 'schedule'
    join dag d on d.dag_id = c.dag_id and d.removed_at is null
    returning 1
  )
  select id, (select count(*) from queued) as queued from made order by id`;

/** Parameters, one array entry a key, in their order: assets, dimensions, keys. */
const ADD_PARTITIONS = `
  insert into dynamic_partition (asset_id, dimension, key)
  select * from unnest($1::bigint[], $2::text[], $3::text[]) on conflict do nothing`;

interface KnownAsset {
  readonly id: string;
  readonly name: string;
  readonly partitions: AssetSpec['partitions'] | null;
}

/** Answers with the ids of the events, in their order. */
export async function saveAssetEvents(client: Queryable, events: readonly SourcedAssetEvent[]): Promise<readonly string[]> {
  if (events.length === 0) return [];
  const assets = await knownAssets(client, [...new Set(events.map((event) => event.asset))].toSorted());
  await addPartitions(client, partitionsIn(events, assets));
  const { rows } = await client.query<{ id: string }>({
    name: 'save asset events',
    text: SAVE,
    values: [
      events.map((event) => event.asset),
      events.map((event) => event.partition ?? null),
      events.map((event) => storableJson(event.extra ?? {})),
      events.map((event) => event.source?.taskInstanceId ?? null),
      events.map((event) => event.user ?? null),
    ],
  });
  for (const duty of HEARS_OF_EVENTS) await tellDuty(client, duty);
  return rows.map((row) => row.id);
}

async function knownAssets(client: Queryable, names: readonly string[]): Promise<readonly KnownAsset[]> {
  const { rows } = await client.query<KnownAsset>({ name: 'known assets', text: KNOWN, values: [names] });
  if (rows.length === names.length) return rows;
  await client.query({ name: 'add unknown assets', text: ADD_UNKNOWN, values: [names] });
  return rows;
}

export interface KeptPartition {
  readonly assetId: string;
  readonly dimension: string;
  readonly key: string;
}

/** Keys of dynamic kinds that the events name: whoever makes data of a new partition adds it. */
function partitionsIn(events: readonly SourcedAssetEvent[], assets: readonly KnownAsset[]): readonly KeptPartition[] {
  const byName = new Map(assets.map((asset) => [asset.name, asset]));
  return events.flatMap(({ asset, partition }) => {
    const known = byName.get(asset);
    if (partition === undefined || known === undefined || known.partitions === null || known.partitions === undefined) return [];
    const parts = splitKey(known.partitions, partition) ?? [];
    return dimensionsOf(known.partitions).flatMap(([dimension, spec], index) => {
      const key = parts[index];
      return spec.kind === 'dynamic' && key !== undefined && key !== '' ? [{ assetId: known.id, dimension, key }] : [];
    });
  });
}

/** In one order, whoever adds: two that add the same keys wait for each other in turn. */
export async function addPartitions(client: Queryable, partitions: readonly KeptPartition[]): Promise<void> {
  if (partitions.length === 0) return;
  const ordered = partitions.toSorted(
    (a, b) => compare(a.assetId, b.assetId) || compare(a.dimension, b.dimension) || compare(a.key, b.key),
  );
  await client.query({
    name: 'add partitions',
    text: ADD_PARTITIONS,
    values: [ordered.map((one) => one.assetId), ordered.map((one) => one.dimension), ordered.map((one) => one.key)],
  });
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
