/** New rows of task instances: those with which runs begin, and those that come to be while a run goes on. */
import type { CreatedTaskInstance, DecisionResult, NewTaskInstance } from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';
import { rowLimits } from './row-limits.ts';
import type { RunRow } from './rows.ts';

type NewRow = NewTaskInstance & Partial<Pick<CreatedTaskInstance, 'reason'>>;

/** Those that the run has already are left as they are, and are not in the answer. */
export function insertTasks(db: MemoryDatabase, run: RunRow, tasks: readonly NewRow[]): DecisionResult['created'] {
  const { runKey, dagId, priorityClass } = run;
  const created: DecisionResult['created'][number][] = [];
  const known = new Set([...db.tasksOfRun.get(runKey)].map((row) => `${row.taskId} ${row.mapIndex}`));
  for (const task of tasks) {
    const { taskId, mapIndex = -1, state, queue, pool, poolSlots, priorityWeight, maxTries, reason } = task;
    if (known.has(`${taskId} ${mapIndex}`)) continue;
    const taskInstanceId = db.nextId('task_instance');
    db.tasks.insert(taskInstanceId, {
      taskInstanceId,
      runKey,
      dagId,
      taskId,
      mapIndex,
      mapLabel: undefined,
      state,
      triesBefore: 0,
      maxTries,
      queue,
      pool,
      poolSlots,
      priorityWeight,
      priorityClass,
      ...rowLimits(run, task),
      dispatchSequence: 0,
      dispatchedAt: undefined,
      leaseUntil: undefined,
      firstStartedAt: undefined,
      note: undefined,
      attemptId: undefined,
      scheduledAt: state.status === 'scheduled' ? db.now() : undefined,
      queuedAt: undefined,
      startedAt: undefined,
      endedAt: undefined,
      workerId: undefined,
      hostname: undefined,
      pid: undefined,
      error: undefined,
      reason,
      logKey: undefined,
    });
    created.push({ runKey, taskId, mapIndex, taskInstanceId });
  }
  return created;
}
