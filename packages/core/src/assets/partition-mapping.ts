/**
 * From the partition of an event to the partition of the run that consumes it, and back.
 *
 * PM1. A partition of time belongs to the longer window in which it begins, on the clock of the consumer when that has time partitions.
 * PM2. Of several dimensions, mappings of time concern the dimensions of time; the others stay as they are.
 * PM3. What cannot be mapped leads nowhere: nothing here throws but for an unknown zone, which a checked spec does not have.
 */
import type { PartitionMapping, PartitionSpec } from '../model/asset-spec.ts';
import { dimensionsOf, joinKey, partitionKeyProblem, type SimplePartitions, splitKey } from './partition-keys.ts';
import { partitionAt, partitionOfKey, partitionsBetween, shiftPartition, type TimePartitions } from './time-partitions.ts';

/** The partitions of the asset and of its consumer. Either may be unknown: then keys are taken as they come. */
export interface MappedKinds {
  readonly from: PartitionSpec | undefined;
  readonly to: PartitionSpec | undefined;
}

/** The partition of the consumer for which an event of this partition counts. Undefined: for none. */
export function targetPartition(mapping: PartitionMapping, key: string, kinds: MappedKinds): string | undefined {
  if (mapping.kind === 'allowed' && !mapping.keys.includes(key)) return undefined;
  const target = mapping.kind === 'identity' || mapping.kind === 'allowed' ? key : mapParts(key, kinds, mapTime(mapping));
  if (target === undefined) return undefined;
  return kinds.to !== undefined && partitionKeyProblem(kinds.to, target) !== undefined ? undefined : target;
}

/** The partitions of the asset that must each have an event before the run of `target` is made. Empty: one event for the target is enough. */
export function sourcePartitions(mapping: PartitionMapping, target: string, kinds: MappedKinds): readonly string[] {
  return mapping.kind === 'rollup' ? rolledUp(mapping.unit, target, kinds) : [];
}

type TimeMapping = Extract<PartitionMapping, { readonly kind: 'to_unit' | 'rollup' | 'offset' }>;
type MapTime = (spec: TimePartitions, to: SimplePartitions | undefined, key: string) => string | undefined;

function mapTime(mapping: TimeMapping): MapTime {
  return (spec, to, key) => {
    const partition = partitionOfKey(spec, key);
    if (partition === undefined) return undefined;
    // A run consumes what lies `by` from its own partition, so an event leads to the run that lies as far on the other side.
    if (mapping.kind === 'offset') return shiftPartition(spec, partition, -mapping.by)?.key;
    return partitionAt(windows(spec, to, mapping), partition.start)?.key;
  };
}

/** The longer partitions to which those of the asset are mapped. */
function windows(
  from: TimePartitions,
  to: SimplePartitions | undefined,
  { unit }: { readonly unit: TimePartitions['every'] },
): TimePartitions {
  return {
    kind: 'time',
    every: unit,
    timezone: to?.kind === 'time' ? to.timezone : from.timezone,
  };
}

function mapParts(key: string, { from, to }: MappedKinds, map: MapTime): string | undefined {
  const parts = from === undefined ? undefined : splitKey(from, key);
  if (from === undefined || parts === undefined) return undefined;
  const dimensions = dimensionsOf(from);
  if (!dimensions.some(([, dimension]) => dimension.kind === 'time')) return undefined;
  const mapped = dimensions.map(([name, dimension], index) => {
    const part = parts[index] ?? '';
    return dimension.kind === 'time' ? map(dimension, dimensionOf(to, name), part) : part;
  });
  return mapped.every((part) => part !== undefined) ? joinKey(mapped) : undefined;
}

function dimensionOf(spec: PartitionSpec | undefined, name: string): SimplePartitions | undefined {
  return spec === undefined ? undefined : dimensionsOf(spec).find(([other]) => other === name)?.[1];
}

function rolledUp(unit: TimePartitions['every'], target: string, { from, to }: MappedKinds): readonly string[] {
  const parts = from === undefined ? undefined : splitKey(from, target);
  if (from === undefined || parts === undefined) return [];
  let keys: readonly (readonly string[])[] = [[]];
  for (const [index, [name, dimension]] of dimensionsOf(from).entries()) {
    const part = parts[index] ?? '';
    const inWindow =
      dimension.kind === 'time' ? keysInWindow(dimension, windows(dimension, dimensionOf(to, name), { unit }), part) : [part];
    keys = keys.flatMap((prefix) => inWindow.map((key) => [...prefix, key]));
  }
  return keys.map(joinKey);
}

function keysInWindow(spec: TimePartitions, window: TimePartitions, key: string): readonly string[] {
  const found = partitionOfKey(window, key);
  return found === undefined ? [] : partitionsBetween(spec, found.start, found.end).map((partition) => partition.key);
}
