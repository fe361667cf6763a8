/** The task instances with which a run of a DAG begins: what may run at once is `scheduled` from the start. */
import { type Dag, newRun, step } from '@headrace/core';
import type { NewTaskInstance } from '@headrace/ports';

const ofDag = new WeakMap<Dag, readonly NewTaskInstance[]>();

export function initialTasks(dag: Dag): readonly NewTaskInstance[] {
  const known = ofDag.get(dag);
  if (known !== undefined) return known;
  const begun = step(dag, newRun(dag), { type: 'run.started' }, 0);
  const states = begun.kind === 'applied' ? begun.run.tasks : newRun(dag).tasks;
  const tasks = dag.tasks.map(
    (task, index): NewTaskInstance => ({
      taskId: task.taskId,
      state: states[index] ?? { status: 'none', attempt: 0 },
      queue: task.queue,
      pool: task.pool,
      poolSlots: task.poolSlots,
      priorityWeight: task.priorityWeight,
      maxTries: task.retries.max + 1,
    }),
  );
  ofDag.set(dag, tasks);
  return tasks;
}
