/** How a run ends: Airflow's leaf rule (core-concepts/dag-run, "DAG Run Status"). */
import type { Dag } from '../model/compiled-dag.ts';
import type { TaskState } from '../model/states.ts';

/**
 * The outcome of a run whose tasks are all terminal: failed if a leaf is failed or upstream_failed, else success.
 * A removed leaf hands its place to its upstream tasks, as in the DAG without it.
 */
export function runOutcome(dag: Dag, tasks: readonly TaskState[]): 'success' | 'failed' {
  const removed = (task: number): boolean => tasks[task]?.status === 'removed';
  const leaves = new Set(dag.leaves);
  for (const leaf of leaves) {
    const status = tasks[leaf]?.status;
    if (status === 'failed' || status === 'upstream_failed') return 'failed';
    if (status !== 'removed') continue;
    for (const source of dag.upstream[leaf] ?? []) {
      if ((dag.downstream[source] ?? []).every(removed)) leaves.add(source);
    }
  }
  return 'success';
}
