/** Deletes runs, task instances and DAGs with all that belongs to them. */
import type { Deletion } from '@headrace/ports';
import { backfillTables } from './backfill-tables.ts';
import type { MemoryDatabase } from './database.ts';
import { doom } from './doomed-objects.ts';
import { forgetLineageOf } from './lineage-store.ts';

const HELD: ReadonlySet<string> = new Set(['queued', 'running', 'restarting']);

export function deleteRun(db: MemoryDatabase, dagId: string, runId: string): Deletion {
  const run = db.runsById.first(`${dagId} ${runId}`);
  if (run === undefined) return 'not_found';
  if (run.status === 'running' || hasLiveTasks(db, run.runKey)) return 'live';
  dropRun(db, run.runKey);
  db.tell([{ type: 'run', runKey: run.runKey }]);
  return 'deleted';
}

export function hasLiveTasks(db: MemoryDatabase, runKey: string): boolean {
  return [...db.tasksOfRun.get(runKey)].some(({ state }) => HELD.has(state.status));
}

export function dropRun(db: MemoryDatabase, runKey: string): void {
  doom(db, 'run', db.runs.require(runKey));
  for (const { taskInstanceId } of [...db.tasksOfRun.get(runKey)]) dropTask(db, taskInstanceId);
  for (const { name } of [...db.deadlinesOfRun.get(runKey)]) db.deadlines.delete(`${runKey} ${name}`);
  for (const { eventId } of [...db.assetTables.eventsOfRun.get(runKey)]) db.assetTables.runEvents.delete(`${runKey} ${eventId}`);
  db.runs.delete(runKey);
}

function dropTask(db: MemoryDatabase, taskInstanceId: string): void {
  const attempts = [...db.triesOfTask.get(taskInstanceId)].map(({ attempt }) => attempt);
  const newest = db.tasks.get(taskInstanceId)?.state.attempt ?? 0;
  for (const attempt of [...attempts, newest]) db.results.delete(`${taskInstanceId} ${attempt}`);
  for (const attempt of attempts) db.tries.delete(`${taskInstanceId} ${attempt}`);
  for (const { waitId } of [...db.waitsOfTask.get(taskInstanceId)]) db.waits.delete(waitId);
  db.tasks.delete(taskInstanceId);
}

/** Only one that its run's version of the DAG no longer has. */
export function deleteTaskInstance(db: MemoryDatabase, taskInstanceId: string): 'deleted' | 'needed' | 'not_found' {
  const task = db.tasks.get(taskInstanceId);
  if (task === undefined) return 'not_found';
  if (task.state.status !== 'removed') return 'needed';
  dropTask(db, taskInstanceId);
  const { revision } = db.runs.require(task.runKey);
  db.runs.change(task.runKey, { revision: revision + 1 });
  db.tell([{ type: 'run', runKey: task.runKey }]);
  return 'deleted';
}

export function deleteDag(db: MemoryDatabase, dagId: string): Deletion {
  if (db.dags.get(dagId) === undefined) return 'not_found';
  const runs = [...db.runsOfDag.get(dagId)];
  const isLive = runs.some(({ runKey, status }) => status === 'queued' || status === 'running' || hasLiveTasks(db, runKey));
  if (isLive) return 'live';
  for (const { runKey } of runs) dropRun(db, runKey);
  for (const notice of [...db.notices.rows()])
    if ('dag_id' in notice.payload && notice.payload.dag_id === dagId) db.notices.delete(notice.key);
  const { queueOfDag, queued, referencesOfDag, references, definitionsOfDag, definitions } = db.assetTables;
  for (const row of [...queueOfDag.get(dagId)]) queued.delete(`${dagId} ${row.eventId}`);
  for (const row of [...referencesOfDag.get(dagId)]) references.delete(`${row.assetId} ${row.kind} ${dagId} ${row.taskId}`);
  for (const row of [...definitionsOfDag.get(dagId)]) definitions.delete(`${row.assetId} ${dagId}`);
  const { backfills } = backfillTables(db);
  for (const row of [...backfills.rows()]) if (row.dagId === dagId) backfills.delete(row.backfillId);
  for (const { versionId } of [...db.versionsOfDag.get(dagId)]) db.versions.delete(versionId);
  for (const favorite of [...db.favorites.rows()]) if (favorite.dagId === dagId) db.favorites.delete(`${favorite.user} ${dagId}`);
  forgetLineageOf(db, dagId);
  db.failureStreaks.delete(dagId);
  db.dags.delete(dagId);
  db.tell([{ type: 'dag', dagId }]);
  return 'deleted';
}
