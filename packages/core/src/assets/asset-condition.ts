/** Conditions on assets: `all` and `any` of assets and of such conditions. */
import type { AssetCondition, PartitionMapping } from '../model/asset-spec.ts';
import type { DagSpec } from '../model/dag.ts';

export type AssetLeaf = Extract<AssetCondition, { readonly kind: 'asset' }>;

/** Whether the condition is met, when `holds` says so of each of its assets. `all` of nothing and `any` of nothing are never met. */
export function conditionMet(condition: AssetCondition, holds: (leaf: AssetLeaf) => boolean): boolean {
  switch (condition.kind) {
    case 'asset':
      return holds(condition);
    case 'all':
      return condition.of.length > 0 && condition.of.every((part) => conditionMet(part, holds));
    case 'any':
      return condition.of.some((part) => conditionMet(part, holds));
  }
}

/** Its assets, in the order in which they stand, one as often as it is named. */
export function assetsIn(condition: AssetCondition): readonly AssetLeaf[] {
  return condition.kind === 'asset' ? [condition] : condition.of.flatMap(assetsIn);
}

/** What a DAG's schedule waits for. Undefined: for no asset. */
export function assetConditionOf({ schedule }: Pick<DagSpec, 'schedule'>): AssetCondition | undefined {
  switch (schedule.kind) {
    case 'assets':
    case 'assets_and_time':
    case 'assets_or_time':
      return schedule.when;
    default:
      return undefined;
  }
}

/** Names of the assets whose events count for the DAG's schedule; sorted, each once. */
export function consumedAssets(spec: Pick<DagSpec, 'schedule' | 'allowedRunTypes'>): readonly string[] {
  const condition = assetConditionOf(spec);
  if (condition === undefined) return [];
  // Runs that time makes may wait for assets whatever else is allowed.
  const makesRuns = spec.schedule.kind !== 'assets_and_time';
  if (makesRuns && spec.allowedRunTypes !== undefined && !spec.allowedRunTypes.includes('asset_triggered')) return [];
  return [...new Set(assetsIn(condition).map((leaf) => leaf.name))].toSorted();
}

const IDENTITY: PartitionMapping = { kind: 'identity' };

export function mappingOf(leaf: AssetLeaf): PartitionMapping {
  return leaf.mapping ?? IDENTITY;
}
