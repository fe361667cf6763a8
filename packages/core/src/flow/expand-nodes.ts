/**
 * What a command on some task instances of a run is about besides them: the graph of a run's nodes. It is never built, it follows from
 * the DAG's edges and the nodes' map indexes.
 */
import type { Dag } from '../model/compiled-dag.ts';
import type { RunState } from './run.ts';
import { nodeAt, nodesOf } from './run-index.ts';

export interface NodeExpansion {
  /** Everything upstream, at any distance. */
  readonly upstream?: boolean;
  readonly downstream?: boolean;
  /** Also the setups that the tasks need, and the teardowns of those: who runs anew needs what they make. */
  readonly withSetupsAndTeardowns?: boolean;
}

/**
 * The nodes themselves and, as asked, every node up- or downstream of them, at any distance. Sorted. What gives the items of a
 * mapped task or group is upstream of all its nodes. The iterations of a loop stand side by side: a later one is not downstream.
 */
export function expandNodes(
  dag: Dag,
  run: Pick<RunState, 'nodes' | 'index'>,
  nodes: readonly number[],
  expansion: NodeExpansion,
): readonly number[] {
  const found = new Set(nodes);
  if (expansion.upstream === true) for (const node of walk(dag, run, nodes, 'upstream')) found.add(node);
  if (expansion.downstream === true) for (const node of walk(dag, run, nodes, 'downstream')) found.add(node);
  if (expansion.withSetupsAndTeardowns === true) addSetupsAndTeardowns(dag, run, found);
  return [...found].sort((a, b) => a - b);
}

/** Of a task the setups in whose scope it is, of each setup its teardowns. */
function addSetupsAndTeardowns(dag: Dag, run: Pick<RunState, 'nodes' | 'index'>, found: Set<number>): void {
  // Setups are added while the set is walked, and then their teardowns.
  for (const node of found) {
    const { task, mapIndex } = run.nodes[node] ?? { task: -1, mapIndex: -1 };
    for (const other of [...(dag.flow.guards.get(task) ?? []), ...(dag.flow.teardowns.get(task) ?? [])]) {
      for (const neighbour of neighbours(dag, run, task, mapIndex, other)) found.add(neighbour);
    }
  }
}

function walk(
  dag: Dag,
  run: Pick<RunState, 'nodes' | 'index'>,
  from: readonly number[],
  direction: 'upstream' | 'downstream',
): ReadonlySet<number> {
  const found = new Set(from);
  /** Tasks of which all nodes are in `found`: so many-to-many edges cost their nodes, not their pairs. */
  const whole = new Set<number>();
  for (const node of found) {
    const { task, mapIndex } = run.nodes[node] ?? { task: -1, mapIndex: -1 };
    for (const other of nextTasks(dag, task, direction)) {
      if (whole.has(other)) continue;
      if (!isInner(dag, task, other)) whole.add(other);
      for (const neighbour of neighbours(dag, run, task, mapIndex, other)) found.add(neighbour);
    }
  }
  return found;
}

function nextTasks(dag: Dag, task: number, direction: 'upstream' | 'downstream'): readonly number[] {
  const next = dag[direction][task] ?? [];
  if (dag.flow.feeds.size === 0) return next;
  if (direction === 'upstream') return [...next, ...(dag.flow.spaces[dag.flow.spaceOf[task] ?? -1]?.sources ?? [])];
  return [...next, ...(dag.flow.feeds.get(task) ?? []).flatMap((space) => dag.flow.spaces[space]?.tasks ?? [])];
}

function isInner(dag: Dag, task: number, other: number): boolean {
  return dag.flow.spaceOf[task] !== -1 && dag.flow.spaceOf[task] === dag.flow.spaceOf[other];
}

/** The nodes of `other` that belong to a node of `task`: within their space the one of the same map index, else all. */
function neighbours(dag: Dag, run: Pick<RunState, 'index'>, task: number, mapIndex: number, other: number): Iterable<number> {
  if (!isInner(dag, task, other)) return nodesOf(run.index, other);
  const node = nodeAt(dag, run.index, other, mapIndex);
  return node === undefined ? [] : [node];
}
