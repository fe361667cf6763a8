/** Planning on demand, and runs that must make room for others. */
import type { OvertakenRun, ScheduleStore } from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';
import { compareIds } from './order.ts';
import type { DagRow, RunRow } from './rows.ts';

export function createScheduleStore(db: MemoryDatabase): ScheduleStore {
  return {
    requestPlan: async (dagIds) =>
      db.transaction(() => {
        const now = db.now();
        for (const dagId of dagIds) {
          const dag = db.dags.get(dagId);
          if (dag === undefined || dag.paused || dag.removedAt !== undefined || (dag.nextDueAt ?? Infinity) <= now) continue;
          db.dags.change(dagId, { nextDueAt: now });
          db.tell([{ type: 'dag', dagId }]);
        }
      }),

    overtakenRuns: async (limit) =>
      [...db.dags.rows()]
        .flatMap((dag) => overtakenOf(db, dag))
        .sort((a, b) => compareIds(a.run.runKey, b.run.runKey))
        .slice(0, limit)
        .map(({ run: { dagId, runId }, how }): OvertakenRun => ({ dagId, runId, how })),
  };
}

/** A run that was cleared and waits again overtakes nothing: it was somebody's wish, not the schedule's. */
function overtakenOf(db: MemoryDatabase, dag: DagRow): readonly { readonly run: RunRow; readonly how: OvertakenRun['how'] }[] {
  const { dagId, endsOther: how, exclusion } = dag;
  if (how === undefined || dag.paused || dag.removedAt !== undefined) return [];
  const now = db.now();
  const waiting = [...db.liveRunsOfDag.get(`queued ${dagId}`)].filter(
    (run) =>
      run.runType === 'scheduled' && run.heldFor === undefined && run.backfillId === undefined && run.runAfter <= now && run.revision === 0,
  );
  return [...db.liveRunsOfDag.get(`running ${dagId}`)]
    .filter((run) => run.backfillId === undefined && (how === 'terminate' || run.progress.ending === undefined))
    .filter((run) => waiting.some((other) => exclusion !== 'partition' || other.partitionKey === run.partitionKey))
    .map((run) => ({ run, how }));
}
