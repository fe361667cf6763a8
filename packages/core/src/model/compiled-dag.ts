/**
 * A DAG made ready for decisions: tasks and edges by index, so that a decision looks nothing up by name.
 *
 * C1. Indexes follow `spec.tasks`. C2. `order` puts every task after its upstream tasks. C3. It is never changed.
 */
import type { DagSpec, TaskSpec } from './dag.ts';
import { type Edges, reverseEdges, topologicalOrder } from './edges.ts';
import { type DagProblem, validateDag } from './validate-dag.ts';

export interface Dag {
  readonly spec: DagSpec;
  readonly tasks: readonly TaskSpec[];
  indexOf(taskId: string): number | undefined;
  readonly upstream: Edges;
  readonly downstream: Edges;
  /** Tasks without downstream tasks: their states make the run's outcome. */
  readonly leaves: readonly number[];
  /** Topological. */
  readonly order: readonly number[];
}

export class InvalidDagError extends Error {
  readonly code = 'HR_INVALID_DAG';
  readonly problems: readonly DagProblem[];
  constructor(dagId: string, problems: readonly DagProblem[]) {
    const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
    super(`DAG "${dagId}" has ${count}:\n${problems.map((problem) => `- ${problem.message}`).join('\n')}`);
    this.name = 'InvalidDagError';
    this.problems = problems;
  }
}

/**
 * The index-based form of a valid DAG.
 * @throws InvalidDagError with all problems at once.
 */
export function compileDag(spec: DagSpec): Dag {
  const problems = validateDag(spec);
  if (problems.length > 0) throw new InvalidDagError(spec.dagId, problems);
  const index = new Map(spec.tasks.map((task, position) => [task.taskId, position]));
  const upstream = spec.tasks.map((task) =>
    [...new Set(task.upstream)].map((taskId) => index.get(taskId)).filter((source) => source !== undefined),
  );
  const downstream = reverseEdges(upstream);
  return {
    spec,
    tasks: spec.tasks,
    indexOf: (taskId) => index.get(taskId),
    upstream,
    downstream,
    leaves: downstream.flatMap((targets, position) => (targets.length === 0 ? [position] : [])),
    order: topologicalOrder(upstream, downstream),
  };
}

/**
 * The tasks themselves and, as asked, everything upstream or downstream of them, at any distance. Sorted.
 * A clear command uses it to say which tasks it means.
 */
export function expandTasks(
  dag: Dag,
  tasks: readonly number[],
  directions: { readonly upstream?: boolean; readonly downstream?: boolean },
): readonly number[] {
  const found = new Set(tasks);
  if (directions.upstream === true) for (const task of reach(dag.upstream, tasks)) found.add(task);
  if (directions.downstream === true) for (const task of reach(dag.downstream, tasks)) found.add(task);
  return [...found].sort((a, b) => a - b);
}

function reach(edges: Edges, from: readonly number[]): ReadonlySet<number> {
  const found = new Set(from);
  for (const task of found) for (const next of edges[task] ?? []) found.add(next);
  return found;
}
