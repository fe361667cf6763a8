/** How run states come to be: new, or rebuilt from what was stored. */
import type { Dag } from '../model/compiled-dag.ts';
import { isTerminal, type RunStatus, type TaskState } from '../model/states.ts';
import type { RunNode, RunProgress, RunState } from './run.ts';
import { countIndex } from './run-index.ts';
import { countTally } from './tally.ts';

/** A run as it is stored. */
export interface StoredRun {
  readonly status: RunStatus;
  readonly nodes: readonly { readonly task: number; readonly mapIndex: number; readonly state: TaskState }[];
  readonly progress?: RunProgress;
  /** As `past.told` tells it. Absent: not yet told. */
  readonly pastUnmet?: readonly number[];
}

/** A queued run of which nothing has begun: one node a task, in the DAG's order; a loop's are those of its first iteration. */
export function newRun(dag: Dag): RunState {
  return restoreRun(dag, { status: 'queued', nodes: [] });
}

/**
 * A run from its stored parts; what can be derived is derived. Follow it with a `tick`: that makes every decision which was
 * not yet made or not saved, and says when the next one is due. Nodes keep the order in which they are given; a task of the DAG that
 * has none gets one, after them.
 * @throws RangeError when a node is of a task that the DAG does not have.
 */
export function restoreRun(dag: Dag, stored: StoredRun): RunState {
  const nodes: RunNode[] = [];
  const tasks: TaskState[] = [];
  const there = new Uint8Array(dag.tasks.length);
  for (const { task, mapIndex, state } of stored.nodes) {
    if (dag.tasks[task] === undefined) {
      throw new RangeError(`DAG "${dag.spec.dagId}" has ${dag.tasks.length} tasks and none with index ${task}`);
    }
    there[task] = 1;
    nodes.push({ task, mapIndex });
    tasks.push(state);
  }
  for (let task = 0; task < dag.tasks.length; task += 1) {
    if (there[task] === 1) continue;
    const space = dag.flow.spaces[dag.flow.spaceOf[task] ?? -1];
    nodes.push({ task, mapIndex: space?.loop === undefined ? -1 : 0 });
    tasks.push({ status: 'none', attempt: 0 });
  }
  const progress = stored.progress ?? {};
  const index = countIndex(dag, { nodes, tasks, progress });
  return {
    status: stored.status,
    tasks,
    nodes,
    progress,
    pastUnmet: stored.pastUnmet === undefined ? undefined : new Set(stored.pastUnmet),
    tally: countTally(dag, { nodes, tasks, progress }, index),
    open: tasks.reduce((open, state) => open + (isTerminal(state.status) ? 0 : 1), 0),
    index,
  };
}
