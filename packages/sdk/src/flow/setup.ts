/** Setups and teardowns: what is made for other tasks, and taken away again whatever becomes of them. */
import type { AnyAsset } from '../assets/asset.ts';
import { openDag } from '../dag-builder.ts';
import type { FlowOptions, TaskDefinition } from '../definition.ts';
import { DagDefinitionError, shown } from '../definition-error.ts';
import {
  defineFunction,
  type FunctionOptions,
  type NoInputs,
  type TaskArguments,
  type TaskFunction,
  type TaskInputs,
  type TaskOptions,
  type TypedFunction,
} from '../task.ts';
import { isTask, isTeardown, upstreamOf } from './wiring.ts';

/** A task made by `setup`. */
export type SetupTask<Result = unknown> = TaskDefinition<Result> & { readonly flow: FlowOptions & { readonly role: 'setup' } };
/** A task made by `teardown`. */
export type TeardownTask<Result = unknown> = TaskDefinition<Result> & { readonly flow: FlowOptions & { readonly role: 'teardown' } };

type OneOrMore<T> = T | readonly T[];

/** A task that makes something which its teardowns take away: a cluster, a scratch table. Throws DagDefinitionError as `task` does. */
export function setup<Result>(id: string, run: (context: TaskArguments<NoInputs, 'all_success'>) => Result): SetupTask<Awaited<Result>>;
export function setup<Result, const Inputs extends TaskInputs = NoInputs, const Outlets extends readonly AnyAsset[] = readonly []>(
  id: string,
  options: TaskOptions<Inputs, 'all_success', Outlets>,
  run: (context: TaskArguments<Inputs, 'all_success', undefined, Outlets>) => Result,
): SetupTask<Awaited<Result>>;
export function setup(id: string, ...rest: readonly [TypedFunction] | readonly [FunctionOptions, TypedFunction]): SetupTask {
  const [options, run] = rest.length === 1 ? [{}, rest[0]] : rest;
  return defineFunction(id, options, run as TaskFunction, { role: 'setup' }) as SetupTask;
}

export interface TeardownOptions<Inputs extends TaskInputs, Outlets extends readonly AnyAsset[]>
  extends Omit<TaskOptions<Inputs, 'all_done', Outlets>, 'triggerRule'> {
  /** The setups that it undoes; those among its inputs always. It runs when they have succeeded and what is between has ended. */
  readonly of?: OneOrMore<SetupTask>;
  /** Whether its failure fails the run. Default false. */
  readonly failsRun?: boolean;
}

/** A teardown has the results of its setups, and of other tasks perhaps. */
type TeardownArguments<Inputs extends TaskInputs, Outlets extends readonly AnyAsset[]> = Omit<
  TaskArguments<Inputs, 'all_done', undefined, Outlets>,
  keyof { [Name in keyof Inputs as Inputs[Name] extends SetupTask ? Name : never]: true }
> & {
  readonly [Name in keyof Inputs as Inputs[Name] extends SetupTask ? Name : never]: Inputs[Name] extends SetupTask<infer Result>
    ? Result
    : never;
};

/**
 * A task that runs whatever became of the tasks before it, if its setups have succeeded: also when the run is cancelled.
 * Throws DagDefinitionError as `task` does.
 */
export function teardown<Result, const Inputs extends TaskInputs = NoInputs, const Outlets extends readonly AnyAsset[] = readonly []>(
  id: string,
  options: TeardownOptions<Inputs, Outlets>,
  run: (context: TeardownArguments<Inputs, Outlets>) => Result,
): TeardownTask<Awaited<Result>> {
  const { of = [], failsRun = false, ...rest } = options;
  const given: readonly unknown[] = Array.isArray(of) ? of : [of];
  const wrong = given.find((each) => !isSetup(each));
  if (wrong !== undefined)
    throw new DagDefinitionError(
      'HR_BAD_INPUT',
      `Task "${id}", of: ${isTask(wrong) ? `task "${wrong.taskId}"` : shown(wrong)} is no setup; make it with setup(…)`,
    );
  const setups = [...new Set([...given, ...Object.values(rest.in ?? {})].filter(isSetup))];
  const made = defineFunction(id, { ...rest, triggerRule: 'all_done' }, run as TaskFunction, {
    role: 'teardown',
    ...(setups.length === 0 ? {} : { setups }),
    ...(failsRun ? { failsRun } : {}),
  });
  const builder = openDag(`Task "${id}"`);
  for (const each of setups) {
    builder.checkOwn(`Task "${id}"`, each);
    made.after.add(each);
  }
  return made as TeardownTask<Awaited<Result>>;
}

/**
 * Puts the tasks that `build` makes between setups and teardowns: the first of them come after the setups, the teardowns after the last.
 * Answers with what `build` returns. Throws HR_OUTSIDE_DAG, HR_BAD_INPUT, HR_ASYNC_BUILD.
 */
export function using<Result>(setups: OneOrMore<SetupTask>, teardowns: OneOrMore<TeardownTask>, build: () => Result): Result {
  const builder = openDag('using(…)');
  const { tasks, result } = builder.recording('using(…)', build);
  const own = new Set(tasks);
  const between = tasks.filter((each) => !isTeardown(each));
  const followed = new Set(between.flatMap((each) => [...upstreamOf(each)]));
  const [before, after] = [listOf('setups', setups, isSetup), listOf('teardowns', teardowns, isTeardown)];
  for (const each of between) {
    if (![...upstreamOf(each)].some((upstream) => own.has(upstream))) for (const first of before) each.after.add(first);
    if (!followed.has(each)) for (const last of after) last.after.add(each);
  }
  return result;
}

function isSetup(value: unknown): value is SetupTask {
  return isTask(value) && value.flow?.role === 'setup';
}

function listOf<T extends TaskDefinition>(what: string, given: OneOrMore<T>, isOne: (task: TaskDefinition) => boolean): readonly T[] {
  const list = Array.isArray(given) ? (given as readonly T[]) : [given as T];
  for (const each of list) {
    if (!isTask(each) || !isOne(each))
      throw new DagDefinitionError(
        'HR_BAD_INPUT',
        `using(…), ${what}: ${isTask(each) ? `task "${each.taskId}"` : shown(each)} is none of them; make it with ${what.slice(0, -1)}(…)`,
      );
  }
  return list;
}
