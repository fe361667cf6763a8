/** Groups of tasks: by their own ids, defaults and retries, mapped as a whole. */
import { openDag } from '../dag-builder.ts';
import {
  GROUP_BRAND,
  type GroupDefinition,
  type LoopDefinition,
  type MappedDefinition,
  type MappedResults,
  type TaskDefinition,
} from '../definition.ts';
import { DagDefinitionError } from '../definition-error.ts';
import { checkId } from '../ids.ts';
import { type RepeatOptions, repeatPolicy } from '../options/retries.ts';
import type { TaskDefaults } from '../options/task-options.ts';
import { reference } from '../references.ts';
import { type EachInput, type ItemReferences, type Label, mappedDefinition } from './mapping.ts';
import { checkNotNested, checkVisible, exportFrom } from './repetition.ts';
import { firstTasks, type Group, isGroup, isTask, lastTasks, type Wires } from './wiring.ts';

export interface GroupOptions {
  /** Markdown. */
  readonly doc?: string;
  /** Options of its tasks that say nothing else. They win over the DAG's. */
  readonly defaults?: TaskDefaults;
  /** When one of its tasks has failed and all have ended, the whole group is run anew, so often. */
  readonly retries?: RepeatOptions;
  /** Tasks and groups after which its first tasks come. */
  readonly after?: Wires;
}

export interface MappedGroupOptions<Each extends EachInput | undefined> extends GroupOptions {
  /** The whole group for each item: of an array, of a task's result, or of `product({ … })` or `zip({ … })`. */
  readonly each?: Each;
  /** How each of them is shown: a template such as `'{item.name}'`, or a function. Default: its map index. */
  readonly label?: Label<Each>;
}

/** A group, with what its build function returned as its members. */
export type GroupOf<Result> = Group<Result> &
  (Result extends TaskDefinition | Group | readonly unknown[] ? unknown : Result extends object ? Omit<Result, keyof Group> : unknown);

/** What a mapped group returned, as it is seen from outside: tasks have all their results. */
export type OfEach<Returned> =
  Returned extends TaskDefinition<infer Result>
    ? TaskDefinition<MappedResults<Result>>
    : Returned extends (...args: never[]) => unknown
      ? Returned
      : Returned extends object
        ? { readonly [Key in keyof Returned]: OfEach<Returned[Key]> }
        : Returned;

/**
 * A group of the DAG being built. The ids of its tasks begin with its own. What `build` returns are its members (`const { a } = group(…)`);
 * a group whose `build` returns a task can be an input, and stands for that task's result. `after` and `chain` take the whole group.
 * Throws DagDefinitionError: HR_OUTSIDE_DAG, HR_BAD_ID, HR_DUPLICATE_GROUP, HR_ASYNC_BUILD, HR_BAD_MAPPING, HR_BAD_INPUT.
 */
export function group<Result>(id: string, build: () => Result): GroupOf<Result>;
export function group<Result, const Each extends EachInput | undefined = undefined>(
  id: string,
  options: MappedGroupOptions<Each>,
  build: (scope: ItemReferences<Each>) => Result,
): GroupOf<[Each] extends [undefined] ? Result : OfEach<Result>>;
export function group(
  id: string,
  ...rest: readonly [Build] | readonly [MappedGroupOptions<EachInput | undefined>, Build]
): GroupOf<unknown> {
  const [options, build] = rest.length === 1 ? [{} as MappedGroupOptions<undefined>, rest[0]] : rest;
  const where = `Group "${id}"`;
  const mapped = options.each === undefined ? undefined : mappedDefinition(where, options.each, options.label as Label<never> | undefined);
  const items = (mapped?.over ?? []).map(({ argument }) => [argument, reference(['args', argument])] as const);
  const { handle, close } = buildGroup(id, options, mapped === undefined ? {} : { mapped }, () =>
    build(Object.fromEntries(items) as never),
  );
  close();
  return handle;
}

type Build = (scope: never) => unknown;

/** Writable while the group is built. */
export type OpenGroup = { -readonly [Key in keyof GroupDefinition]: GroupDefinition[Key] };

/** Builds a group of any kind. `close` wires its first tasks to what it comes after, when nothing more is added to it. */
export function buildGroup<Result>(
  id: string,
  options: GroupOptions,
  repeated: { readonly mapped?: MappedDefinition; readonly loop?: LoopDefinition },
  build: (group: OpenGroup) => Result,
): { readonly handle: GroupOf<Result>; readonly group: OpenGroup; readonly close: () => void } {
  checkId('group', id);
  const builder = openDag(`Group "${id}"`);
  const groupId = builder.idHere(id);
  checkId('group', groupId);
  const where = `Group "${groupId}"`;
  if (typeof build !== 'function')
    throw new DagDefinitionError('HR_BAD_INPUT', `${where} has no build function: write group(id, options, () => { … })`);
  if (repeated.mapped !== undefined || repeated.loop !== undefined) checkNotNested(where, builder.group);
  const parent = builder.group;
  const group: OpenGroup = {
    spec: {
      groupId,
      ...(parent === undefined ? {} : { parent: parent.spec.groupId }),
      ...(options.doc === undefined ? {} : { doc: options.doc }),
      ...(options.retries === undefined ? {} : { retries: repeatPolicy(`${where}, retries`, options.retries) }),
    },
    ...(parent === undefined ? {} : { parent }),
    ...repeated,
  };
  const before = [
    ...(options.after === undefined ? [] : lastTasks(`${where}, after`, options.after)),
    ...(repeated.mapped?.over ?? []).flatMap(({ items }) => (isTask(items) ? [items] : [])),
  ];
  for (const upstream of before) builder.checkOwn(where, upstream);
  for (const { items } of repeated.mapped?.over ?? []) if (isTask(items)) checkVisible(`${where}, each`, items, parent);
  builder.addGroup(group);
  const { tasks, result } = builder.within(group, options.defaults ?? {}, () => build(group));
  if (tasks.length === 0)
    throw new DagDefinitionError('HR_BAD_INPUT', `${where} has no tasks: what comes after it would not know when it is done`);
  if (repeated.mapped !== undefined) exportFrom(group, result);
  const handle = Object.freeze({
    ...membersOf(where, result),
    [GROUP_BRAND]: { definition: group, tasks },
    groupId,
    result,
  }) as unknown as GroupOf<Result>;
  const close = (): void => {
    for (const first of firstTasks(where, handle as Group)) for (const upstream of before) first.after.add(upstream);
  };
  return { handle, group, close };
}

const OWN_NAMES = ['groupId', 'result'];

function membersOf(where: string, result: unknown): Readonly<Record<string, unknown>> {
  if (typeof result !== 'object' || result === null || isTask(result) || isGroup(result) || Array.isArray(result)) return {};
  const members = result as Readonly<Record<string, unknown>>;
  const taken = OWN_NAMES.find((name) => Object.hasOwn(members, name));
  if (taken !== undefined)
    throw new DagDefinitionError('HR_BAD_INPUT', `${where} returns a member "${taken}", which every group has: choose another name`);
  return members;
}
