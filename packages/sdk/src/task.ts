import type { TriggerRule } from '@headrace/core';
import { openDag } from './dag-builder.ts';
import type { Reference, TaskContext, TaskDefinition } from './definition.ts';
import { DagDefinitionError, shown } from './definition-error.ts';
import { isTask, registerTask } from './operation.ts';
import { isReference, resolveReferences, runValues } from './references.ts';
import type { CommonTaskOptions } from './task-options.ts';

/** What a task function gets by name: results of other tasks, and values of the run. */
export type TaskInputs = Readonly<Record<string, TaskDefinition | Reference<unknown>>>;

export interface TaskOptions<Inputs extends TaskInputs, Rule extends TriggerRule> extends CommonTaskOptions<Rule> {
  /** Argument name → upstream task or reference. `{ in: { a, params } }` gives the function `a`'s result and the DAG's params with their type. */
  readonly in?: Inputs & { readonly [Name in keyof Inputs & ContextName]: ContextNameIsTaken<Name> };
}

type ContextName = Exclude<keyof TaskContext, 'params'>;

interface ContextNameIsTaken<Name extends string> {
  readonly error: `every task function is given "${Name}" already: choose another name`;
}

/** Only under `all_success` has every upstream task a result. */
type ResultOf<Result, Rule extends TriggerRule> = [Rule] extends ['all_success'] ? Awaited<Result> : Awaited<Result> | undefined;

type ArgumentOf<Input, Rule extends TriggerRule> =
  Input extends TaskDefinition<infer Result> ? ResultOf<Result, Rule> : Input extends Reference<infer Value> ? Value : never;

/** What the function of a task is given. */
export type TaskArguments<Inputs extends TaskInputs, Rule extends TriggerRule> = Omit<TaskContext, keyof Inputs> & {
  readonly [Name in keyof Inputs]: ArgumentOf<Inputs[Name], Rule>;
};

/** Inputs of a task that has none. */
// biome-ignore lint/complexity/noBannedTypes: a record with no names is exactly what is meant.
export type NoInputs = {};

/**
 * A task of the DAG being built: a function with typed arguments, the awaited results of the tasks named in `in`.
 * Its result must survive being stored: JSON values, bigint, Date and decimals.
 * Throws DagDefinitionError: HR_OUTSIDE_DAG, HR_BAD_ID, HR_DUPLICATE_TASK, HR_FOREIGN_TASK, HR_BAD_INPUT, HR_BAD_OPTION, HR_BAD_DURATION.
 */
export function task<Result>(id: string, run: (context: TaskArguments<NoInputs, 'all_success'>) => Result): TaskDefinition<Awaited<Result>>;
export function task<Result, const Inputs extends TaskInputs = NoInputs, const Rule extends TriggerRule = 'all_success'>(
  id: string,
  options: TaskOptions<Inputs, Rule>,
  run: (context: TaskArguments<Inputs, Rule>) => Result,
): TaskDefinition<Awaited<Result>>;
export function task(
  id: string,
  ...rest: readonly [TaskFunction] | readonly [TaskOptions<TaskInputs, TriggerRule>, TaskFunction]
): TaskDefinition {
  const [options, run] = rest.length === 1 ? [{}, rest[0]] : rest;
  if (typeof run !== 'function')
    throw new DagDefinitionError('HR_BAD_INPUT', `Task "${id}" has no function: write task(id, options, async ({ … }) => { … })`);
  const tasks: Record<string, TaskDefinition> = {};
  const references: Record<string, Reference<unknown>> = {};
  for (const [name, input] of Object.entries(options.in ?? {})) {
    if (isTask(input)) tasks[name] = input;
    else if (isReference(input)) references[name] = input;
    else
      throw new DagDefinitionError(
        'HR_BAD_INPUT',
        `Task "${id}", input "${name}": ${shown(input)} is neither a task nor a reference such as interval.day`,
      );
  }
  const { in: _inputs, ...common } = options;
  return registerTask('task', {
    taskId: id,
    options: common,
    inputs: tasks,
    references,
    run: Object.keys(references).length === 0 ? run : withReferences(run, references),
  });
}

type TaskFunction = (context: TaskContext & Record<string, unknown>) => unknown;

function withReferences(run: TaskFunction, references: Readonly<Record<string, Reference<unknown>>>): TaskFunction {
  return (context) => {
    const values = resolveReferences(references, runValues(context)) as Readonly<Record<string, unknown>>;
    return run({ ...context, ...values });
  };
}

/** Orders tasks one after another, without passing results. Throws HR_FOREIGN_TASK, HR_OUTSIDE_DAG, HR_BAD_INPUT. */
export function chain(...tasks: readonly TaskDefinition[]): void {
  const builder = openDag('chain(…)');
  for (const [index, each] of tasks.entries()) {
    if (!isTask(each)) throw new DagDefinitionError('HR_BAD_INPUT', `chain(…), argument ${index + 1}: ${shown(each)} is not a task`);
    builder.checkOwn('chain(…)', each);
    const before = tasks[index - 1];
    if (before !== undefined) each.after.add(before);
  }
}
