/** DAGs that pause themselves after so many failed runs in a row. */
import type { DagSpec } from '../model/dag.ts';
import { type DagPausedPayload, type Notice, type RunIdentity, tell } from './notice.ts';

/** @returns how many runs have failed in a row once this one has ended, and whether the DAG is to be paused for it. */
export function streakAfter(
  failedBefore: number,
  status: 'success' | 'failed',
  limit: number,
): { readonly failedRuns: number; readonly pause: boolean } {
  const failedRuns = status === 'success' ? 0 : failedBefore + 1;
  return { failedRuns, pause: status === 'failed' && limit > 0 && failedRuns >= limit };
}

/** Why the DAG is paused, for people. */
export function pausedReason(failedRuns: number, lastRunId: string): string {
  const runs = failedRuns === 1 ? 'A run' : `${failedRuns} runs in a row`;
  return `${runs} failed, "${lastRunId}" last: the DAG paused itself. Un-pause it when the cause is mended`;
}

/** Told to whoever is told of failed runs. */
export function pausedNotices(dag: Pick<DagSpec, 'notices' | 'maxConsecutiveFailedRuns'>, run: RunIdentity): readonly Notice[] {
  const failedRuns = dag.maxConsecutiveFailedRuns;
  if (failedRuns === undefined || dag.notices === undefined) return [];
  const targets = dag.notices.filter((notice) => notice.on.includes('failure')).map((notice) => notice.via);
  const { dagId, runId, runKey, revision = 0 } = run;
  const payload: DagPausedPayload = {
    event: 'dag.paused',
    dagId,
    reason: pausedReason(failedRuns, runId),
    failedRuns,
    lastRunId: runId,
  };
  return tell(`dag.paused by run ${runKey}, revision ${revision}`, targets, payload, run.versionId);
}
