/**
 * A DAG made ready for decisions: tasks and edges by index, so that a decision looks nothing up by name.
 *
 * C1. Indexes follow `spec.tasks`. C2. `order` puts every task after its upstream tasks. C3. It is never changed.
 */
import type { DagSpec, TaskSpec } from './dag.ts';
import type { DagProblem } from './dag-problem.ts';
import { type Edges, reverseEdges, topologicalOrder } from './edges.ts';
import { type FlowPlan, planFlow } from './flow-plan.ts';
import { reach } from './relations.ts';
import { validateDag } from './validate-dag.ts';

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
  /** What else the flow of a run depends on: mapping, loops, branches, setups, groups. */
  readonly flow: FlowPlan;
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
  const indexOf = (taskId: string): number | undefined => index.get(taskId);
  const upstream = spec.tasks.map((task) =>
    [...new Set(task.upstream)].map((taskId) => index.get(taskId)).filter((source) => source !== undefined),
  );
  const downstream = reverseEdges(upstream);
  const flow = planFlow(spec, indexOf, upstream, downstream);
  return {
    spec,
    tasks: spec.tasks,
    indexOf,
    upstream,
    downstream,
    leaves: downstream.flatMap((targets, position) => (targets.length === 0 ? [position] : [])),
    order: orderOf(upstream, downstream, flow),
    flow,
  };
}

/** What gives the items of a mapped group comes before all of its tasks, also where no edge says so. */
function orderOf(upstream: Edges, downstream: Edges, flow: FlowPlan): readonly number[] {
  if (flow.feeds.size === 0) return topologicalOrder(upstream, downstream);
  const all = upstream.map((sources, task) => [...new Set([...sources, ...(flow.spaces[flow.spaceOf[task] ?? -1]?.sources ?? [])])]);
  return topologicalOrder(all, reverseEdges(all));
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
