/** Over what tasks and groups are mapped, and the types of their items. */
import type { MappedDefinition, MappedResults, Reference, TaskDefinition } from '../definition.ts';
import { DagDefinitionError, shown } from '../definition-error.ts';
import type { ReferenceTo } from '../references.ts';
import { type ResultGroup, taskOf } from './wiring.ts';

/** A task whose result has items: an array, an object (its entries), or the results of a mapped task. */
type TaskWithItems = TaskDefinition<readonly unknown[] | object>;

/** Items that the file has, or those of a task's result. */
export type ItemsInput = readonly unknown[] | TaskWithItems | ResultGroup<TaskWithItems>;

/** Several lists of items, by the name of the argument. Made by `product` and `zip`. */
export interface Combination<Over extends Readonly<Record<string, ItemsInput>> = Readonly<Record<string, ItemsInput>>> {
  readonly combine: 'product' | 'zip';
  readonly over: Over;
}

export type EachInput = ItemsInput | Combination;

type ItemOfResult<Result> =
  Result extends MappedResults<infer Item>
    ? Item
    : Result extends readonly (infer Item)[]
      ? Item
      : Result extends object
        ? readonly [key: string, value: Result[keyof Result]]
        : never;

/** Items in the file may hold references: a task sees their values. */
type ItemValue<Item> =
  Item extends Reference<infer Value>
    ? Value
    : Item extends Date | ((...args: never[]) => unknown)
      ? Item
      : Item extends object
        ? { readonly [Key in keyof Item]: ItemValue<Item[Key]> }
        : Item;

export type ItemOf<Items> = Items extends readonly (infer Item)[]
  ? ItemValue<Item>
  : Items extends TaskDefinition<infer Result>
    ? ItemOfResult<Result>
    : Items extends ResultGroup<infer Task>
      ? ItemOf<Task>
      : never;

/** What a function gets of a mapping: `item`, or an argument for each list that is combined. */
export type ItemArguments<Each> =
  Each extends Combination<infer Over>
    ? { readonly [Name in keyof Over]: ItemOf<Over[Name]> }
    : Each extends ItemsInput
      ? { readonly item: ItemOf<Each> }
      : unknown;

/** The same as references, for the build function of a mapped group. */
export type ItemReferences<Each> = { readonly [Name in keyof ItemArguments<Each>]: ReferenceTo<ItemArguments<Each>[Name]> };

/** The result of a mapped task, as tasks downstream of it see it. */
export type ResultOfEach<Result, Each> = [Each] extends [undefined] ? Result : MappedResults<Result>;

/** Every combination of the items; the last argument changes fastest. */
export function product<const Over extends Readonly<Record<string, ItemsInput>>>(over: Over): Combination<Over> {
  return { combine: 'product', over };
}

/** The items in step: the first of each, the second of each …, up to the end of the shortest. */
export function zip<const Over extends Readonly<Record<string, ItemsInput>>>(over: Over): Combination<Over> {
  return { combine: 'zip', over };
}

/** Names an instance: a template such as `'{item.name}'`, or a function. Default: its map index. */
export type Label<Each> = string | ((args: ItemArguments<Each>) => string);

const ARGUMENT = 'item';

/** Throws HR_BAD_MAPPING. */
export function mappedDefinition(where: string, each: EachInput, label: Label<never> | undefined): MappedDefinition {
  const { combine, over } = isCombination(each) ? each : { combine: 'product' as const, over: { [ARGUMENT]: each } };
  const entries = Object.entries(over);
  if (entries.length === 0) throw new DagDefinitionError('HR_BAD_MAPPING', `${where}, each: ${combine}({}) has nothing to map over`);
  return {
    combine,
    over: entries.map(([argument, items]) => ({
      argument,
      items: itemsOf(`${where}, each${argument === ARGUMENT ? '' : `, "${argument}"`}`, items),
    })),
    ...(label === undefined
      ? {}
      : {
          label: labelOf(
            where,
            label,
            entries.map(([argument]) => argument),
          ),
        }),
    ...(typeof label === 'string' ? { template: label } : {}),
  };
}

function itemsOf(where: string, items: unknown): readonly unknown[] | TaskDefinition {
  if (Array.isArray(items)) return [...(items as readonly unknown[])];
  const task = taskOf(items);
  if (task === undefined)
    throw new DagDefinitionError('HR_BAD_MAPPING', `${where}: ${shown(items)} has no items; use an array, or a task whose result is one`);
  return task;
}

function isCombination(each: EachInput): each is Combination {
  return typeof each === 'object' && each !== null && !Array.isArray(each) && 'combine' in each && 'over' in each;
}

type Arguments = Readonly<Record<string, unknown>>;

function labelOf(where: string, label: Label<never>, names: readonly string[]): (args: Arguments) => string {
  if (typeof label === 'function') return label as (args: Arguments) => string;
  if (typeof label !== 'string')
    throw new DagDefinitionError('HR_BAD_MAPPING', `${where}, label: ${shown(label)} is neither a template nor a function`);
  for (const [, path = ''] of label.matchAll(PLACE)) {
    const [name = ''] = path.split('.');
    if (!names.includes(name))
      throw new DagDefinitionError(
        'HR_BAD_MAPPING',
        `${where}, label: {${path}} is unknown; there is ${names.map((each) => `{${each}}`).join(', ')}`,
      );
  }
  return (args) => label.replace(PLACE, (_place, path: string) => String(at(args, path.split('.')) ?? ''));
}

const PLACE = /\{([^{}]*)\}/g;

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined), value);
}
