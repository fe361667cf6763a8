/** Task instances as they are when they are new: those with which a run begins, and those that mapping and loops add. */
import { type Dag, effectiveWeights, newRun, step, type TaskState } from '@headrace/core';
import type { NewTaskInstance } from '@headrace/ports';

const ofDag = new WeakMap<Dag, readonly NewTaskInstance[]>();
const weightsOfDag = new WeakMap<Dag, readonly number[]>();

/** The task instances with which a run of the DAG begins: what may run at once is `scheduled` from the start. */
export function initialTasks(dag: Dag): readonly NewTaskInstance[] {
  const known = ofDag.get(dag);
  if (known !== undefined) return known;
  const begun = step(dag, newRun(dag), { type: 'run.started' }, 0);
  const { nodes, tasks: states } = begun.kind === 'applied' ? begun.run : newRun(dag);
  const tasks = nodes.map(({ task, mapIndex }, node) => ({
    ...newTaskInstance(dag, task, states[node] ?? { status: 'none', attempt: 0 }),
    ...(mapIndex === -1 ? {} : { mapIndex }),
  }));
  ofDag.set(dag, tasks);
  return tasks;
}

/** An instance of a task by its index in the DAG. */
export function newTaskInstance(dag: Dag, task: number, state: TaskState): NewTaskInstance {
  const spec = dag.tasks[task];
  if (spec === undefined) throw new RangeError(`DAG "${dag.spec.dagId}" has no task with index ${task}`);
  return {
    taskId: spec.taskId,
    state,
    queue: spec.queue,
    pool: spec.pool,
    poolSlots: spec.poolSlots,
    priorityWeight: weightsOf(dag)[task] ?? spec.priorityWeight,
    maxTries: spec.retries.max + 1,
    ...(spec.limits === undefined ? {} : { limits: spec.limits }),
  };
}

function weightsOf(dag: Dag): readonly number[] {
  const known = weightsOfDag.get(dag);
  if (known !== undefined) return known;
  const weights = effectiveWeights(dag);
  weightsOfDag.set(dag, weights);
  return weights;
}
