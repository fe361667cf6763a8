/** What can be wrong with the assets and partitions of a DAG. */
import type { AssetCondition, PartitionMapping, PartitionSpec, TimeUnit } from '../model/asset-spec.ts';
import type { DagSpec } from '../model/dag.ts';
import { nearestName } from '../model/nearest-name.ts';
import { isZone } from '../schedule/zone.ts';
import { assetConditionOf, assetsIn, mappingOf } from './asset-condition.ts';
import { nameProblem } from './partition-keys.ts';

/** Units from the shortest to the longest. A week is in none of the longer ones as a whole, and belongs to the one in which it begins. */
const UNITS: readonly TimeUnit[] = ['hour', 'day', 'week', 'month', 'quarter', 'year'];
const DEEPEST_CONDITION = 20;
const FARTHEST_SHIFT = 10_000;
/** As Airflow's. */
const LONGEST_NAME = 1_500;

/** Every problem, in words; empty when there is none. Never throws. */
export function assetProblems(spec: DagSpec): readonly string[] {
  const problems: string[] = [];
  const assets = spec.assets ?? [];
  const names = new Set<string>();
  for (const asset of assets) {
    if (typeof asset.name !== 'string' || asset.name === '' || asset.name.length > LONGEST_NAME) {
      problems.push(`An asset must have a name of 1 to ${LONGEST_NAME} characters, but one is named ${JSON.stringify(asset.name)}`);
    }
    if (names.has(asset.name)) problems.push(`Asset "${asset.name}" is defined twice, and not the same: use one definition`);
    names.add(asset.name);
    if (asset.partitions !== undefined) problems.push(...partitionProblems(`Asset "${asset.name}"`, asset.partitions));
  }
  if (spec.partitions !== undefined) problems.push(...partitionProblems(`DAG "${spec.dagId}"`, spec.partitions));
  const when = assetConditionOf(spec);
  if (when !== undefined) problems.push(...conditionProblems(spec, when));
  return problems;
}

function partitionProblems(of: string, spec: PartitionSpec): readonly string[] {
  switch (spec.kind) {
    case 'time':
      if (!UNITS.includes(spec.every))
        return [`${of}: partitions of time are for each ${UNITS.join(', ')}, but not for each "${spec.every}"`];
      return isZone(spec.timezone)
        ? []
        : [`${of}: "${spec.timezone}" is not a time zone: use an IANA name such as "Europe/Berlin" or "UTC"`];
    case 'static': {
      const problems = spec.keys.flatMap((key) => nameProblem(key) ?? []).map((problem) => `${of}: a partition key ${problem}`);
      if (spec.keys.length === 0) problems.push(`${of}: static partitions need at least one key`);
      if (new Set(spec.keys).size < spec.keys.length) problems.push(`${of}: the partition keys must differ from each other`);
      return problems;
    }
    case 'dynamic':
      return [];
    case 'product': {
      const dimensions = Object.entries(spec.dimensions);
      const few = dimensions.length < 2 ? [`${of}: partitions of several dimensions need at least two`] : [];
      return [...few, ...dimensions.flatMap(([name, dimension]) => partitionProblems(`${of}, dimension "${name}"`, dimension))];
    }
  }
}

function conditionProblems(spec: DagSpec, when: AssetCondition): readonly string[] {
  if (depthOf(when) > DEEPEST_CONDITION) return [`The schedule's asset condition is nested more than ${DEEPEST_CONDITION} deep`];
  const problems: string[] = [];
  if (hasEmptyPart(when)) problems.push('The schedule waits for "all" or "any" of no assets: it would never be met');
  const specs = new Map((spec.assets ?? []).map((asset) => [asset.name, asset]));
  const mappings = new Map<string, string>();
  for (const leaf of assetsIn(when)) {
    const asset = specs.get(leaf.name);
    if (asset === undefined) {
      const near = nearestName(leaf.name, specs.keys());
      problems.push(
        `The schedule waits for asset "${leaf.name}", which the DAG does not define${near === undefined ? '' : `; did you mean "${near}"?`}`,
      );
    }
    const mapping = mappingOf(leaf);
    const text = JSON.stringify(mapping);
    if ((mappings.get(leaf.name) ?? text) !== text)
      problems.push(`Asset "${leaf.name}" stands in the schedule with two different mappings: use one`);
    mappings.set(leaf.name, text);
    const problem = mappingProblem(mapping, asset?.partitions);
    if (problem !== undefined) problems.push(`The mapping of asset "${leaf.name}" in the schedule: ${problem}`);
  }
  return problems;
}

/** Of an asset whose partitions another DAG defines, only what can be seen without them. */
function mappingProblem(mapping: PartitionMapping, from: PartitionSpec | undefined): string | undefined {
  switch (mapping.kind) {
    case 'identity':
      return undefined;
    case 'allowed':
      return mapping.keys.length === 0 ? 'it allows no key at all' : undefined;
    case 'offset':
      if (!Number.isSafeInteger(mapping.by) || Math.abs(mapping.by) > FARTHEST_SHIFT)
        return `it must shift by a whole number up to ${FARTHEST_SHIFT}`;
      return timeProblem(from);
    case 'to_unit':
    case 'rollup': {
      if (!UNITS.includes(mapping.unit)) return `"${mapping.unit}" is none of ${UNITS.join(', ')}`;
      const finer = timesOf(from).filter((unit) => UNITS.indexOf(unit) > UNITS.indexOf(mapping.unit));
      return finer.length > 0 ? `a ${finer[0]} does not fit into a ${mapping.unit}` : timeProblem(from);
    }
  }
}

function timeProblem(from: PartitionSpec | undefined): string | undefined {
  return from !== undefined && timesOf(from).length === 0 ? 'it is for partitions of time, and the asset has none' : undefined;
}

function timesOf(spec: PartitionSpec | undefined): readonly TimeUnit[] {
  if (spec?.kind === 'product') return Object.values(spec.dimensions).flatMap(timesOf);
  return spec?.kind === 'time' ? [spec.every] : [];
}

function hasEmptyPart(condition: AssetCondition): boolean {
  return condition.kind !== 'asset' && (condition.of.length === 0 || condition.of.some(hasEmptyPart));
}

function depthOf(condition: AssetCondition): number {
  return condition.kind === 'asset' ? 0 : 1 + Math.max(0, ...condition.of.map(depthOf));
}
