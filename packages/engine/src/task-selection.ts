/** Which nodes of a run a command means. */
import { type Dag, expandNodes, type TaskStatus } from '@headrace/core';
import type { ClearRequest, TaskSelection } from '@headrace/ports';
import type { ActiveRun } from './active-run.ts';

/** A task that the run does not have is passed over: the caller knows what its version of the DAG has. */
export function selectNodes(
  run: ActiveRun,
  selection: TaskSelection & Pick<ClearRequest, 'includeLaterIterations'>,
  options: { readonly withSetupsAndTeardowns: boolean },
): readonly number[] {
  const { includeUpstream = false, includeDownstream = false, includeLaterIterations = false } = selection;
  const named = namedNodes(run, selection.taskIds);
  return expandNodes(run.dag, run.state, includeLaterIterations ? withLaterIterations(run, named) : named, {
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
    const [id, mapIndex] = typeof entry === 'string' ? [entry, undefined] : entry;
    for (const task of tasksNamed(dag, id)) {
      if (mapIndex === undefined) wholeTasks.add(task);
      else instances.add(`${task} ${mapIndex}`);
    }
  }
  return state.nodes.flatMap(({ task, mapIndex }, node) => (wholeTasks.has(task) || instances.has(`${task} ${mapIndex}`) ? [node] : []));
}

/** The task, or those of the group and of the groups in it. */
function tasksNamed(dag: Dag, id: string): readonly number[] {
  const task = dag.indexOf(id);
  if (task !== undefined) return [task];
  return dag.tasks.flatMap(({ group }, index) => (group === id || group?.startsWith(`${id}.`) === true ? [index] : []));
}

/** With all nodes of the later iterations of the loops that the nodes are in. */
function withLaterIterations({ dag, state }: ActiveRun, nodes: readonly number[]): readonly number[] {
  /** By loop, its earliest iteration among the nodes. */
  const earliest = new Map<number, number>();
  for (const node of nodes) {
    const { task = -1, mapIndex = -1 } = state.nodes[node] ?? {};
    const space = loopOf(dag, task);
    if (space !== undefined) earliest.set(space, Math.min(mapIndex, earliest.get(space) ?? mapIndex));
  }
  if (earliest.size === 0) return nodes;
  const later = state.nodes.flatMap(({ task, mapIndex }, node) =>
    mapIndex > (earliest.get(loopOf(dag, task) ?? -1) ?? mapIndex) ? [node] : [],
  );
  return [...nodes, ...later];
}

/** The number of its space, if the task is in a loop. */
function loopOf(dag: Dag, task: number): number | undefined {
  const space = dag.flow.spaceOf[task] ?? -1;
  return dag.flow.spaces[space]?.loop === undefined ? undefined : space;
}

export function statusOf({ state }: ActiveRun, node: number): TaskStatus {
  return state.tasks[node]?.status ?? 'none';
}
