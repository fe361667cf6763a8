/** How run states come to be: new, or rebuilt from what was stored. */
import type { Dag } from '../model/compiled-dag.ts';
import { isTerminal, type RunStatus, type TaskState } from '../model/states.ts';
import type { RunProgress, RunState } from './run.ts';
import { countUpstream } from './tally.ts';

/** What is stored of a run. */
export interface StoredRun {
  readonly status: RunStatus;
  readonly nodes: readonly { readonly task: number; readonly mapIndex: number; readonly state: TaskState }[];
  readonly progress?: RunProgress;
  /** See the event `past.told`. Absent: not yet told. */
  readonly pastUnmet?: readonly number[];
}

/** A queued run of which nothing has begun. */
export function newRun(dag: Dag): RunState {
  return restoreRun(dag, { status: 'queued', nodes: [] });
}

/**
 * A run from its stored parts; what can be derived is derived. Follow it with a `tick`: that makes every decision which was
 * not yet made or not saved, and says when the next one is due. Nodes keep their order; a task without any gets one at the end.
 */
export function restoreRun(dag: Dag, { status, nodes: stored, progress = {} }: StoredRun): RunState {
  const there = new Set(stored.map(({ task }) => task));
  const missing = dag.tasks.flatMap((_, task) =>
    there.has(task) ? [] : [{ task, mapIndex: -1, state: { status: 'none', attempt: 0 } as const }],
  );
  const nodes = [...stored, ...missing];
  const tasks = nodes.map(({ state }) => state);
  return {
    status,
    tasks,
    nodes: nodes.map(({ task, mapIndex }) => ({ task, mapIndex })),
    progress,
    tally: countUpstream(dag, tasks),
    open: tasks.reduce((open, state) => open + (isTerminal(state.status) ? 0 : 1), 0),
  };
}
