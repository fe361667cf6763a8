/** Partitions that assets and runs come in, and how those of an event lead to those of a run. */
import type { PartitionMapping, PartitionSpec, TimeUnit } from '@headrace/core';
import { DagDefinitionError, shown } from '../definition-error.ts';
import { oneOf, wholeNumber } from '../options/checked-values.ts';
import { checkTimezone, dateInstant } from '../schedule/dates.ts';

/** `Key`: the keys, where they are known when the file is read. */
export type Partitions<Key extends string = string> = PartitionSpec & {
  /** Only for the compiler. */
  readonly __key?: Key;
};

export interface TimePartitionOptions {
  /** IANA zone in whose calendar the units are. Default `UTC`. */
  readonly timezone?: string;
  /** There is no partition before it. A date without an offset is local to the zone. */
  readonly start?: string | Date;
}

const UNITS = ['hour', 'day', 'week', 'month', 'quarter', 'year'] as const satisfies readonly TimeUnit[];

function timePartitions(every: TimeUnit, { timezone = 'UTC', start }: TimePartitionOptions = {}): Partitions {
  const where = `partitions of every ${every}`;
  checkTimezone(where, timezone);
  return { kind: 'time', every, timezone, ...(start === undefined ? {} : { startAt: dateInstant(`${where}, start`, start, timezone) }) };
}

/** Kinds of partitions, and mappings between them. All throw DagDefinitionError for what cannot be. */
export const partitions = {
  /** Keys such as `2026-11-21T06`. */
  hourly: (options?: TimePartitionOptions): Partitions => timePartitions('hour', options),
  /** `2026-11-21` */
  daily: (options?: TimePartitionOptions): Partitions => timePartitions('day', options),
  /** `2026-W47`, ISO weeks. */
  weekly: (options?: TimePartitionOptions): Partitions => timePartitions('week', options),
  /** `2026-11` */
  monthly: (options?: TimePartitionOptions): Partitions => timePartitions('month', options),
  /** `2026-Q4` */
  quarterly: (options?: TimePartitionOptions): Partitions => timePartitions('quarter', options),
  /** `2026` */
  yearly: (options?: TimePartitionOptions): Partitions => timePartitions('year', options),

  /** These keys and no others. */
  statics<const Key extends string>(...keys: readonly Key[]): Partitions<Key> {
    return { kind: 'static', keys: checkedKeys('partitions.statics', keys) };
  },

  /** Keys that tasks and people add while it runs. */
  dynamics(): Partitions {
    return { kind: 'dynamic' };
  },

  /** Several dimensions by name; a key is theirs joined with `|`, in the order of the names. */
  product(dimensions: Readonly<Record<string, Partitions>>): Partitions {
    const names = Object.keys(dimensions).sort();
    if (names.length < 2) throw new DagDefinitionError('HR_BAD_ASSET', 'partitions.product needs at least two dimensions');
    const entries = names.map((name) => {
      const dimension: PartitionSpec | undefined = dimensions[name];
      if (dimension === undefined || dimension.kind === 'product')
        throw new DagDefinitionError('HR_BAD_ASSET', `partitions.product, dimension "${name}": use daily, statics … but no other product`);
      return [name, dimension] as const;
    });
    return { kind: 'product', dimensions: Object.fromEntries(entries) };
  },

  /** An event of a day leads to a run of its month, and each event to one. */
  to(unit: TimeUnit): PartitionMapping {
    return { kind: 'to_unit', unit: oneOf('partitions.to', unit, UNITS) };
  },

  /** A run of the month, when each of its days has had an event. */
  rollup(unit: TimeUnit): PartitionMapping {
    return { kind: 'rollup', unit: oneOf('partitions.rollup', unit, UNITS) };
  },

  /** Events of these partitions only. */
  only(...keys: readonly string[]): PartitionMapping {
    return { kind: 'allowed', keys: checkedKeys('partitions.only', keys) };
  },

  /** Time partitions: `shift(-1)` lets an event of yesterday's partition lead to the run of today's. */
  shift(by: number): PartitionMapping {
    return { kind: 'offset', by: wholeNumber('partitions.shift', by, -2_147_483_648) };
  },
} as const;

function checkedKeys(where: string, keys: readonly string[]): readonly string[] {
  const wrong = keys.find((key) => typeof key !== 'string' || key === '' || key.includes('|') || key.length > 250);
  if (wrong !== undefined)
    throw new DagDefinitionError('HR_BAD_ASSET', `${where}: ${shown(wrong)} is no partition key; use 1 to 250 characters without "|"`);
  if (keys.length === 0) throw new DagDefinitionError('HR_BAD_ASSET', `${where} needs at least one key`);
  return [...new Set(keys)].sort();
}
