/** Scheduled runs of DAGs whose time has come. A run that exists, by its run id or its logical date, is left alone. */
import type { DueDag, PlannedRun, SchedulerStore } from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';
import { insertRun } from './insert-run.ts';
import type { DagRow } from './rows.ts';
import { lookAgain } from './save-assets.ts';

export function planDueDags(
  db: MemoryDatabase,
  limit: number,
  plan: Parameters<SchedulerStore['planDueDags']>[1],
): { readonly created: readonly string[]; readonly looked: number } {
  const now = db.now();
  const due: { readonly dag: DagRow; readonly at: number }[] = [];
  for (const dag of db.dags.rows()) {
    if (dag.nextDueAt !== undefined && dag.nextDueAt <= now && !dag.paused && dag.removedAt === undefined)
      due.push({ dag, at: dag.nextDueAt });
  }
  const plans = due
    .sort((a, b) => a.at - b.at)
    .slice(0, limit)
    .map(({ dag }) => plan(dueDag(db, dag), now));
  for (const { dagId, scheduledUpTo, nextDueAt } of plans) {
    db.dags.change(dagId, { scheduledUpTo: scheduledUpTo ?? db.dags.require(dagId).scheduledUpTo, nextDueAt });
  }
  const created = plans.flatMap(({ runs }) => runs.flatMap((run) => createPlanned(db, run)));
  db.tell(created.map((runKey) => ({ type: 'run', runKey })));
  lookAgain(
    db,
    plans.flatMap(({ dagId, runs }) => (runs.some((run) => run.heldFor === 'assets') ? [dagId] : [])),
  );
  return { created, looked: plans.length };
}

function dueDag(db: MemoryDatabase, { dagId, versionId = '', firstSeenAt, activeSince, scheduledUpTo }: DagRow): DueDag {
  const { spec } = db.versions.require(versionId);
  return { dagId, versionId, spec, firstSeenAt, activeSince, ...(scheduledUpTo === undefined ? {} : { scheduledUpTo }) };
}

function createPlanned(db: MemoryDatabase, run: PlannedRun): readonly string[] {
  const { paramsDefault } = db.versions.require(run.versionId).spec;
  const made = insertRun(db, { ...run, params: paramsDefault, triggeredBy: 'timetable' });
  return 'runKey' in made ? [made.runKey] : [];
}
