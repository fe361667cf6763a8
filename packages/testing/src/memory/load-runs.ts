/** Runs with all their task instances, each run in one snapshot. */
import type { LoadedRun } from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';
import { compareIds } from './order.ts';
import type { RunRow } from './rows.ts';

export function loadRuns(db: MemoryDatabase, runKeys: Iterable<string>): readonly LoadedRun[] {
  return [...new Set(runKeys)].sort(compareIds).flatMap((runKey) => {
    const run = db.runs.get(runKey);
    return run === undefined ? [] : [loaded(db, run)];
  });
}

function loaded(db: MemoryDatabase, run: RunRow): LoadedRun {
  const { runKey, dagId, runId, versionId, status, revision, startedAt, runAfter, logicalDate, partitionKey, traceParent } = run;
  const tasks = [...db.tasksOfRun.get(runKey)]
    .sort((a, b) => compareIds(a.taskInstanceId, b.taskInstanceId))
    .map(({ taskInstanceId, taskId, mapIndex, state }) => ({ taskInstanceId, taskId, mapIndex, state }));
  return {
    runKey,
    dagId,
    runId,
    versionId,
    status,
    revision,
    runAfter,
    progress: startedAt === undefined ? run.progress : { ...run.progress, startedAt },
    ...(logicalDate === undefined ? {} : { logicalDate }),
    ...(partitionKey === undefined ? {} : { partitionKey }),
    ...(traceParent === undefined ? {} : { traceParent }),
    tasks,
  };
}
