/** Assets: data that tasks make and others wait for, as handles with types. */
import type { AssetCondition, AssetSpec, PartitionMapping, PartitionSpec } from '@headrace/core';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { ASSET_BRAND } from '../definition.ts';
import { DagDefinitionError, shown } from '../definition-error.ts';
import { type Duration, durationMs } from '../duration.ts';
import { type Notifier, type Notifiers, notifierList } from '../notices/notify.ts';
import { targetsOf } from '../notices/occasions.ts';
import type { Partitions } from './partitions.ts';

export interface AssetOptions<Metadata, Key extends string> {
  /** Where it is, for people and for lineage. Without secrets. */
  readonly uri?: string;
  readonly group?: string;
  /** JSON. Not secret. */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** The partitions that it comes in: `partitions.daily({ timezone: 'Europe/Berlin' })`. */
  readonly partitions?: Partitions<Key>;
  /** How young its newest event must be, and who is told when it is not. */
  readonly freshness?: { readonly within: Duration; readonly notify: Notifiers };
  /** A Standard Schema of what every event of it says (`emit(asset, { extra })`). */
  readonly metadata?: StandardSchemaV1<unknown, Metadata>;
}

/** What a schedule may wait for: an asset, or assets put together with `all` and `any`. */
export interface Condition {
  readonly [ASSET_BRAND]: ConditionParts;
}

export interface ConditionParts {
  readonly condition: AssetCondition;
  readonly assets: readonly AssetParts[];
}

export interface AssetParts {
  readonly spec: AssetSpec;
  /** Who is told of its freshness, with their functions. */
  readonly notifiers: readonly Notifier[];
}

/** `Metadata`: what its events say. `Key`: its partition keys. `Name` keeps assets apart for the compiler. */
export interface Asset<Metadata = Readonly<Record<string, unknown>>, Key extends string = string, Name extends string = string>
  extends Condition {
  readonly name: Name;
  /** Seen from a schedule: which partition of the run an event's partition leads to, e.g. `sales.mapped(partitions.rollup('month'))`. */
  mapped(mapping: PartitionMapping): Condition;
  /** Checks what an event says. Absent without `metadata`. */
  readonly metadata?: StandardSchemaV1<unknown, Metadata>;
  /** Only for the compiler. */
  readonly __metadata?: Metadata;
  readonly __key?: Key;
}

/** An asset of whatever metadata and partitions. */
// biome-ignore lint/suspicious/noExplicitAny: `unknown` would refuse assets whose metadata have a type.
export type AnyAsset = Asset<any, any, any>;

export type MetadataOf<A> = A extends Asset<infer Metadata, string> ? Metadata : never;
export type PartitionKeyOf<A> = A extends { readonly __key?: infer Key extends string } ? Key : string;

/**
 * An asset, by its name everywhere in Headrace. Define it once and import it in every DAG file that has to do with it.
 * Throws HR_BAD_ASSET, HR_BAD_DURATION, HR_BAD_OPTION.
 */
export function asset<const Name extends string, Metadata = Readonly<Record<string, unknown>>, const Key extends string = string>(
  name: Name,
  options: AssetOptions<Metadata, Key> = {},
): Asset<Metadata, Key, Name> {
  const where = `asset(${shown(name)})`;
  checkName(where, name);
  const notifiers = options.freshness === undefined ? [] : notifierList(`${where}, freshness.notify`, options.freshness.notify);
  const parts: AssetParts = { spec: assetSpec(where, name, options, notifiers), notifiers };
  const condition = (mapping?: PartitionMapping): Condition => ({
    [ASSET_BRAND]: { condition: { kind: 'asset', name, ...(mapping === undefined ? {} : { mapping }) }, assets: [parts] },
  });
  return Object.freeze({
    ...condition(),
    name,
    mapped: (mapping: PartitionMapping) => {
      if (options.partitions === undefined && mapping.kind !== 'identity')
        throw new DagDefinitionError('HR_BAD_ASSET', `${where}.mapped: the asset has no partitions; define it with "partitions"`);
      return condition(mapping);
    },
    ...(options.metadata === undefined ? {} : { metadata: options.metadata }),
  });
}

/** Met when every part is met. Throws HR_BAD_ASSET. */
export function all(...parts: readonly Condition[]): Condition {
  return together('all', parts);
}

/** Met when one of its parts is met. Throws HR_BAD_ASSET. */
export function any(...parts: readonly Condition[]): Condition {
  return together('any', parts);
}

export function isCondition(value: unknown): value is Condition {
  return typeof value === 'object' && value !== null && ASSET_BRAND in value;
}

/** The one asset that a value is. Throws HR_BAD_ASSET. */
export function assetParts(where: string, value: unknown): AssetParts {
  const parts = isCondition(value) && 'name' in value ? value[ASSET_BRAND].assets[0] : undefined;
  if (parts === undefined)
    throw new DagDefinitionError('HR_BAD_ASSET', `${where}: ${shown(value)} is no asset; make one with asset('name')`);
  return parts;
}

function together(kind: 'all' | 'any', parts: readonly Condition[]): Condition {
  const wrong = parts.findIndex((part) => !isCondition(part));
  if (parts.length === 0 || wrong >= 0)
    throw new DagDefinitionError(
      'HR_BAD_ASSET',
      `${kind}(…): ${parts.length === 0 ? 'nothing' : shown(parts[wrong])} is neither an asset nor a condition`,
    );
  // One in another of its own kind says nothing more, and neither does the order.
  const inner = parts.flatMap((part) => {
    const { condition } = part[ASSET_BRAND];
    return condition.kind === kind ? condition.of : [condition];
  });
  const byText = new Map(inner.map((condition) => [JSON.stringify(condition), condition]));
  const of = [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, condition]) => condition);
  const [only] = of;
  return {
    [ASSET_BRAND]: {
      condition: of.length === 1 && only !== undefined ? only : { kind, of },
      assets: parts.flatMap((part) => part[ASSET_BRAND].assets),
    },
  };
}

function checkName(where: string, name: unknown): void {
  if (typeof name !== 'string' || name.trim() !== name || name === '' || name.length > 250 || /\p{Cc}/u.test(name))
    throw new DagDefinitionError('HR_BAD_ASSET', `${where}: the name of an asset has 1 to 250 characters and no blanks around it`);
}

function assetSpec(
  where: string,
  name: string,
  options: AssetOptions<never, string> | AssetOptions<unknown, string>,
  notifiers: readonly Notifier[],
): AssetSpec {
  const { uri, group, extra, freshness } = options;
  const partitions = options.partitions as PartitionSpec | undefined;
  return {
    name,
    ...(uri === undefined ? {} : { uri }),
    ...(group === undefined ? {} : { group }),
    ...(extra === undefined ? {} : { extra: JSON.parse(JSON.stringify(extra)) as Record<string, unknown> }),
    ...(partitions === undefined ? {} : { partitions }),
    ...(freshness === undefined
      ? {}
      : {
          freshness: {
            withinMs: durationMs(`${where}, freshness.within`, freshness.within),
            notify: targetsOf(notifiers, ({ target }) => target),
          },
        }),
  };
}
