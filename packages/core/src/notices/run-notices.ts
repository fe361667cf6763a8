/** What a run tells when it has ended. */
import type { DagSpec } from '../model/dag.ts';
import type { RunOccasion } from '../model/notice-spec.ts';
import type { RunStatus } from '../model/states.ts';
import { MOST_FAILED_TASKS, type Notice, type RunIdentity, runFacts, tell } from './notice.ts';

/**
 * The notices of a run that came into a status.
 * @param failedTasks ids of tasks of it that failed, for people.
 */
export function runNotices(
  dag: Pick<DagSpec, 'notices'>,
  run: RunIdentity,
  status: RunStatus,
  failedTasks: readonly string[] = [],
): readonly Notice[] {
  const occasion: RunOccasion | undefined = status === 'success' ? 'success' : status === 'failed' ? 'failure' : undefined;
  if (dag.notices === undefined || occasion === undefined) return [];
  const targets = dag.notices.filter((notice) => notice.on.includes(occasion)).map((notice) => notice.via);
  if (targets.length === 0) return [];
  const shown = failedTasks.slice(0, MOST_FAILED_TASKS);
  const told = `run.${occasion} of run ${run.runKey}, revision ${run.revision ?? 0}`;
  const payload = {
    event: `run.${occasion}` as const,
    ...runFacts(run),
    state: status,
    ...(shown.length === 0 ? {} : { failedTasks: shown }),
  };
  return tell(told, targets, payload, run.versionId);
}
