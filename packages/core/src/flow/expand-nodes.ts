/** What a command on some task instances of a run is about besides them. */
import { type Dag, expandTasks } from '../model/compiled-dag.ts';
import type { RunState } from './run.ts';

export interface NodeExpansion {
  /** Everything upstream, at any distance. */
  readonly upstream?: boolean;
  readonly downstream?: boolean;
  /** Also the setups that the tasks need, and the teardowns of those: who runs anew needs what they make. */
  readonly withSetupsAndTeardowns?: boolean;
}

/** The nodes themselves and, as asked, what is up- or downstream of them. Sorted. */
export function expandNodes(dag: Dag, run: RunState, nodes: readonly number[], expansion: NodeExpansion): readonly number[] {
  const found = new Set(nodes);
  const tasks = [...new Set(nodes.map((node) => run.nodes[node]?.task ?? -1))];
  const reached = new Set(expandTasks(dag, tasks, expansion));
  for (const task of tasks) reached.delete(task);
  for (const [node, { task }] of run.nodes.entries()) if (reached.has(task)) found.add(node);
  return [...found].sort((a, b) => a - b);
}
