/** What a DAG's newest version says about assets: how they are defined, where it names them, and what its schedule waits for. */
import { type AssetSpec, consumedAssets, type DagSpec } from '@headrace/core';
import type { AssetDefinitionRow, AssetReferenceRow } from './asset-tables.ts';
import type { MemoryDatabase } from './database.ts';
import { addAsset } from './save-asset-events.ts';

export function saveAssets(db: MemoryDatabase, spec: DagSpec): void {
  const consumed = consumedAssets(spec);
  const references = referencesOf(spec, consumed);
  saveDefinitions(db, spec, references);
  saveReferences(db, spec.dagId, references);
  const { assets, queued, queueOfDag } = db.assetTables;
  for (const { eventId, assetId } of [...queueOfDag.get(spec.dagId)]) {
    if (!consumed.includes(assets.require(assetId).name)) queued.delete(`${spec.dagId} ${eventId}`);
  }
  lookAgain(db, [spec.dagId]);
}

/** Has the queues of these DAGs looked at again, because what they lead to may be something else now. */
export function lookAgain(db: MemoryDatabase, dagIds: readonly string[]): void {
  const { queued, queueOfDag } = db.assetTables;
  let found = false;
  for (const dagId of dagIds) {
    for (const row of [...queueOfDag.get(dagId)]) {
      if (!row.triggers || !row.looked) continue;
      queued.change(`${dagId} ${row.eventId}`, { looked: false });
      found = true;
    }
  }
  if (found) db.tell([{ type: 'duty', duty: 'assets' }]);
}

type Reference = Pick<AssetReferenceRow, 'kind' | 'taskId'> & { readonly name: string };

function referencesOf(spec: DagSpec, consumed: readonly string[]): readonly Reference[] {
  return [
    ...consumed.map((name): Reference => ({ name, kind: 'schedule', taskId: '' })),
    ...spec.tasks.flatMap(({ taskId, outlets = [], inlets = [] }) => [
      ...outlets.map((name): Reference => ({ name, kind: 'outlet', taskId })),
      ...inlets.map((name): Reference => ({ name, kind: 'inlet', taskId })),
    ]),
  ];
}

function saveDefinitions(db: MemoryDatabase, spec: DagSpec, references: readonly Reference[]): void {
  const { definitions, definitionsOfDag } = db.assetTables;
  const { dagId } = spec;
  const defined = new Map<string, AssetSpec>(references.map(({ name }) => [name, { name }]));
  for (const asset of spec.assets ?? []) defined.set(asset.name, asset);
  const produced = new Set(references.filter(({ kind }) => kind === 'outlet').map(({ name }) => name));
  const touched = new Set([...definitionsOfDag.get(dagId)].map((row) => row.assetId));
  for (const assetId of touched) definitions.delete(`${assetId} ${dagId}`);
  for (const [name, asset] of [...defined].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const { assetId } = addAsset(db, name);
    definitions.insert(`${assetId} ${dagId}`, { assetId, dagId, spec: asset, produces: produced.has(name) });
    touched.add(assetId);
  }
  for (const assetId of touched) settle(db, assetId);
}

/** Chooses the definition that counts. What no DAG defines any more stays as it was. */
function settle(db: MemoryDatabase, assetId: string): void {
  const { assets, definitionsOfAsset } = db.assetTables;
  const [chosen] = [...definitionsOfAsset.get(assetId)].sort(byWeight);
  if (chosen === undefined || JSON.stringify(chosen.spec) === JSON.stringify(assets.require(assetId).spec)) return;
  assets.change(assetId, { spec: chosen.spec, updatedAt: db.now() });
}

/** Of a DAG that makes the asset before one that does not, one that says something before one that only names it, then by DAG. */
function byWeight(a: AssetDefinitionRow, b: AssetDefinitionRow): number {
  const weight = ({ produces, spec }: AssetDefinitionRow): number => (produces ? 2 : 0) + (Object.keys(spec).length > 1 ? 1 : 0);
  return weight(b) - weight(a) || (a.dagId < b.dagId ? -1 : 1);
}

function saveReferences(db: MemoryDatabase, dagId: string, wanted: readonly Reference[]): void {
  const { references, referencesOfDag } = db.assetTables;
  const now = db.now();
  const before = new Map([...referencesOfDag.get(dagId)].map((row) => [keyOf(row), row]));
  for (const key of before.keys()) references.delete(key);
  for (const { name, kind, taskId } of wanted) {
    const row = { assetId: addAsset(db, name).assetId, kind, dagId, taskId };
    const key = keyOf(row);
    references.put(key, { ...row, createdAt: before.get(key)?.createdAt ?? now, updatedAt: now });
  }
}

function keyOf({ assetId, kind, dagId, taskId }: Pick<AssetReferenceRow, 'assetId' | 'kind' | 'dagId' | 'taskId'>): string {
  return `${assetId} ${kind} ${dagId} ${taskId}`;
}
