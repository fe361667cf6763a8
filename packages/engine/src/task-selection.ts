/** Which nodes of a run a command means. */
import { expandNodes, type TaskStatus } from '@headrace/core';
import type { TaskSelection } from '@headrace/ports';
import type { ActiveRun } from './active-run.ts';

/** A task that the run does not have is passed over: the caller knows what its version of the DAG has. */
export function selectNodes(
  run: ActiveRun,
  selection: TaskSelection,
  options: { readonly withSetupsAndTeardowns: boolean },
): readonly number[] {
  const { includeUpstream = false, includeDownstream = false } = selection;
  return expandNodes(run.dag, run.state, namedNodes(run, selection.taskIds), {
    upstream: includeUpstream,
    downstream: includeDownstream,
    withSetupsAndTeardowns: options.withSetupsAndTeardowns,
  });
}

function namedNodes({ dag, state }: ActiveRun, taskIds: TaskSelection['taskIds']): readonly number[] {
  if (taskIds === undefined) return state.nodes.map((_, node) => node);
  const wholeTasks = new Set<number>();
  const instances = new Set<string>();
  for (const entry of taskIds) {
    if (typeof entry !== 'string') {
      const task = dag.indexOf(entry[0]);
      if (task !== undefined) instances.add(`${task} ${entry[1]}`);
      continue;
    }
    const task = dag.indexOf(entry);
    if (task !== undefined) wholeTasks.add(task);
    else
      for (const [index, { group }] of dag.tasks.entries())
        if (group === entry || group?.startsWith(`${entry}.`) === true) wholeTasks.add(index);
  }
  return state.nodes.flatMap(({ task, mapIndex }, node) => (wholeTasks.has(task) || instances.has(`${task} ${mapIndex}`) ? [node] : []));
}

export function statusOf({ state }: ActiveRun, node: number): TaskStatus {
  return state.tasks[node]?.status ?? 'none';
}
