/** Tasks that choose which of the tasks after them go on. */
import type { TriggerRule } from '@headrace/core';
import type { AnyAsset } from '../assets/asset.ts';
import { type DagBuilder, openDag } from '../dag-builder.ts';
import type { TaskDefinition } from '../definition.ts';
import { DagDefinitionError, shown } from '../definition-error.ts';
import { FailTask } from '../outcomes.ts';
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
import { outcome } from './outcome.ts';
import { firstTasks, upstreamOf, type Wires } from './wiring.ts';

/** Where a branch can lead, by the name that its function calls it: a task, a group, or several of them. */
export type Targets = Readonly<Record<string, Wires>>;

/** A target's name, several, or none. */
export type Choice<Name> = Name | readonly Name[] | undefined;

export interface BranchOptions<To extends Targets, Inputs extends TaskInputs, Rule extends TriggerRule, Outlets extends readonly AnyAsset[]>
  extends TaskOptions<Inputs, Rule, Outlets> {
  readonly to: To;
}

/**
 * A task that chooses among targets, which come after it: those that it does not name are skipped, but not what a chosen one leads to as
 * well (give a task that joins them the trigger rule `none_failed_min_one_success`). Whatever else comes after it goes on.
 * Its result is the names that it chose. Throws DagDefinitionError as `task` does.
 */
export function branch<
  const To extends Targets,
  const Inputs extends TaskInputs = NoInputs,
  const Rule extends TriggerRule = 'all_success',
  const Outlets extends readonly AnyAsset[] = readonly [],
>(
  id: string,
  options: BranchOptions<To, Inputs, Rule, Outlets>,
  choose: (
    context: TaskArguments<Inputs, Rule, undefined, Outlets>,
  ) => Choice<NoInfer<keyof To & string>> | Promise<Choice<NoInfer<keyof To & string>>>,
): TaskDefinition<readonly (keyof To & string)[]> {
  const { to, ...rest } = options;
  return defineBranch(id, rest, to, choose as TaskFunction, (chosen) =>
    chosen === undefined || chosen === null ? [] : Array.isArray(chosen) ? (chosen as readonly unknown[]) : [chosen],
  ) as TaskDefinition<readonly (keyof To & string)[]>;
}

/** What `on` may answer, when these are the cases: their names, and the booleans and numbers that are written like them. */
type AnswerOf<Name> = Name extends 'true'
  ? Name | true
  : Name extends 'false'
    ? Name | false
    : Name extends `${infer Count extends number}`
      ? Name | Count
      : Name;

export interface SwitchOptions<
  Cases extends Targets,
  On,
  Inputs extends TaskInputs,
  Rule extends TriggerRule,
  Outlets extends readonly AnyAsset[],
> extends TaskOptions<Inputs, Rule, Outlets> {
  /** Answers with the name of a case, or with a boolean or a number that is written like one. */
  readonly on: (context: TaskArguments<Inputs, Rule, undefined, Outlets>) => On | Promise<On>;
  readonly cases: Cases;
}

/**
 * A branch with a way for whatever `on` answers: an answer without a case is a compile error. Its result is the answer.
 * Throws DagDefinitionError as `task` does.
 */
export function switchOn<
  const Cases extends Targets,
  const On extends AnswerOf<`${keyof Cases & (string | number)}`>,
  const Inputs extends TaskInputs = NoInputs,
  const Rule extends TriggerRule = 'all_success',
  const Outlets extends readonly AnyAsset[] = readonly [],
>(id: string, options: SwitchOptions<Cases, On, Inputs, Rule, Outlets>): TaskDefinition<On> {
  const { on, cases, ...rest } = options;
  return defineBranch(
    id,
    rest,
    cases,
    on as TypedFunction as TaskFunction,
    (answer) => [String(answer)],
    (answer) => answer,
  ) as TaskDefinition<On>;
}

function defineBranch(
  id: string,
  options: FunctionOptions,
  to: Targets,
  choose: TaskFunction,
  namesOf: (answer: unknown) => readonly unknown[],
  resultOf: (answer: unknown, names: readonly string[]) => unknown = (_answer, names) => names,
): TaskDefinition {
  const where = `Task "${id}"`;
  const targets = new Map(Object.entries(to ?? {}).map(([name, wires]) => [name, firstTasks(`${where}, target "${name}"`, wires)]));
  if (targets.size === 0)
    throw new DagDefinitionError('HR_BAD_INPUT', `${where} has no targets: say where it can lead, { to: { name: task } }`);
  const builder = openDag(where);
  let after: Followers | undefined;
  const made = defineFunction(
    id,
    options,
    async (context) => {
      const answer = await choose(context);
      const names = namesOf(answer).map((name) => targetName(made.taskId, name, targets));
      after ??= followers(builder, made, targets);
      const chosen = new Set(names.flatMap((name) => targets.get(name) ?? []));
      const follow = [...after.others, ...[...chosen].map((each) => each.taskId)].sort();
      return outcome(resultOf(answer, names), { decision: { follow } });
    },
    { decides: { kind: 'branch' } },
  );
  for (const target of new Set([...targets.values()].flat())) {
    builder.checkOwn(where, target);
    target.after.add(made);
  }
  return made;
}

function targetName(taskId: string, name: unknown, targets: ReadonlyMap<string, unknown>): string {
  if (typeof name === 'string' && targets.has(name)) return name;
  throw new FailTask(`Task "${taskId}" chose ${shown(name)}, which is none of its targets: ${[...targets.keys()].join(', ')}`);
}

interface Followers {
  /** Tasks directly downstream that are no target: they go on whatever is chosen. */
  readonly others: readonly string[];
}

/** Worked out in the task process, where the DAG is complete. */
function followers(builder: DagBuilder, made: TaskDefinition, targets: ReadonlyMap<string, readonly TaskDefinition[]>): Followers {
  const named = new Set([...targets.values()].flat());
  const others = [...builder.tasks.values()].filter((each) => !named.has(each) && upstreamOf(each).has(made));
  return { others: others.map((each) => each.taskId) };
}
