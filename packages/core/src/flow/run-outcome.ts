/**
 * How a run ends: Airflow's leaf rule (core-concepts/dag-run, "DAG Run Status"; howto/setup-and-teardown, "Controlling dag run state").
 *
 * Z1. A task that is removed is as if it had never been there. Z2. A teardown has no say, unless it may fail the run; what comes
 * before it has, as if the teardown were not there. A DAG of nothing but teardowns is judged by them. Z3. Of a loop the last iteration counts.
 */
import type { Dag } from '../model/compiled-dag.ts';
import type { RunState } from './run.ts';
import { mayFail, nodesOf } from './run-index.ts';

type Ended = Pick<RunState, 'tasks' | 'nodes' | 'index'>;

/** The outcome of a run whose nodes are all terminal: failed if a leaf is failed or upstream_failed, else success. */
export function runOutcome(dag: Dag, run: Ended): 'success' | 'failed' {
  const tasks = [...dag.tasks.keys()];
  const failed = tasks.filter((task) => hasFailed(dag, run, task, dag.spec.runOutcome !== 'any_failed'));
  if (failed.length === 0) return 'success';
  if (dag.spec.runOutcome === 'any_failed') return failed.some((task) => !mayFail(dag, task)) ? 'failed' : 'success';
  const gone = (task: number): boolean => {
    for (const node of nodesOf(run.index, task)) if (run.tasks[node]?.status !== 'removed') return false;
    return true;
  };
  const onlyTeardowns = tasks.every((task) => mayFail(dag, task) || gone(task));
  const ignored = (task: number): boolean => (!onlyTeardowns && mayFail(dag, task)) || gone(task);
  const isLeaf = (task: number): boolean => !ignored(task) && (dag.downstream[task] ?? []).every(ignored);
  return failed.some(isLeaf) ? 'failed' : 'success';
}

function hasFailed(dag: Dag, run: Ended, task: number, onlyLast: boolean): boolean {
  const space = dag.flow.spaceOf[task] ?? -1;
  const last = onlyLast && dag.flow.spaces[space]?.loop !== undefined ? run.index.iteration[space] : undefined;
  for (const node of nodesOf(run.index, task)) {
    const status = run.tasks[node]?.status;
    if (status !== 'failed' && status !== 'upstream_failed') continue;
    if (last === undefined || run.nodes[node]?.mapIndex === last) return true;
  }
  return false;
}
