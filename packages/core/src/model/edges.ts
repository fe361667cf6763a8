/** Edges between tasks, by index. */

/** Per task the indexes of its neighbours in one direction. */
export type Edges = readonly (readonly number[])[];

/** Downstream from upstream, or the other way round. */
export function reverseEdges(edges: Edges): Edges {
  const reversed: number[][] = edges.map(() => []);
  for (const [task, neighbours] of edges.entries()) for (const neighbour of neighbours) reversed[neighbour]?.push(task);
  return reversed;
}

/** Upstream before downstream. Tasks on or behind a cycle are not in it. */
export function topologicalOrder(upstream: Edges, downstream: Edges): readonly number[] {
  const missing = upstream.map((sources) => sources.length);
  const order: number[] = [];
  for (let task = 0; task < missing.length; task += 1) if (missing[task] === 0) order.push(task);
  // `order` grows while it is walked: it is also the queue.
  for (const task of order) {
    for (const target of downstream[task] ?? []) {
      const left = (missing[target] ?? 0) - 1;
      missing[target] = left;
      if (left === 0) order.push(target);
    }
  }
  return order;
}
