import type { TriggerRule } from '@headrace/core';
import type { AnyAsset } from './assets/asset.ts';
import { checkedEmit, type Emit } from './assets/emit.ts';
import type { FlowOptions, MappedResults, Reference, TaskDefinition } from './definition.ts';
import { DagDefinitionError, shown } from './definition-error.ts';
import { type EachInput, type ItemArguments, type Label, mappedDefinition, type ResultOfEach } from './flow/mapping.ts';
import { isGroup, type ResultGroup, taskOf } from './flow/wiring.ts';
import { registerTask } from './operation.ts';
import type { CommonTaskOptions } from './options/task-options.ts';
import { isReference, resolveReferences, runValues } from './references.ts';
import type { TaskContext } from './task-context.ts';

/** What a task function gets by name: results of other tasks, and values of the run. */
export type TaskInputs = Readonly<Record<string, TaskDefinition | ResultGroup | Reference<unknown>>>;

export interface TaskOptions<Inputs extends TaskInputs, Rule extends TriggerRule, Outlets extends readonly AnyAsset[] = readonly AnyAsset[]>
  extends CommonTaskOptions<Rule> {
  /** Argument name → upstream task or reference. `{ in: { a, params } }` gives the function `a`'s result and the DAG's params with their type. */
  readonly in?: Inputs & { readonly [Name in keyof Inputs & ContextName]: ContextNameIsTaken<Name> };
  readonly outlets?: Outlets;
}

export interface MappedTaskOptions<
  Inputs extends TaskInputs,
  Rule extends TriggerRule,
  Each extends EachInput | undefined,
  Outlets extends readonly AnyAsset[] = readonly AnyAsset[],
> extends TaskOptions<Inputs, Rule, Outlets> {
  /** An instance for each item: of an array, of a task's result, or of `product({ … })` or `zip({ … })`. What all of them share is in `in`. */
  readonly each?: Each;
  /** How an instance is shown: a template such as `'{item.name}'`, or a function. Default: its map index. */
  readonly label?: Label<Each>;
}

type ContextName = Exclude<keyof TaskContext, 'params'>;

interface ContextNameIsTaken<Name extends string> {
  readonly error: `every task function is given "${Name}" already: choose another name`;
}

/** Only under `all_success` has every upstream task a result. A mapped one has always those that there are. */
type ResultOf<Result, Rule extends TriggerRule> = [Rule] extends ['all_success']
  ? Awaited<Result>
  : [Result] extends [MappedResults<unknown>]
    ? Result
    : Awaited<Result> | undefined;

type ArgumentOf<Input, Rule extends TriggerRule> =
  Input extends TaskDefinition<infer Result>
    ? ResultOf<Result, Rule>
    : Input extends ResultGroup<TaskDefinition<infer Result>>
      ? ResultOf<Result, Rule>
      : Input extends Reference<infer Value>
        ? Value
        : never;

/** What the function of a task is given. */
export type TaskArguments<
  Inputs extends TaskInputs,
  Rule extends TriggerRule,
  Each = undefined,
  Outlets extends readonly AnyAsset[] = readonly [],
> = Omit<TaskContext, keyof Inputs | 'emit' | 'args'> & {
  readonly [Name in keyof Inputs]: ArgumentOf<Inputs[Name], Rule>;
} & ItemArguments<Each> & { readonly emit: Emit<Outlets> };

/** Inputs of a task that has none. */
// biome-ignore lint/complexity/noBannedTypes: a record with no names is exactly what is meant.
export type NoInputs = {};

/**
 * A task of the DAG being built: a function with typed arguments, the awaited results of the tasks named in `in`. With `each` it is
 * mapped: an instance for each item. Its result must survive being stored: JSON values, bigint, Date and decimals.
 * Throws DagDefinitionError: HR_OUTSIDE_DAG, HR_BAD_ID, HR_DUPLICATE_TASK, HR_FOREIGN_TASK, HR_BAD_INPUT, HR_BAD_OPTION, HR_BAD_DURATION, HR_BAD_MAPPING.
 */
export function task<Result>(id: string, run: (context: TaskArguments<NoInputs, 'all_success'>) => Result): TaskDefinition<Awaited<Result>>;
export function task<
  Result,
  const Inputs extends TaskInputs = NoInputs,
  const Rule extends TriggerRule = 'all_success',
  const Each extends EachInput | undefined = undefined,
  const Outlets extends readonly AnyAsset[] = readonly [],
>(
  id: string,
  options: MappedTaskOptions<Inputs, Rule, Each, Outlets>,
  run: (context: TaskArguments<Inputs, Rule, Each, Outlets>) => Result,
): TaskDefinition<ResultOfEach<Awaited<Result>, Each>>;
export function task(id: string, ...rest: readonly [TypedFunction] | readonly [FunctionOptions, TypedFunction]): TaskDefinition {
  const [options, run] = rest.length === 1 ? [{}, rest[0]] : rest;
  return defineFunction(id, options, run as TaskFunction);
}

/** A task's function, of whatever arguments. */
export type TypedFunction = (context: never) => unknown;

export type TaskFunction = (context: TaskContext & Record<string, unknown>) => unknown;

/** Options of a function, of whatever types. */
export interface FunctionOptions extends CommonTaskOptions {
  readonly in?: TaskInputs;
  readonly each?: EachInput | undefined;
  readonly label?: Label<never>;
}

/** Any task that is a function. `flow` is what it is besides. */
export function defineFunction(
  id: string,
  { in: given = {}, each, label, ...options }: FunctionOptions,
  run: TaskFunction,
  flow?: Omit<FlowOptions, 'outlets' | 'inlets'>,
): TaskDefinition {
  if (typeof run !== 'function')
    throw new DagDefinitionError('HR_BAD_INPUT', `Task "${id}" has no function: write task(id, options, async ({ … }) => { … })`);
  const where = `Task "${id}"`;
  const { inputs, references } = sortedInputs(where, given);
  const mapped = each === undefined ? undefined : mappedDefinition(where, each, label);
  if (mapped === undefined && label !== undefined)
    throw new DagDefinitionError(
      'HR_BAD_MAPPING',
      `${where} has a label and no "each": only instances of a mapped task are told apart by it`,
    );
  const items = mapped?.over.map(({ argument }) => argument) ?? [];
  const twice = items.find((name) => Object.hasOwn(given, name));
  if (twice !== undefined)
    throw new DagDefinitionError('HR_BAD_INPUT', `${where} gets "${twice}" both as an input and as an item: choose another name in "in"`);
  return registerTask('task', {
    taskId: id,
    options,
    inputs,
    references,
    run: prepared(run, references, items, options.outlets ?? []),
    ...(mapped === undefined ? {} : { mapped }),
    ...(flow === undefined ? {} : { flow }),
  });
}

function sortedInputs(where: string, given: TaskInputs) {
  const inputs: Record<string, TaskDefinition> = {};
  const references: Record<string, Reference<unknown>> = {};
  for (const [name, input] of Object.entries(given)) {
    const upstream = taskOf(input);
    if (upstream !== undefined) inputs[name] = upstream;
    else if (isReference(input)) references[name] = input;
    else
      throw new DagDefinitionError(
        'HR_BAD_INPUT',
        isGroup(input)
          ? `${where}, input "${name}": the build function of group "${input.groupId}" returns no task whose result could be taken; take one of its members`
          : `${where}, input "${name}": ${shown(input)} is neither a task nor a reference such as interval.day`,
      );
  }
  return { inputs, references };
}

/** The function with what only the SDK knows put among its arguments. */
function prepared(
  run: TaskFunction,
  references: Readonly<Record<string, Reference<unknown>>>,
  items: readonly string[],
  outlets: readonly AnyAsset[],
): TaskFunction {
  const refers = Object.keys(references).length > 0;
  const checks = outlets.some((outlet) => outlet.metadata !== undefined);
  if (!refers && items.length === 0 && !checks) return run;
  return (context) => {
    const added: Record<string, unknown> = {};
    for (const name of items) added[name] = context.args?.[name];
    if (checks) added.emit = checkedEmit(outlets, context.emit);
    const values = refers ? (resolveReferences(references, runValues(context)) as Readonly<Record<string, unknown>>) : {};
    return run({ ...context, ...added, ...values });
  };
}
