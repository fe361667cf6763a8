/**
 * What can be wrong with a DAG, all of it at once.
 *
 * V1. Its shape is given, its values are a stranger's: a number may be NaN, a rule unknown, a name `__proto__`.
 * V2. Each problem is said in words that name the place in the DAG file when it is known.
 */

import { assetProblems } from '../assets/asset-problems.ts';
import { TRIGGER_RULES } from '../flow/trigger-rule.ts';
import { checkSchedule } from '../schedule/validate-schedule.ts';
import type { DagSpec, TaskSpec } from './dag.ts';
import type { DagProblem } from './dag-problem.ts';
import { type Edges, reverseEdges } from './edges.ts';
import { findCycles } from './find-cycles.ts';
import { findUnreachable } from './find-unreachable.ts';
import type { GroupSpec } from './flow-spec.ts';
import { nearestName } from './nearest-name.ts';
import { reach } from './relations.ts';
import { findSpaces } from './spaces.ts';
import { checkFlow } from './validate-flow.ts';
import { waitingGraph } from './waiting-graph.ts';

type Code = DagProblem['code'];
type Report = (code: Code, what: string, task?: TaskSpec) => void;

/** Every problem of the spec, in the order of its tasks; empty when it can be compiled. Never throws. */
export function validateDag(spec: DagSpec): readonly DagProblem[] {
  const problems: DagProblem[] = [];
  const report: Report = (code, what, task) => {
    const source = task?.source;
    const place = source === undefined ? '' : `${source.file}:${source.line}:${source.column}: `;
    problems.push({
      code,
      message: `${place}${what}`,
      ...(task === undefined ? {} : { taskId: task.taskId }),
      ...(source === undefined ? {} : { source }),
    });
  };
  checkDag(spec, report);
  checkSchedule(spec.schedule, report);
  for (const problem of assetProblems(spec)) report('bad_value', problem);
  const byId = checkIds(spec, report);
  for (const task of spec.tasks) {
    checkReferences(task, byId, report);
    checkTaskValues(task, report);
  }
  checkFlow(spec, byId, report);
  checkGraph(spec, byId, report);
  return problems;
}

const ID = /^[A-Za-z0-9_.-]{1,250}$/;
/** Ids become keys of objects and parts of paths; these would not stay what they are. */
const RESERVED_IDS: ReadonlySet<string> = new Set(['__proto__', 'prototype', 'constructor', '.', '..']);

function idProblem(id: unknown): string | undefined {
  if (typeof id !== 'string' || !ID.test(id)) return 'must be 1 to 250 of the letters A-Z and a-z, digits, "_", "." and "-"';
  return RESERVED_IDS.has(id) ? 'is reserved; take another name' : undefined;
}

function checkDag(spec: DagSpec, report: Report): void {
  const wrongId = idProblem(spec.dagId);
  if (wrongId !== undefined) report('bad_id', `DAG id "${spec.dagId}" ${wrongId}`);
  for (const name of ['maxActiveRuns', 'maxActiveTasks'] as const) {
    if (!isWhole(spec[name], 1)) report('bad_value', `${name} must be a whole number from 1, but is ${spec[name]}`);
  }
  for (const name of ['startAt', 'endAt'] as const) {
    const instant = spec[name];
    if (instant !== undefined && !Number.isFinite(instant)) report('bad_value', `${name} must be an instant, but is ${instant}`);
  }
  if (spec.startAt !== undefined && spec.endAt !== undefined && spec.endAt < spec.startAt) {
    report('end_before_start', 'The DAG ends before it starts: endAt is earlier than startAt');
  }
  const { catchup } = spec;
  if (catchup.kind === 'window' && !isWhole(catchup.windowMs, 1)) {
    report('bad_value', `The catchup window must be longer than 0 ms, but is ${catchup.windowMs}`);
  }
}

/** The tasks by id, the first of each. */
function checkIds(spec: DagSpec, report: Report): ReadonlyMap<string, TaskSpec> {
  const byId = new Map<string, TaskSpec>();
  for (const task of spec.tasks) {
    const wrongId = idProblem(task.taskId);
    if (wrongId !== undefined) report('bad_id', `Task id "${task.taskId}" ${wrongId}`, task);
    const first = byId.get(task.taskId);
    if (first === undefined) {
      byId.set(task.taskId, task);
      continue;
    }
    const where = first.source === undefined ? '' : `, first at ${first.source.file}:${first.source.line}:${first.source.column}`;
    report('duplicate_task', `There are two tasks "${task.taskId}"${where}: task ids must be unique within a DAG`, task);
  }
  return byId;
}

function checkReferences(task: TaskSpec, byId: ReadonlyMap<string, TaskSpec>, report: Report): void {
  const upstream = new Set(task.upstream);
  for (const taskId of upstream) {
    if (!byId.has(taskId))
      report('unknown_upstream', `Task "${task.taskId}" comes after "${taskId}", which is not in the DAG${hint(taskId, byId)}`, task);
  }
  for (const [name, taskId] of Object.entries(task.inputs)) {
    if (RESERVED_IDS.has(name)) report('bad_id', `Input name "${name}" of task "${task.taskId}" is reserved; take another name`, task);
    if (!byId.has(taskId)) {
      report('unknown_input', `Task "${task.taskId}" takes "${name}" from "${taskId}", which is not in the DAG${hint(taskId, byId)}`, task);
    } else if (!upstream.has(taskId)) {
      report(
        'input_not_upstream',
        `Task "${task.taskId}" takes "${name}" from "${taskId}", but does not come after it: add it to upstream`,
        task,
      );
    }
  }
}

function hint(taskId: string, byId: ReadonlyMap<string, TaskSpec>): string {
  const near = nearestName(taskId, byId.keys());
  return near === undefined ? '' : `; did you mean "${near}"?`;
}

function checkTaskValues(task: TaskSpec, report: Report): void {
  const bad = (what: string, found: unknown): void => report('bad_value', `Task "${task.taskId}": ${what}, but is ${String(found)}`, task);
  const { retries } = task;
  if (!TRIGGER_RULES.includes(task.triggerRule)) bad(`triggerRule must be one of ${TRIGGER_RULES.join(', ')}`, task.triggerRule);
  if (idProblem(task.queue) !== undefined) bad('the queue must be named with letters, digits, "_", "." and "-"', task.queue);
  if (typeof task.pool !== 'string' || task.pool === '') bad('the pool must have a name', task.pool);
  if (!isWhole(task.poolSlots, 1)) bad('poolSlots must be a whole number from 1', task.poolSlots);
  if (!isWhole(task.executionTimeoutMs, 1)) bad('the execution timeout must be whole milliseconds, more than 0', task.executionTimeoutMs);
  if (!Number.isSafeInteger(task.priorityWeight)) bad('priorityWeight must be a whole number', task.priorityWeight);
  if (!isWhole(retries.max, 0)) bad('retries.max must be a whole number from 0', retries.max);
  if (!isWhole(retries.delayMs, 0)) bad('the retry delay must be whole milliseconds, not negative', retries.delayMs);
  if (!isWhole(retries.maxDelayMs, 0)) bad('the maximal retry delay must be whole milliseconds, not negative', retries.maxDelayMs);
  if (!(retries.jitter >= 0 && retries.jitter <= 1)) bad('the jitter must be between 0 and 1', retries.jitter);
  if (retries.backoff !== 'fixed' && retries.backoff !== 'exponential') bad('backoff must be fixed or exponential', retries.backoff);
  for (const rule of retries.rules) {
    if (rule.delayMs !== undefined && !isWhole(rule.delayMs, 0)) {
      bad(`the delay of the retry rule for "${rule.error}" must be whole milliseconds, not negative`, rule.delayMs);
    }
  }
}

function isWhole(value: unknown, least: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least;
}

/** Cycles and, in a graph that is otherwise sound, tasks that can never run. */
function checkGraph(spec: DagSpec, byId: ReadonlyMap<string, TaskSpec>, report: Report): void {
  const index = new Map([...byId.keys()].map((taskId, position) => [taskId, position]));
  const tasks = [...byId.values()];
  let sound = tasks.length === spec.tasks.length;
  const upstream = tasks.map((task) => {
    const sources = [...new Set(task.upstream)].map((taskId) => index.get(taskId));
    const known = sources.filter((source) => source !== undefined);
    if (known.length < sources.length || !TRIGGER_RULES.includes(task.triggerRule)) sound = false;
    return known;
  });
  const groups = new Map((spec.groups ?? []).map((group) => [group.groupId, group]));
  const waiting = waitingGraph(tasks, groups, upstream, (taskId) => index.get(taskId));
  const cycles = findCycles(waiting.upstream);
  for (const cycle of cycles) {
    const name = (at: number): string =>
      at < tasks.length ? `"${tasks[at]?.taskId}"` : `the end of group "${waiting.barrierIds[at - tasks.length]}"`;
    const first = tasks[cycle[0] ?? -1];
    const path = [...cycle, cycle[0] ?? -1].map(name).join(' → ');
    report(
      'cycle',
      cycle.length === 1 ? `Task ${name(cycle[0] ?? -1)} comes after itself` : `The tasks wait for each other: ${path}`,
      first,
    );
  }
  if (!sound || cycles.length > 0) return;
  const rules = tasks.map((task) => task.triggerRule);
  for (const position of findUnreachable(
    upstream,
    rules,
    unclear(tasks, groups, upstream, (taskId) => index.get(taskId)),
  )) {
    const task = tasks[position];
    const waits = task?.upstream.map((taskId) => `"${taskId}"`).join(', ');
    report(
      'unreachable',
      `Task "${task?.taskId}" can never run: however ${waits} may end, its trigger rule ${task?.triggerRule} is not met`,
      task,
    );
  }
}

/** Tasks of which more than their trigger rule says what becomes of them, or that are several: what they do is not foreseen. */
function unclear(
  tasks: readonly TaskSpec[],
  groups: ReadonlyMap<string, GroupSpec>,
  upstream: Edges,
  indexOf: (taskId: string) => number | undefined,
): ReadonlySet<number> {
  const found = new Set(findSpaces(tasks, groups, indexOf).flatMap((space) => space.tasks));
  const farReach: number[] = [];
  for (const [task, { role, decides }] of tasks.entries()) {
    if (role !== undefined) found.add(task);
    if (role === 'setup' || decides !== undefined) farReach.push(task);
  }
  if (farReach.length > 0) for (const task of reach(reverseEdges(upstream), farReach)) found.add(task);
  return found;
}
