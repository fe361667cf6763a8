/** Tasks that end a run's way early. */
import type { TriggerRule } from '@headrace/core';
import type { AnyAsset } from '../assets/asset.ts';
import type { TaskDefinition } from '../definition.ts';
import { oneOf } from '../options/checked-values.ts';
import type { CommonTaskOptions } from '../options/task-options.ts';
import { defineFunction, type NoInputs, type TaskArguments, type TaskFunction, type TaskInputs, type TaskOptions } from '../task.ts';
import { outcome } from './outcome.ts';

export interface ShortCircuitOptions<Inputs extends TaskInputs, Rule extends TriggerRule, Outlets extends readonly AnyAsset[]>
  extends TaskOptions<Inputs, Rule, Outlets> {
  /** What is skipped then: `all` that is downstream whatever its trigger rule says (default), or what is `direct`ly downstream. Never teardowns. */
  readonly skips?: 'all' | 'direct';
}

type Falsy = false | undefined | null | 0 | 0n | '';

/** What tasks after it see: they run only when the answer was true. */
export type Truthy<Answer> = Answer extends Falsy ? never : Answer extends boolean ? true : Answer;

/**
 * A task that lets what is downstream of it go on when its function answers with something true, and skips it otherwise.
 * Throws DagDefinitionError as `task` does.
 */
export function shortCircuit<
  Answer,
  const Inputs extends TaskInputs = NoInputs,
  const Rule extends TriggerRule = 'all_success',
  const Outlets extends readonly AnyAsset[] = readonly [],
>(
  id: string,
  options: ShortCircuitOptions<Inputs, Rule, Outlets>,
  goesOn: (context: TaskArguments<Inputs, Rule, undefined, Outlets>) => Answer,
): TaskDefinition<Truthy<Awaited<Answer>>> {
  const { skips = 'all', ...rest } = options;
  const reach = oneOf(`Task "${id}", skips`, skips, ['all', 'direct']);
  const ask = goesOn as TaskFunction;
  const run: TaskFunction = async (context) => {
    const answer = await ask(context);
    return answer ? answer : outcome(answer, { decision: { follow: [] } });
  };
  return defineFunction(id, rest, run, { decides: { kind: 'short_circuit', reach } }) as TaskDefinition<Truthy<Awaited<Answer>>>;
}

/**
 * A task that skips what is directly downstream of it in every scheduled run but the newest: for what makes no sense when it is made up
 * for later. Runs that are not of the schedule go on. Throws DagDefinitionError as `task` does.
 */
export function latestOnly(id: string, options: CommonTaskOptions = {}): TaskDefinition<boolean> {
  const run: TaskFunction = ({ latest = true }) => (latest ? true : outcome(false, { decision: { follow: [] } }));
  return defineFunction(id, options, run, { decides: { kind: 'short_circuit', reach: 'direct' } }) as TaskDefinition<boolean>;
}
