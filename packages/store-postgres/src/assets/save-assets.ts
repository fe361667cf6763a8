/**
 * What a DAG's newest version says about assets: how they are defined, where it names them, and what its schedule waits for.
 *
 * Called with the version, in its transaction; files are saved one at a time, so no two of these meet.
 */
import { type AssetSpec, consumedAssets, type DagSpec } from '@headrace/core';
import type { Queryable } from '../database.ts';
import { storableJson } from '../storable-json.ts';
import { lookAgain } from './look-again.ts';

/** Parameter: names, each once, in their order. */
const ADD = `
  insert into asset (name, spec) select name, jsonb_build_object('name', name) from unnest($1::text[]) as n (name) on conflict do nothing`;

/** Parameters: DAG; one array entry an asset: names, specs, whether the DAG makes it. Answers with all assets whose definition may be another now. */
const DEFINE = `
  with given as (
    select a.id, g.spec, g.produces
    from unnest($2::text[], $3::jsonb[], $4::boolean[]) as g (name, spec, produces) join asset a on a.name = g.name
  ),
  gone as (
    delete from asset_definition where dag_id = $1 and asset_id not in (select id from given) returning asset_id
  ),
  kept as (
    insert into asset_definition as d (asset_id, dag_id, spec, produces) select id, $1, spec, produces from given
    on conflict (asset_id, dag_id) do update set spec = excluded.spec, produces = excluded.produces
    returning asset_id
  )
  select asset_id from gone union select asset_id from kept`;

/**
 * Parameter: assets. The definition that counts: of a DAG that makes the asset before one that does not, one that says something before
 * one that only names it, then in the order of the DAGs' ids. What no DAG defines any more stays as it was.
 */
const SETTLE = `
  update asset a set spec = c.spec, updated_at = now()
  from unnest($1::bigint[]) as touched (id)
  cross join lateral (
    select d.spec from asset_definition d where d.asset_id = touched.id
    order by d.produces desc, d.spec = jsonb_build_object('name', d.spec -> 'name'), d.dag_id limit 1
  ) c
  where a.id = touched.id and a.spec <> c.spec`;

/** Parameters: DAG; one array entry a reference: names, kinds, tasks. */
const REFER = `
  with given as (
    select a.id, g.kind, g.task_id
    from unnest($2::text[], $3::text[], $4::text[]) as g (name, kind, task_id) join asset a on a.name = g.name
  ),
  gone as (
    delete from asset_reference r where r.dag_id = $1
      and not exists (select from given g where g.id = r.asset_id and g.kind = r.kind and g.task_id = r.task_id)
  )
  insert into asset_reference (asset_id, kind, dag_id, task_id) select id, kind, $1, task_id from given
  on conflict (asset_id, kind, dag_id, task_id) do update set updated_at = now()`;

/** Parameters: DAG, schedule, partitions. */
const CONSUME = `
  insert into asset_consumer (dag_id, schedule, partitions) values ($1, $2, $3)
  on conflict (dag_id) do update set schedule = excluded.schedule, partitions = excluded.partitions`;

/** Parameters: DAG, names that its schedule waits for. */
const FORGET_OTHERS = `
  delete from queued_asset_event q using asset a
  where q.dag_id = $1 and a.id = q.asset_id and a.name <> all($2)`;

export async function saveAssets(client: Queryable, spec: DagSpec): Promise<void> {
  const consumed = consumedAssets(spec);
  const references = referencesOf(spec, consumed);
  const definitions = definitionsOf(spec, references);
  const names = definitions.map((asset) => asset.name);
  const produced = new Set(references.filter((reference) => reference.kind === 'outlet').map((reference) => reference.name));
  if (names.length > 0) await client.query(ADD, [names]);
  const { rows } = await client.query<{ asset_id: string }>(DEFINE, [
    spec.dagId,
    names,
    definitions.map(storableJson),
    names.map((name) => produced.has(name)),
  ]);
  if (rows.length > 0) await client.query(SETTLE, [rows.map((row) => row.asset_id)]);
  await client.query(REFER, [
    spec.dagId,
    references.map((reference) => reference.name),
    references.map((reference) => reference.kind),
    references.map((reference) => reference.taskId),
  ]);
  await saveConsumer(client, spec, consumed);
}

interface Reference {
  readonly name: string;
  readonly kind: 'schedule' | 'outlet' | 'inlet';
  readonly taskId: string;
}

function referencesOf(spec: DagSpec, consumed: readonly string[]): readonly Reference[] {
  return [
    ...consumed.map((name): Reference => ({ name, kind: 'schedule', taskId: '' })),
    ...spec.tasks.flatMap(({ taskId, outlets = [], inlets = [] }) => [
      ...outlets.map((name): Reference => ({ name, kind: 'outlet', taskId })),
      ...inlets.map((name): Reference => ({ name, kind: 'inlet', taskId })),
    ]),
  ];
}

/** Every asset that the DAG names, in the order of the names; of one that it does not define, the name is all. */
function definitionsOf(spec: DagSpec, references: readonly Reference[]): readonly AssetSpec[] {
  const defined = new Map<string, AssetSpec>(references.map(({ name }) => [name, { name }]));
  for (const asset of spec.assets ?? []) defined.set(asset.name, asset);
  return [...defined.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function saveConsumer(client: Queryable, spec: DagSpec, consumed: readonly string[]): Promise<void> {
  const { dagId, schedule, partitions } = spec;
  // First the consumer's row: it is what others who take something off its queue hold.
  if (consumed.length > 0) {
    await client.query(CONSUME, [dagId, storableJson(schedule), partitions === undefined ? null : storableJson(partitions)]);
  } else await client.query('delete from asset_consumer where dag_id = $1', [dagId]);
  await client.query(FORGET_OTHERS, [dagId, consumed]);
  // Its condition may be met now by what did not meet it before.
  await lookAgain(client, [dagId]);
}
