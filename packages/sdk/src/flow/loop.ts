/** Loops: tasks that are run again and again until one of them, the gate, is done. */
import { openDag } from '../dag-builder.ts';
import { GROUP_BRAND, type LoopDefinition, type Reference, type TaskDefinition, type TaskOutcome } from '../definition.ts';
import { DagDefinitionError, shown } from '../definition-error.ts';
import { wholeNumber } from '../options/checked-values.ts';
import { type ReferenceTo, reference } from '../references.ts';
import { buildGroup, type GroupOptions } from './group.ts';
import { outcome } from './outcome.ts';
import { exportFrom } from './repetition.ts';
import { type Group, isTask, isTeardown, lastTasks, upstreamOf } from './wiring.ts';

/** The gate wants another iteration. */
export interface Again<State> extends TaskOutcome {
  readonly result: State;
  readonly decision: { readonly again: true };
}

/** The gate is content. */
export interface Done<Result> extends TaskOutcome {
  readonly result: Result;
  readonly decision: { readonly again: false };
}

/** Returned by the gate of a loop: once more, with this state. */
export function again<State>(state: State): Again<State> {
  return outcome(state, { decision: { again: true } }) as Again<State>;
}

/** Returned by the gate of a loop: that was all, and this is the loop's result. */
export function done(): Done<undefined>;
export function done<Result>(result: Result): Done<Result>;
export function done(result?: unknown): Done<unknown> {
  return outcome(result, { decision: { again: false } }) as Done<unknown>;
}

export interface LoopOptions<State> extends GroupOptions {
  /** The state of the first iteration: JSON, or a reference such as `params.from`. */
  readonly initial: State | Reference<State>;
  /** Iterations at most. The gate fails when it wants more. */
  readonly max: number;
}

export interface LoopScope<State> {
  /** `initial`, then what the gate said last with `again(state)`. */
  readonly state: ReferenceTo<State>;
  /** Counts from 0. */
  readonly iteration: Reference<number>;
}

type StateOf<Step> = Step extends Again<infer State> ? State : never;
type DoneOf<Step> = Step extends Done<infer Result> ? Result : never;

interface GateOf<State> {
  readonly error: 'the gate of a loop returns again(state), with a state of the same type as "initial", or done(result)';
  readonly state: State;
}

/**
 * Runs the tasks that `build` makes over and over: at least once, until the gate, the task that `build` returns, answers `done(result)`.
 * Each iteration has task instances of its own, told apart by their map index. The gate comes after all other tasks of the loop.
 * Answers with the gate: as an input it is the loop's result. Throws DagDefinitionError: HR_BAD_MAPPING, HR_BAD_INPUT, HR_BAD_OPTION and what `group` throws.
 */
export function loop<State, Step extends Again<unknown> | Done<unknown>>(
  id: string,
  options: LoopOptions<State>,
  build: (scope: LoopScope<State>) => TaskDefinition<Step> & ([StateOf<Step>] extends [State] ? unknown : GateOf<State>),
): TaskDefinition<DoneOf<Step>> {
  const { initial, max, ...groupOptions } = options;
  const where = `Loop "${id}"`;
  const maxIterations = wholeNumber(`${where}, max`, max, 1);
  let gate: TaskDefinition | undefined;
  const definition: LoopDefinition = { argument: 'state', initial, gate: () => gateOf(where, gate) };
  const scope = { state: reference(['args', 'state']), iteration: reference(['args', 'iteration']) };
  const { handle, group, close } = buildGroup(id, groupOptions, { loop: definition }, () => build(scope as unknown as LoopScope<State>));
  gate = gateOf(where, handle.result);
  openDag(where).checkOwn(where, gate);
  wireGate(where, gate, handle as Group);
  group.spec = { ...group.spec, loop: { gate: gate.taskId, maxIterations } };
  exportFrom(group, gate);
  close();
  return gate as TaskDefinition<DoneOf<Step>>;
}

function gateOf(where: string, value: unknown): TaskDefinition {
  if (isTask(value)) return value;
  throw new DagDefinitionError(
    'HR_BAD_INPUT',
    `${where}: its build function returns ${shown(value)}; return the task that says again(state) or done(result)`,
  );
}

/** The gate ends an iteration: everything else in the loop comes before it. */
function wireGate(where: string, gate: TaskDefinition, loop: Group): void {
  const { tasks } = loop[GROUP_BRAND];
  if (!tasks.includes(gate))
    throw new DagDefinitionError(
      'HR_BAD_INPUT',
      `${where}: task "${gate.taskId}" was made outside of it; make the gate inside the loop's build function`,
    );
  const later = tasks.find((task) => !isTeardown(task) && upstreamOf(task).has(gate));
  if (later !== undefined)
    throw new DagDefinitionError(
      'HR_BAD_INPUT',
      `${where}: task "${later.taskId}" comes after the gate "${gate.taskId}"; the gate is the last task of an iteration`,
    );
  for (const last of lastTasks(where, loop)) if (last !== gate) gate.after.add(last);
}
