/** All that a scheduler's, or a person's, decision on a run tells. What workers decide, they tell themselves. */

import { ATTEMPT_LOST } from '../flow/attempt-outcome.ts';
import type { RunState, TaskChange } from '../flow/run.ts';
import type { Dag } from '../model/compiled-dag.ts';
import type { RunStatus } from '../model/states.ts';
import type { Notice, RunIdentity } from './notice.ts';
import { runNotices } from './run-notices.ts';
import { taskNotices } from './task-notices.ts';

/** A run and how it stands after the decision. */
export interface DecidedRun extends RunIdentity {
  readonly state: RunState;
}

/**
 * @param changes what was decided; `task` is a node of `run.state`.
 * @param status the run's new status, if it changed.
 */
export function decisionNotices(
  dag: Dag,
  run: DecidedRun,
  changes: readonly TaskChange[],
  status: RunStatus | undefined,
): readonly Notice[] {
  const notices: Notice[] = [];
  for (const change of changes) {
    const node = run.state.nodes[change.task];
    const task = node === undefined ? undefined : dag.tasks[node.task];
    if (node === undefined || task?.notices === undefined) continue;
    const subject = {
      ...run,
      taskId: task.taskId,
      mapIndex: change.mapIndex ?? node.mapIndex,
      reason: change.reason,
      ...(change.lost === true ? { error: ATTEMPT_LOST } : {}),
    };
    notices.push(...taskNotices(task, subject, change.from, change.to));
  }
  if (status !== undefined && dag.spec.notices !== undefined) {
    notices.push(...runNotices(dag.spec, run, status, status === 'failed' ? failedTasks(dag, run.state) : []));
  }
  return notices;
}

function failedTasks(dag: Dag, state: RunState): readonly string[] {
  const failed = state.nodes.flatMap(({ task }, node) => (state.tasks[node]?.status === 'failed' ? [dag.tasks[task]?.taskId ?? ''] : []));
  return [...new Set(failed)];
}
