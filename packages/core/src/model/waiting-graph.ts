/**
 * Who waits for whom in a DAG, for the search for cycles: besides its edges, a mapped group waits for what gives its items, and
 * what comes after a barrier (a loop, a group with retries) waits for all of it.
 */
import { findBarriers } from './barriers.ts';
import type { TaskSpec } from './dag.ts';
import type { Edges } from './edges.ts';
import type { GroupSpec } from './flow-spec.ts';
import { findSpaces } from './spaces.ts';

export interface WaitingGraph {
  /** Upstream by index: the tasks first, then the barriers, each of which waits for its tasks. */
  readonly upstream: Edges;
  /** By index from the number of tasks on. */
  readonly barrierIds: readonly string[];
}

export function waitingGraph(
  tasks: readonly TaskSpec[],
  groups: ReadonlyMap<string, GroupSpec>,
  upstream: Edges,
  indexOf: (taskId: string) => number | undefined,
): WaitingGraph {
  if (groups.size === 0 && tasks.every(({ expand }) => expand === undefined)) return { upstream, barrierIds: [] };
  const waits = upstream.map((sources) => new Set(sources));
  for (const { tasks: members, sources } of findSpaces(tasks, groups, indexOf)) {
    // Items of its own are another problem, said elsewhere.
    const others = sources.filter((source) => !members.includes(source));
    for (const task of members) for (const source of others) waits[task]?.add(source);
  }
  const { barriers, barriersOf } = findBarriers(tasks, groups, () => -1);
  for (const [task, sources] of waits.entries()) {
    for (const source of [...sources]) {
      for (const barrier of barriersOf[source] ?? []) if (barriers[barrier]?.tasks.has(task) !== true) sources.add(tasks.length + barrier);
    }
  }
  return {
    upstream: [...waits, ...barriers.map((barrier) => barrier.tasks)].map((sources) => [...sources]),
    barrierIds: barriers.map(({ groupId }) => groupId),
  };
}
