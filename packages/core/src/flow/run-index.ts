/**
 * What is derived from the nodes of a run and their states so that no decision looks through all of them.
 *
 * I1. `first` and `more` follow `RunState.nodes`. I2. The rest follows the moves, one by one, and is what `countIndex` would make of it.
 * I3. `more` and `counts` are empty where the DAG has no spaces.
 */
import type { Dag } from '../model/compiled-dag.ts';
import { isTerminal, type TaskState, type TaskStatus, type TerminalStatus } from '../model/states.ts';
import type { RunIndex, RunProgress, RunState } from './run.ts';

/** The columns of `counts`, and, up to `removed`, of a task's tally. */
export const COLUMN: Readonly<Record<TerminalStatus, number>> = { success: 0, failed: 1, skipped: 2, upstream_failed: 3, removed: 4 };
export const WAITING = 5;
export const ALL = 6;
export const COUNT_COLUMNS = 7;

/** The column in which a node of this status is counted, or −1. */
function columnOf(status: TaskStatus): number {
  if (isTerminal(status)) return COLUMN[status];
  return status === 'none' ? WAITING : -1;
}

/** The node of a task at a map index; for a task outside of spaces its only one, whatever the index. */
export function nodeAt(dag: Dag, index: RunIndex, task: number, mapIndex: number): number | undefined {
  if (mapIndex > 0 && dag.flow.spaceOf[task] !== -1) return index.more.get(task)?.[mapIndex];
  const node = index.first[task];
  return node === undefined || node < 0 ? undefined : node;
}

/** All nodes of a task, by map index. */
export function* nodesOf(index: RunIndex, task: number): Generator<number> {
  const first = index.first[task];
  if (first !== undefined && first >= 0) yield first;
  for (const node of index.more.get(task) ?? []) if (node !== undefined) yield node;
}

/** Of a task within a space (that is not a loop): how many of its nodes are counted in this column. */
export function countOf(index: RunIndex, task: number, column: number): number {
  return index.counts[task * COUNT_COLUMNS + column] ?? 0;
}

/** A teardown that may fail: it has no say in what becomes of its run. */
export function mayFail(dag: Dag, task: number): boolean {
  const spec = dag.tasks[task];
  return spec?.role === 'teardown' && spec.failsRun !== true;
}

/** Whether nothing within the barriers around `from`, but not around `to`, can still change what became of `from`. */
export function isOver(dag: Dag, index: RunIndex, from: number, to: number): boolean {
  for (const barrier of dag.flow.barriersOf[from] ?? []) {
    if (dag.flow.barriers[barrier]?.tasks.has(to) === true) return true;
    if (index.passable[barrier] !== 1) return false;
  }
  return true;
}

/** Whether the gate of a loop wants another iteration than its last one. */
export function wantsAgain(run: Pick<RunState, 'progress'>, gate: TaskState | undefined): boolean {
  return gate?.status === 'success' && gate.decision?.again === true && run.progress.ending === undefined;
}

type Known = Pick<RunState, 'tasks' | 'nodes' | 'progress'>;

/** The last iteration of a loop: the first whose gate does not lead to one that is there. */
export function lastIteration(dag: Dag, run: Known, index: RunIndex, space: number): number {
  const { gate = -1, loop } = dag.flow.spaces[space] ?? {};
  for (let iteration = 0; ; iteration += 1) {
    const node = nodeAt(dag, index, gate, iteration);
    const next = nodeAt(dag, index, gate, iteration + 1);
    if (node === undefined || next === undefined || run.tasks[next]?.status === 'removed') return iteration;
    if (!wantsAgain(run, run.tasks[node]) || iteration + 1 >= (loop?.maxIterations ?? 1)) return iteration;
  }
}

/** Whether all of the group has ended, something in it failed, and it may be run anew. */
export function needsRetry(dag: Dag, progress: RunProgress, index: RunIndex, barrier: number): boolean {
  const { groupId, maxRetries, children } = dag.flow.barriers[barrier] ?? { groupId: '', maxRetries: 0, children: [] };
  if (maxRetries === 0 || progress.ending !== undefined) return false;
  if (index.unfinished[barrier] !== 0 || index.failed[barrier] === 0) return false;
  return children.every((child) => index.passable[child] === 1) && (progress.groups?.[groupId]?.retries ?? 0) < maxRetries;
}

/** Whether the group is over, as its own nodes and the barriers within it stand. */
export function passes(dag: Dag, run: Known, index: RunIndex, barrier: number): boolean {
  const { loop, maxRetries, children } = dag.flow.barriers[barrier] ?? { loop: -1, maxRetries: 0, children: [] };
  if (!children.every((child) => index.passable[child] === 1)) return false;
  if (loop !== -1) {
    const node = nodeAt(dag, index, dag.flow.spaces[loop]?.gate ?? -1, index.iteration[loop] ?? 0);
    const gate = node === undefined ? undefined : run.tasks[node];
    if (gate === undefined || !isTerminal(gate.status) || wantsAgain(run, gate)) return false;
  }
  if (maxRetries === 0) return true;
  return index.unfinished[barrier] === 0 && !needsRetry(dag, run.progress, index, barrier);
}

/** The index of a run, from nothing but its nodes, their states and its progress. */
export function countIndex(dag: Dag, run: Known): RunIndex {
  const { spaces, spaceOf, barriers, barriersOf } = dag.flow;
  const first = new Int32Array(dag.tasks.length).fill(-1);
  const more = new Map<number, (number | undefined)[]>();
  for (const [node, { task, mapIndex }] of run.nodes.entries()) place(first, more, task, mapIndex, node);
  const index = {
    first,
    more,
    counts: new Uint32Array(spaces.length === 0 ? 0 : dag.tasks.length * COUNT_COLUMNS),
    iteration: new Int32Array(spaces.length),
    unfinished: new Int32Array(barriers.length),
    failed: new Int32Array(barriers.length),
    passable: new Uint8Array(barriers.length),
  };
  if (spaces.length === 0 && barriers.length === 0) return index;
  for (const [node, { task }] of run.nodes.entries()) {
    const status = run.tasks[node]?.status ?? 'none';
    if (spaceOf[task] !== -1) countStatus(index.counts, task, status, 1);
    for (const barrier of barriersOf[task] ?? []) {
      if (!isTerminal(status)) index.unfinished[barrier] = (index.unfinished[barrier] ?? 0) + 1;
      if (status === 'failed' && !mayFail(dag, task)) index.failed[barrier] = (index.failed[barrier] ?? 0) + 1;
    }
  }
  for (const [space, { loop }] of spaces.entries()) if (loop !== undefined) index.iteration[space] = lastIteration(dag, run, index, space);
  // Inner barriers come after the outer ones, which depend on them.
  for (let barrier = barriers.length - 1; barrier >= 0; barrier -= 1) index.passable[barrier] = passes(dag, run, index, barrier) ? 1 : 0;
  return index;
}

/** Enters a node. */
export function place(first: Int32Array, more: Map<number, (number | undefined)[]>, task: number, mapIndex: number, node: number): void {
  if (mapIndex <= 0) {
    first[task] = node;
    return;
  }
  const places = more.get(task) ?? [];
  while (places.length < mapIndex) places.push(undefined);
  places[mapIndex] = node;
  more.set(task, places);
}

/** Adds `by` nodes of this status. */
export function countStatus(counts: Uint32Array, task: number, status: TaskStatus, by: 1 | -1): void {
  const base = task * COUNT_COLUMNS;
  const column = columnOf(status);
  counts[base + ALL] = (counts[base + ALL] ?? 0) + by;
  if (column >= 0) counts[base + column] = (counts[base + column] ?? 0) + by;
}
