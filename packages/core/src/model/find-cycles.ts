/** Cycles of a graph that was meant to have none. */
import type { Edges } from './edges.ts';

/**
 * For each knot of tasks that wait for each other one cycle, in the order in which the tasks would run: each is upstream of
 * the next, the last of the first. A task that is upstream of itself is a cycle of one. Goes deep without recursion.
 * @param upstream per task the indexes of its upstream tasks.
 */
export function findCycles(upstream: Edges): readonly (readonly number[])[] {
  const cycles: number[][] = [];
  const done = new Set<number>();
  const inCycle = new Set<number>();
  for (let root = 0; root < upstream.length; root += 1) {
    if (done.has(root)) continue;
    const path: number[] = [root];
    const onPath = new Map([[root, 0]]);
    const nextEdge = [0];
    while (path.length > 0) {
      const depth = path.length - 1;
      const task = path[depth] ?? -1;
      const edge = nextEdge[depth] ?? 0;
      const source = upstream[task]?.[edge];
      if (source === undefined) {
        done.add(task);
        onPath.delete(task);
        path.pop();
        nextEdge.pop();
        continue;
      }
      nextEdge[depth] = edge + 1;
      const at = onPath.get(source);
      if (at !== undefined) {
        // The path goes upstream, so a cycle in order of execution is read backwards.
        const cycle = path.slice(at).reverse();
        if (!cycle.some((member) => inCycle.has(member))) {
          for (const member of cycle) inCycle.add(member);
          cycles.push(startAtSmallest(cycle));
        }
      } else if (!done.has(source)) {
        onPath.set(source, path.length);
        path.push(source);
        nextEdge.push(0);
      }
    }
  }
  return cycles;
}

function startAtSmallest(cycle: readonly number[]): number[] {
  const start = cycle.indexOf(Math.min(...cycle));
  return [...cycle.slice(start), ...cycle.slice(0, start)];
}
