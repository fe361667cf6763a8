/**
 * Partition keys of every kind.
 *
 * PK1. A key of several dimensions is the dimensions' keys joined with `|`, in the order of the dimensions' names; no single key holds a `|`.
 * PK2. Which keys a dynamic kind has is not in the spec: whoever lists keys says what has been added.
 */
import type { PartitionSpec } from '../model/asset-spec.ts';
import type { Instant } from '../model/dag.ts';
import { KEY_EXAMPLE, partitionAt, partitionOfKey, partitionsBetween } from './time-partitions.ts';

export type SimplePartitions = Exclude<PartitionSpec, { readonly kind: 'product' }>;

/** Between the keys of several dimensions. */
const JOINT = '|';
const LONGEST_KEY = 250;

/** The dimensions in the order of their keys. A spec that is no product is one dimension without a name. */
export function dimensionsOf(spec: PartitionSpec): readonly (readonly [name: string, spec: SimplePartitions])[] {
  if (spec.kind !== 'product') return [['', spec]];
  return Object.entries(spec.dimensions).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** The keys of the dimensions, in their order. Undefined: so many are not in this key. */
export function splitKey(spec: PartitionSpec, key: string): readonly string[] | undefined {
  if (spec.kind !== 'product') return [key];
  const parts = key.split(JOINT);
  return parts.length === Object.keys(spec.dimensions).length ? parts : undefined;
}

export function joinKey(parts: readonly string[]): string {
  return parts.join(JOINT);
}

/** What is wrong with a key, in words, naming what would be right. Undefined: nothing. Of a dynamic kind any name may be a key. */
export function partitionKeyProblem(spec: PartitionSpec, key: string): string | undefined {
  const parts = splitKey(spec, key);
  const dimensions = dimensionsOf(spec);
  if (parts === undefined) {
    return `must have ${dimensions.length} parts joined with "${JOINT}" (${dimensions.map(([name]) => name).join(JOINT)}), but is "${key}"`;
  }
  for (const [index, [name, dimension]] of dimensions.entries()) {
    const problem = simpleProblem(dimension, parts[index] ?? '');
    if (problem !== undefined) return name === '' ? problem : `${name} ${problem}`;
  }
  return undefined;
}

function simpleProblem(spec: SimplePartitions, key: string): string | undefined {
  switch (spec.kind) {
    case 'time':
      return partitionOfKey(spec, key) === undefined
        ? `must be a key of a partition for each ${spec.every} in ${spec.timezone} such as "${KEY_EXAMPLE[spec.every]}", but is "${key}"`
        : undefined;
    case 'static':
      return spec.keys.includes(key) ? undefined : `must be one of ${shownKeys(spec.keys)}, but is "${key}"`;
    case 'dynamic':
      return nameProblem(key);
  }
}

/** What is wrong with a key that somebody made up. */
export function nameProblem(key: string): string | undefined {
  if (key === '' || key.length > LONGEST_KEY) return `must have 1 to ${LONGEST_KEY} characters, but has ${key.length}`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  return /[|\u0000-\u001f\u007f]/.test(key)
    ? `must hold no "${JOINT}" and no control characters, but is ${JSON.stringify(key)}`
    : undefined;
}

function shownKeys(keys: readonly string[]): string {
  const shown = keys.slice(0, 10).map((key) => `"${key}"`);
  return keys.length > shown.length ? `${shown.join(', ')} … (${keys.length} keys)` : shown.join(', ');
}

/** The time for which a partition stands: of its first dimension of time. Undefined: it has none, or the key is wrong. */
export function intervalOfKey(spec: PartitionSpec, key: string): { readonly start: Instant; readonly end: Instant } | undefined {
  const parts = splitKey(spec, key);
  for (const [index, [, dimension]] of dimensionsOf(spec).entries()) {
    if (dimension.kind === 'time') return partitionOfKey(dimension, parts?.[index] ?? '');
  }
  return undefined;
}

/** The key of the partition of time that holds the instant. Undefined: not a kind of time only, or before its first. */
export function keyOfInstant(spec: PartitionSpec, instant: Instant): string | undefined {
  return spec.kind === 'time' ? partitionAt(spec, instant)?.key : undefined;
}

export interface KeyRange {
  /** Partitions of time that begin in [from, until). */
  readonly from: Instant;
  readonly until: Instant;
  /** Keys that were added, by the name of the dynamic dimension. */
  readonly added: (dimension: string) => readonly string[];
  readonly limit: number;
}

/** Keys there are, the last dimension changing fastest, time ascending; at most `limit`. */
export function listKeys(spec: PartitionSpec, { from, until, added, limit }: KeyRange): readonly string[] {
  let prefixes: readonly (readonly string[])[] = [[]];
  for (const [name, dimension] of dimensionsOf(spec)) {
    const keys = simpleKeys(dimension, name);
    const longer: (readonly string[])[] = [];
    for (const prefix of prefixes) {
      for (const key of keys) {
        if (longer.length === limit) break;
        longer.push([...prefix, key]);
      }
    }
    prefixes = longer;
  }
  return prefixes.map(joinKey);

  function simpleKeys(dimension: SimplePartitions, name: string): readonly string[] {
    switch (dimension.kind) {
      case 'time':
        return partitionsBetween(dimension, from, until, limit).map((partition) => partition.key);
      case 'static':
        return dimension.keys;
      case 'dynamic':
        return added(name);
    }
  }
}
