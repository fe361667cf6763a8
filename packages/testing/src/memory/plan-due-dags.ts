/** Scheduled runs of DAGs whose time has come. A run that exists, by its run id or its logical date, is left alone. */
import { needsUnendedRuns, type UnendedRun } from '@headrace/core';
import type { DueDag, PlannedRun, SchedulerStore } from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';
import { insertRun } from './insert-run.ts';
import { compareIds } from './order.ts';
import type { DagRow, RunRow } from './rows.ts';
import { lookAgain } from './save-assets.ts';

export function planDueDags(
  db: MemoryDatabase,
  limit: number,
  plan: Parameters<SchedulerStore['planDueDags']>[1],
): { readonly created: readonly string[]; readonly looked: number } {
  const now = db.now();
  const due: { readonly dag: DagRow; readonly at: number }[] = [];
  for (const dag of db.dags.rows()) {
    if (dag.paused || dag.removedAt !== undefined) continue;
    if (dag.nextDueAt !== undefined && dag.nextDueAt <= now) due.push({ dag, at: dag.nextDueAt });
    else if (isPlannedNow(db, dag)) due.push({ dag, at: now });
  }
  const plans = due
    .sort((a, b) => a.at - b.at)
    .slice(0, limit)
    .map(({ dag }) => plan(dueDag(db, dag), now));
  for (const { dagId, scheduledUpTo, scheduledFrom, nextDueAt, whenIdle, exclusion, endsOther } of plans) {
    const dag = db.dags.require(dagId);
    db.dags.change(dagId, {
      scheduledUpTo: scheduledUpTo ?? dag.scheduledUpTo,
      scheduledFrom: scheduledFrom ?? dag.scheduledFrom,
      nextDueAt,
      planWhenIdle: whenIdle ?? false,
      exclusion: exclusion ?? 'none',
      endsOther,
    });
  }
  for (const runKey of plans.flatMap((one) => one.replaces ?? [])) takeBack(db, runKey);
  const created = plans.flatMap(({ runs }) => runs.flatMap((run) => createPlanned(db, run)));
  db.tell(created.map((runKey) => ({ type: 'run', runKey })));
  lookAgain(
    db,
    plans.flatMap(({ dagId, runs }) => (runs.some((run) => run.heldFor === 'assets') ? [dagId] : [])),
  );
  if (plans.some((one) => one.endsOther !== undefined && one.runs.length > 0)) db.tell([{ type: 'duty', duty: 'overlap' }]);
  return { created, looked: plans.length };
}

/** It is planned as soon as it has no queued or running run but those of backfills, and it has none. */
export function isPlannedNow(db: MemoryDatabase, dag: DagRow): boolean {
  return dag.planWhenIdle === true && !dag.paused && dag.removedAt === undefined && unendedRuns(db, dag.dagId).length === 0;
}

function unendedRuns(db: MemoryDatabase, dagId: string): readonly RunRow[] {
  const live = [...db.liveRunsOfDag.get(`running ${dagId}`), ...db.liveRunsOfDag.get(`queued ${dagId}`)];
  return live.filter((run) => run.backfillId === undefined).sort((a, b) => compareIds(a.runKey, b.runKey));
}

function dueDag(db: MemoryDatabase, dag: DagRow): DueDag {
  const { dagId, versionId = '', firstSeenAt, activeSince, scheduledUpTo, scheduledFrom } = dag;
  const { spec } = db.versions.require(versionId);
  return {
    dagId,
    versionId,
    spec,
    firstSeenAt,
    activeSince,
    ...(scheduledUpTo === undefined ? {} : { scheduledUpTo }),
    ...(scheduledFrom === undefined ? {} : { scheduledFrom }),
    ...(needsUnendedRuns(spec) ? { unended: unendedRuns(db, dagId).map(unendedRun) } : {}),
  };
}

function unendedRun({ runKey, status, partitionKey }: RunRow): UnendedRun {
  return { runKey, status: status === 'running' ? 'running' : 'queued', ...(partitionKey === undefined ? {} : { partitionKey }) };
}

/** A run that has begun is left alone. */
function takeBack(db: MemoryDatabase, runKey: string): void {
  const run = db.runs.get(runKey);
  if (run?.status === 'queued' && run.startedAt === undefined && db.tasksOfRun.count(runKey) === 0) db.runs.delete(runKey);
}

function createPlanned(db: MemoryDatabase, run: PlannedRun): readonly string[] {
  const { paramsDefault } = db.versions.require(run.versionId).spec;
  const made = insertRun(db, { ...run, params: paramsDefault, triggeredBy: 'timetable' });
  return 'runKey' in made ? [made.runKey] : [];
}
