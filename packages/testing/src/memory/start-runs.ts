/**
 * queued → running, for runs whose time has come.
 *
 * R1. A DAG never has more running runs than its limit.
 * R2. A run that begins gets its task instances in the same transaction; a cleared run keeps its own.
 */
import type { LoadedRun, NewTaskInstance, SchedulerStore } from '@headrace/ports';
import { backfillTables } from './backfill-tables.ts';
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

/** Due runs of DAGs and backfills that have places for them, the oldest first. */
function startable(db: MemoryDatabase, shards: readonly number[], limit: number): readonly RunRow[] {
  const now = db.now();
  const found: RunRow[] = [];
  const apart = new Set<string>();
  for (const { places, runs } of [...openDags(db), ...openBackfills(db)]) {
    const due = runs.filter((run) => run.runAfter <= now && isOf(shards, run.runKey)).slice(0, places);
    // Of one partition that is kept apart only the first.
    found.push(...due.filter((run) => isAlone(db, run, apart)));
  }
  return found.sort(byDueTime).slice(0, limit);
}

function isAlone(db: MemoryDatabase, { dagId, partitionKey, backfillId }: RunRow, taken: Set<string>): boolean {
  if (db.dags.get(dagId)?.exclusion !== 'partition' || partitionKey === undefined || backfillId !== undefined) return true;
  const key = `${dagId} ${partitionKey}`;
  return !taken.has(key) && taken.add(key) !== undefined;
}

function byDueTime(a: RunRow, b: RunRow): number {
  return a.runAfter - b.runAfter || compareIds(a.runKey, b.runKey);
}

export function isOf(shards: readonly number[], runKey: string): boolean {
  return shards.includes(Number(BigInt(runKey) % BigInt(SHARDS)));
}

/** What may start runs: how many more, and which, the first of them first. */
export interface Open {
  readonly places: number;
  readonly runs: readonly RunRow[];
}

/** DAGs that have queued runs that nothing holds. Those whose runs are kept apart have one place, and that when nothing runs. */
export function openDags(db: MemoryDatabase): readonly Open[] {
  const queued = new Map<string, RunRow[]>();
  for (const run of db.runsByStatus.get('queued')) {
    if (run.heldFor === undefined && run.backfillId === undefined) queued.set(run.dagId, [...(queued.get(run.dagId) ?? []), run]);
  }
  return [...queued.keys()].sort().flatMap((dagId) => {
    const dag = db.dags.get(dagId);
    if (dag === undefined || dag.paused || dag.removedAt !== undefined) return [];
    const running = [...db.liveRunsOfDag.get(`running ${dagId}`)].filter((run) => run.backfillId === undefined);
    const most = dag.exclusion === 'dag' ? Math.min(1, dag.maxActiveRuns) : dag.maxActiveRuns;
    const busy = new Set(dag.exclusion === 'partition' ? running.map((run) => run.partitionKey) : []);
    const runs = (queued.get(dagId) ?? []).filter((run) => run.partitionKey === undefined || !busy.has(run.partitionKey));
    return [{ places: Math.max(0, most - running.length), runs: runs.sort(byDueTime) }];
  });
}

/** Backfills that have queued runs, of DAGs that are not paused. They have limits of their own. */
export function openBackfills(db: MemoryDatabase): readonly Open[] {
  const tables = backfillTables(db);
  const queued = new Map<string, RunRow[]>();
  for (const run of db.runsByStatus.get('queued')) {
    if (run.backfillId !== undefined && run.heldFor === undefined) queued.set(run.backfillId, [...(queued.get(run.backfillId) ?? []), run]);
  }
  return [...queued.keys()].sort(compareIds).flatMap((backfillId) => {
    const { dagId, paused, maxActiveRuns } = tables.backfills.require(backfillId);
    const dag = db.dags.get(dagId);
    if (paused || dag === undefined || dag.paused || dag.removedAt !== undefined) return [];
    const running = [...db.liveRunsOfDag.get(`running ${dagId}`)].filter((run) => run.backfillId === backfillId);
    // As they were made or cleared.
    const runs = (queued.get(backfillId) ?? []).sort((a, b) => a.queuedAt - b.queuedAt || compareIds(a.runKey, b.runKey));
    return [{ places: Math.max(0, maxActiveRuns - running.length), runs }];
  });
}
