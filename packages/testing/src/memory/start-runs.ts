/**
 * queued → running, for runs whose time has come.
 *
 * R1. A DAG never has more running runs than its limit.
 * R2. A run that begins gets its task instances in the same transaction; a cleared run keeps its own.
 */
import type { LoadedRun, NewTaskInstance, SchedulerStore } from '@headrace/ports';
import { type MemoryDatabase, SHARDS } from './database.ts';
import { insertTasks } from './insert-tasks.ts';
import { loadRuns } from './load-runs.ts';
import { compareIds } from './order.ts';
import type { RunRow } from './rows.ts';

/** A wide DAG fills a call by itself; what is left over is started by the next one. */
const MOST_TASKS_AT_ONCE = 50_000;

export async function startRuns(
  db: MemoryDatabase,
  shards: readonly number[],
  limit: number,
  tasksOf: Parameters<SchedulerStore['startRuns']>[2],
): Promise<readonly LoadedRun[]> {
  const tasks = new Map<string, readonly NewTaskInstance[]>();
  let total = 0;
  for (const { runKey, dagId, versionId } of startable(db, shards, limit)) {
    const own = db.tasksOfRun.count(runKey) > 0 ? [] : await tasksOf({ runKey, dagId, versionId });
    total += own.length;
    if (tasks.size > 0 && total > MOST_TASKS_AT_ONCE) break;
    tasks.set(runKey, own);
  }
  if (tasks.size === 0) return [];
  return db.transaction(() => {
    // While the tasks were asked for, somebody else may have started runs.
    const chosen = startable(db, shards, limit).filter((run) => tasks.has(run.runKey));
    for (const run of chosen) start(db, run, tasks.get(run.runKey) ?? []);
    return loadRuns(
      db,
      chosen.map((run) => run.runKey),
    );
  });
}

function start(db: MemoryDatabase, run: RunRow, tasks: readonly NewTaskInstance[]): void {
  const now = db.now();
  db.runs.change(run.runKey, { status: 'running', startedAt: run.startedAt ?? now, endedAt: undefined, lastDecisionAt: now });
  if (tasks.length > 0) insertTasks(db, run, tasks);
}

/** Due runs of DAGs that have places for them, the oldest first. */
function startable(db: MemoryDatabase, shards: readonly number[], limit: number): readonly RunRow[] {
  const now = db.now();
  const found: RunRow[] = [];
  for (const { dagId, places } of openDags(db)) {
    const due: RunRow[] = [];
    for (const run of db.liveRunsOfDag.get(`queued ${dagId}`)) {
      if (run.runAfter <= now && run.heldFor === undefined && isOf(shards, run.runKey)) due.push(run);
    }
    found.push(...due.sort(byDueTime).slice(0, places));
  }
  return found.sort(byDueTime).slice(0, limit);
}

function byDueTime(a: RunRow, b: RunRow): number {
  return a.runAfter - b.runAfter || compareIds(a.runKey, b.runKey);
}

export function isOf(shards: readonly number[], runKey: string): boolean {
  return shards.includes(Number(BigInt(runKey) % BigInt(SHARDS)));
}

/** DAGs that have queued runs and may start them, with how many their limit leaves. */
export function openDags(db: MemoryDatabase): readonly { readonly dagId: string; readonly places: number }[] {
  const dagIds = new Set<string>();
  for (const run of db.runsByStatus.get('queued')) dagIds.add(run.dagId);
  return [...dagIds].sort().flatMap((dagId) => {
    const dag = db.dags.get(dagId);
    if (dag === undefined || dag.paused || dag.removedAt !== undefined) return [];
    return [{ dagId, places: Math.max(0, dag.maxActiveRuns - db.liveRunsOfDag.count(`running ${dagId}`)) }];
  });
}
