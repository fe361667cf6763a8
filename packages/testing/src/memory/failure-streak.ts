/** Failed runs in a row, and DAGs that pause themselves for it, in the transaction in which a run ends. */
import { pausedReason, streakAfter } from '@headrace/core';
import type { RunDecision } from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';
import { saveNotices } from './save-notices.ts';

export function saveFailureStreak(db: MemoryDatabase, { runKey, status, failureStreak }: RunDecision): void {
  if (failureStreak === undefined || (status !== 'success' && status !== 'failed')) return;
  const { dagId, runId } = db.runs.require(runKey);
  const known = db.failureStreaks.get(dagId);
  const { failedRuns, pause } = streakAfter(known?.failedRuns ?? 0, status, failureStreak.limit);
  const pausesNow = pause && db.dags.require(dagId).paused === false;
  db.failureStreaks.put(dagId, { failedRuns, pausedReason: pausesNow ? pausedReason(failedRuns, runId) : known?.pausedReason });
  if (!pausesNow) return;
  db.dags.change(dagId, { paused: true });
  saveNotices(db, failureStreak.notices);
  db.tell([{ type: 'dag', dagId }]);
}
