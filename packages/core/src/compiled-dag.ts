/**
 * A DAG made ready for decisions: tasks and edges by index, so that a decision looks nothing up by name.
 *
 * C1. Indexes follow `spec.tasks`. C2. `order` puts every task after its upstream tasks. C3. It is never changed.
 */
import type { DagSpec, TaskSpec } from './dag.ts';
import { type DagProblem, validateDag } from './validate-dag.ts';

export interface Dag {
  readonly spec: DagSpec;
  readonly tasks: readonly TaskSpec[];
  indexOf(taskId: string): number | undefined;
  readonly upstream: readonly (readonly number[])[];
  readonly downstream: readonly (readonly number[])[];
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
  const downstream: number[][] = spec.tasks.map(() => []);
  const upstream = spec.tasks.map((task, position) => {
    const sources: number[] = [];
    for (const taskId of new Set(task.upstream)) {
      const source = index.get(taskId);
      if (source === undefined) continue;
      sources.push(source);
      downstream[source]?.push(position);
    }
    return sources;
  });
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

/** Upstream before downstream; shorter than the number of tasks exactly when there is a cycle. */
export function topologicalOrder(upstream: readonly (readonly number[])[], downstream: readonly (readonly number[])[]): readonly number[] {
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

function reach(edges: readonly (readonly number[])[], from: readonly number[]): ReadonlySet<number> {
  const found = new Set(from);
  for (const task of found) for (const next of edges[task] ?? []) found.add(next);
  return found;
}
