/**
 * What a task tells.
 *
 * A task that was never tried because of what came before it (`upstream_failed`) tells nothing, as in Airflow: one failure at the root
 * of a wide DAG is one notice, not a hundred; the run tells that it failed. A skip is told whoever decided it (Airflow: only when the
 * task's own code did).
 */
import type { AttemptError, AttemptReport } from '../flow/attempt-report.ts';
import type { TaskSpec } from '../model/dag.ts';
import type { TaskOccasion } from '../model/notice-spec.ts';
import type { TaskState, TaskStatus } from '../model/states.ts';
import { isoInstant } from './iso-instant.ts';
import { type Notice, type RunIdentity, runFacts, type TaskNoticePayload, tell } from './notice.ts';

/** The task instance that something is told of. */
export interface TaskSubject extends RunIdentity {
  readonly taskId: string;
  readonly mapIndex: number;
  readonly error?: AttemptError;
  readonly reason?: string;
}

const OCCASIONS: Partial<Record<TaskStatus, TaskOccasion>> = {
  success: 'success',
  failed: 'failure',
  up_for_retry: 'retry',
  skipped: 'skipped',
};

/**
 * The notices of a task instance that moved from one state to another.
 * @param task of the version that the run is pinned to.
 */
export function taskNotices(task: Pick<TaskSpec, 'notices'>, subject: TaskSubject, from: TaskState, to: TaskState): readonly Notice[] {
  if (task.notices === undefined) return [];
  const occasion = OCCASIONS[to.status];
  if (occasion === undefined || (from.status === to.status && from.attempt === to.attempt)) return [];
  const targets = task.notices.filter((notice) => notice.on.includes(occasion)).map((notice) => notice.via);
  if (targets.length === 0) return [];
  const { runKey, taskId, mapIndex, revision, versionId } = subject;
  const decision = revision === undefined ? '' : ` by revision ${revision}`;
  const told = `task.${occasion} of run ${runKey}, ${taskId}[${mapIndex}], attempt ${to.attempt}${decision}`;
  return tell(told, targets, payloadOf(subject, to, occasion), versionId);
}

/** What an attempt that ended as reported tells: for whoever writes its outcome. `attempt` is its number. */
export function attemptNotices(
  task: Pick<TaskSpec, 'notices'>,
  subject: TaskSubject & { readonly attempt: number },
  report: AttemptReport,
  to: TaskState,
): readonly Notice[] {
  if (task.notices === undefined) return [];
  const said = {
    ...subject,
    ...(report.outcome === 'failed' ? { error: report.error } : {}),
    ...(report.outcome === 'skipped' && report.reason !== undefined ? { reason: report.reason } : {}),
  };
  return taskNotices(task, said, { status: 'running', attempt: subject.attempt }, to);
}

function payloadOf(subject: TaskSubject, to: TaskState, occasion: TaskOccasion): TaskNoticePayload {
  const { taskId, mapIndex, error, reason } = subject;
  return {
    event: `task.${occasion}`,
    ...runFacts(subject),
    taskId,
    mapIndex,
    attempt: to.attempt,
    state: to.status,
    ...(to.status === 'up_for_retry' ? { dueAt: isoInstant(to.dueAt) } : {}),
    ...(error === undefined
      ? {}
      : { error: { name: error.name, message: error.message, ...(error.code === undefined ? {} : { code: error.code }) } }),
    ...(reason === undefined ? {} : { reason }),
  };
}
