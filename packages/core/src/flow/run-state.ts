/** How run states come to be: new, or rebuilt from what was stored. */
import type { Dag } from '../model/compiled-dag.ts';
import { isTerminal, type RunStatus, type TaskState } from '../model/states.ts';
import type { RunState } from './run.ts';
import { countUpstream } from './tally.ts';

/** A queued run of which nothing has begun. */
export function newRun(dag: Dag): RunState {
  return restoreRun(
    dag,
    'queued',
    dag.tasks.map(() => ({ status: 'none', attempt: 0 })),
  );
}

/**
 * A run from its stored parts; what can be derived is derived. Follow it with a `tick`: that makes every decision which was
 * not yet made or not saved, and says when the next one is due.
 * @param tasks one state per task of the DAG, in its order.
 * @throws RangeError when the number of states is another one.
 */
export function restoreRun(dag: Dag, status: RunStatus, tasks: readonly TaskState[]): RunState {
  if (tasks.length !== dag.tasks.length) {
    throw new RangeError(`DAG "${dag.spec.dagId}" has ${dag.tasks.length} tasks, but ${tasks.length} task states were given`);
  }
  return {
    status,
    tasks: [...tasks],
    nodes: dag.tasks.map((_, task) => ({ task, mapIndex: -1 })),
    progress: {},
    tally: countUpstream(dag, tasks),
    open: tasks.reduce((open, state) => open + (isTerminal(state.status) ? 0 : 1), 0),
  };
}
