/**
 * Tasks that wait for the run before theirs (Airflow's `depends_on_past` and `wait_for_downstream`).
 *
 * The run before is the newest of the DAG with an earlier logical date, whoever made it. A run without a logical date, or without
 * a run before, waits for nothing; nor does a task that the run before did not have.
 */
import type { Dag } from '../model/compiled-dag.ts';
import type { TaskStatus } from '../model/states.ts';
import type { RunState } from './run.ts';

/** By task id, the states of the task's instances in the run before. */
export type PastRun = ReadonlyMap<string, readonly TaskStatus[]>;

/** Whether any task of the DAG asks for the run before. */
export function waitsForPast(dag: Dag): boolean {
  return dag.tasks.some((task) => task.dependsOnPast === true || task.waitForDownstream === true);
}

/**
 * The nodes whose condition on the run before is not met: its instances of the task, and with `waitForDownstream` those of the
 * tasks directly downstream, must all have succeeded or been skipped.
 */
export function unmetPast(dag: Dag, run: RunState, past: PastRun): readonly number[] {
  const good = (taskId: string): boolean => (past.get(taskId) ?? []).every(isGood);
  const unmet = new Set(
    dag.tasks.flatMap(({ taskId, dependsOnPast, waitForDownstream }, task) => {
      if (dependsOnPast !== true && waitForDownstream !== true) return [];
      const downstream = waitForDownstream === true ? (dag.downstream[task] ?? []) : [];
      const met = good(taskId) && downstream.every((each) => good(dag.tasks[each]?.taskId ?? ''));
      return met ? [] : [task];
    }),
  );
  return run.nodes.flatMap(({ task }, node) => (unmet.has(task) ? [node] : []));
}

function isGood(status: TaskStatus): boolean {
  return status === 'success' || status === 'skipped' || status === 'removed';
}
