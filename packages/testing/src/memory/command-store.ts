/** What people and programs do to DAGs and runs. */
import type { Instant } from '@headrace/core';
import {
  type CommandRecord,
  type CommandStore,
  DagNotFoundError,
  IdempotencyKeyReusedError,
  InvalidRunIdError,
  type Range,
  type RunDecision,
  RunExistsError,
  type TriggerRequest,
  type VersionChange,
} from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';
import { attemptsWithWorkers } from './decide.ts';
import { deleteDag, deleteRun, deleteTaskInstance } from './deletions.ts';
import { insertRun } from './insert-run.ts';
import { insertTasks } from './insert-tasks.ts';
import { loadRuns } from './load-runs.ts';
import { saveMoves } from './moves.ts';
import { rowLimits } from './row-limits.ts';
import type { RunRow } from './rows.ts';
import { saveNotices } from './save-notices.ts';

/** Airflow's `allowed_run_id_pattern`. */
const RUN_ID = /^[A-Za-z0-9_.~:+-]{1,250}$/;

export function createCommandStore(db: MemoryDatabase): CommandStore {
  return {
    trigger: async (request) => db.transaction(() => trigger(db, request)),
    setPaused: async (dagId, paused) => db.transaction(() => setPaused(db, dagId, paused)),
    setNote: async (runKey, note) =>
      db.transaction(() => {
        if (db.runs.get(runKey) !== undefined) db.runs.change(runKey, { note: note ?? undefined });
      }),
    setTaskNote: async (taskInstanceId, note) =>
      db.transaction(() => {
        if (db.tasks.get(taskInstanceId) !== undefined) db.tasks.change(taskInstanceId, { note: note ?? undefined });
      }),
    runIds: async (dagId, range) => {
      const runs = [...db.runsOfDag.get(dagId)].filter((run) => run.logicalDate !== undefined && isIn(range, run.logicalDate));
      return runs.sort((a, b) => (a.logicalDate ?? 0) - (b.logicalDate ?? 0)).map((run) => run.runId);
    },
    loadRun: async (dagId, runId) => {
      const run = db.runsById.first(`${dagId} ${runId}`);
      return run === undefined ? undefined : loadRuns(db, [run.runKey])[0];
    },
    saveCommand: async (decision, command, version) => db.transaction(() => saveCommand(db, decision, command, version)),
    latestVersion: async (dagId) => db.dags.get(dagId)?.versionId,
    deleteRun: async (dagId, runId) => db.transaction(() => deleteRun(db, dagId, runId)),
    deleteTaskInstance: async (taskInstanceId) => db.transaction(() => deleteTaskInstance(db, taskInstanceId)),
    deleteDag: async (dagId) => db.transaction(() => deleteDag(db, dagId)),
    setFavorite: async (user, dagId, favorite) => db.transaction(() => setFavorite(db, user, dagId, favorite)),
    setResult: async (taskInstanceId, change) => db.transaction(() => setResult(db, taskInstanceId, change)),
  };
}

function isIn({ gte = -Infinity, gt = -Infinity, lte = Infinity, lt = Infinity }: Range, instant: Instant): boolean {
  return instant >= gte && instant > gt && instant <= lte && instant < lt;
}

function trigger(db: MemoryDatabase, request: TriggerRequest): { readonly runKey: string; readonly runId: string } {
  if (request.runId !== undefined && !RUN_ID.test(request.runId)) throw new InvalidRunIdError(request.runId);
  const before = sentBefore(db, request);
  if (before !== undefined) return before;
  const dag = db.dags.get(request.dagId);
  if (dag?.versionId === undefined || dag.removedAt !== undefined) throw new DagNotFoundError(request.dagId);
  const { dagId, runType, logicalDate, intervalStart, intervalEnd, params, triggeredBy, user, note } = request;
  const runAfter = request.runAfter ?? db.now();
  const { versionId } = dag;
  for (let tries = 1; ; tries++) {
    const runId = request.runId ?? madeUpRunId(db, request, tries);
    const made = insertRun(db, {
      dagId,
      versionId,
      runId,
      runType,
      runAfter,
      params,
      triggeredBy,
      ...(logicalDate === undefined ? {} : { logicalDate }),
      ...(intervalStart === undefined ? {} : { intervalStart }),
      ...(intervalEnd === undefined ? {} : { intervalEnd }),
      ...(user === undefined ? {} : { user }),
      ...(note === undefined ? {} : { note }),
      ...(request.traceParent === undefined ? {} : { traceParent: request.traceParent }),
      ...(request.partitionKey === undefined ? {} : { partitionKey: request.partitionKey }),
      ...(request.idempotency === undefined ? {} : { idempotency: request.idempotency }),
    });
    if ('runKey' in made) {
      db.tell([{ type: 'run', runKey: made.runKey }]);
      return { runKey: made.runKey, runId };
    }
    if (made.taken === 'logical date')
      throw new RunExistsError(dagId, `logical date ${logicalDate === undefined ? '' : new Date(logicalDate).toISOString()}`);
    if (request.runId !== undefined) throw new RunExistsError(dagId, `run id "${runId}"`);
  }
}

/** The run that the same request made when it was sent before. */
function sentBefore(
  db: MemoryDatabase,
  { dagId, idempotency }: TriggerRequest,
): { readonly runKey: string; readonly runId: string } | undefined {
  if (idempotency === undefined) return undefined;
  for (const run of db.runsOfDag.get(dagId)) {
    if (run.idempotency?.key !== idempotency.key) continue;
    if (run.idempotency.requestHash !== idempotency.requestHash) throw new IdempotencyKeyReusedError(dagId, idempotency.key);
    return { runKey: run.runKey, runId: run.runId };
  }
  return undefined;
}

/** Two runs triggered within one millisecond get different names. */
function madeUpRunId(db: MemoryDatabase, { runType, runAfter }: TriggerRequest, tries: number): string {
  const name = `${runType}__${new Date(runAfter ?? db.now()).toISOString()}`;
  return tries === 1 ? name : `${name}_${db.nextId('made-up run id').padStart(8, '0')}`;
}

/** A DAG that goes on is planned at once, and a catch-up begins from now where the DAG says so. */
function setPaused(db: MemoryDatabase, dagId: string, paused: boolean): void {
  const dag = db.dags.get(dagId);
  if (dag === undefined) throw new DagNotFoundError(dagId);
  const now = db.now();
  const goesOn = dag.paused && !paused;
  db.dags.change(dagId, { paused, ...(goesOn ? { activeSince: now, nextDueAt: now } : {}) });
  // Whoever un-pauses it takes the failures so far for mended.
  if (goesOn) db.failureStreaks.delete(dagId);
  db.tell([{ type: 'dag', dagId }]);
}

/** All of it or nothing; nothing if the run, or a task instance to be changed, is not as it was when the decision was made. */
function saveCommand(db: MemoryDatabase, decision: RunDecision, command: CommandRecord, version: VersionChange | undefined): boolean {
  const { runKey, revision, changes, status, progress, created = [], notices = [] } = decision;
  const run = db.runs.get(runKey);
  if (run?.revision !== revision) return false;
  const { seen } = command;
  if (seen !== undefined && (run.status !== seen.status || db.tasksOfRun.count(runKey) !== seen.tasks)) return false;
  const fits = changes.every(({ taskInstanceId, from, fromAttempt }) => {
    const state = db.tasks.get(taskInstanceId)?.state;
    return state?.status === from && state.attempt === fromAttempt;
  });
  if (!fits) return false;
  const revoked = attemptsWithWorkers(db, changes);
  saveMoves(db, changes);
  if (version !== undefined) changeVersion(db, run, version);
  insertTasks(db, run, created);
  raiseRevision(db, runKey, status, progress);
  saveNotices(db, notices);
  record(db, decision, command);
  db.tellRevoked(revoked);
  db.tell([{ type: 'run', runKey }]);
  return true;
}

/** A run that is to begin again has neither begun nor ended. */
function raiseRevision(db: MemoryDatabase, runKey: string, status: RunDecision['status'], progress: RunDecision['progress']): void {
  const run = db.runs.require(runKey);
  const now = db.now();
  const again = status === 'queued';
  const hasEnded = status === 'success' || status === 'failed';
  db.runs.change(runKey, {
    revision: run.revision + 1,
    status: status ?? run.status,
    progress: progress ?? run.progress,
    lastDecisionAt: now,
    queuedAt: again ? now : run.queuedAt,
    startedAt: again ? undefined : run.startedAt,
    endedAt: hasEnded ? now : status === undefined ? run.endedAt : undefined,
  });
}

function record(db: MemoryDatabase, { runKey, status, changes }: RunDecision, { name, user }: CommandRecord): void {
  const tasks = changes.map(({ taskInstanceId, from, to }) => ({ taskInstanceId, from, to: to.status }));
  const detail = { ...(status === undefined ? {} : { status }), tasks };
  db.commands.insert(db.nextId('run_event'), { runKey, name, user, detail, at: db.now() });
}

/** False: it was so before. */
function setFavorite(db: MemoryDatabase, user: string, dagId: string, favorite: boolean): boolean {
  if (db.dags.get(dagId) === undefined) throw new DagNotFoundError(dagId);
  const key = `${user} ${dagId}`;
  if (!favorite) return db.favorites.delete(key);
  if (db.favorites.get(key) !== undefined) return false;
  db.favorites.insert(key, { user, dagId });
  return true;
}

function setResult(
  db: MemoryDatabase,
  taskInstanceId: string,
  change: Parameters<CommandStore['setResult']>[1],
): Awaited<ReturnType<CommandStore['setResult']>> {
  const state = db.tasks.get(taskInstanceId)?.state;
  if (state?.status !== 'success') return 'not_succeeded';
  const { attempt } = state;
  const key = `${taskInstanceId} ${attempt}`;
  const exists = db.results.get(key) !== undefined;
  if (change.how === 'remove') return db.results.delete(key) ? 'ok' : 'no_result';
  if (exists !== (change.how === 'replace')) return exists ? 'has_result' : 'no_result';
  db.results.put(key, { taskInstanceId, attempt, result: { kind: 'inline', json: change.json } });
  return 'ok';
}

const LEFT_TO_END: ReadonlySet<string> = new Set(['removed', 'queued', 'running', 'restarting']);

/** What is no longer in the version is `removed` and keeps its tries; what is new there, or has come back, waits for its trigger rule. */
function changeVersion(db: MemoryDatabase, run: RunRow, { versionId, tasks }: VersionChange): void {
  db.runs.change(run.runKey, { versionId });
  const wanted = new Map(tasks.map((task) => [task.taskId, task]));
  const kept = new Set<string>();
  for (const row of [...db.tasksOfRun.get(run.runKey)]) {
    const { taskInstanceId, taskId } = row;
    const { status, attempt } = row.state;
    const task = wanted.get(taskId);
    if (task === undefined) {
      if (LEFT_TO_END.has(status)) continue;
      db.tasks.change(taskInstanceId, { state: { status: 'removed', attempt }, reason: 'not in this version of the DAG' });
      continue;
    }
    kept.add(taskId);
    const { queue, pool, poolSlots, priorityWeight, maxTries } = task;
    const state = status === 'removed' ? { state: { status: 'none', attempt } as const } : {};
    db.tasks.change(taskInstanceId, { queue, pool, poolSlots, priorityWeight, maxTries, ...rowLimits(run, task), ...state });
  }
  const added = tasks.filter((task) => !kept.has(task.taskId));
  insertTasks(
    db,
    run,
    added.map((task) => ({ ...task, state: { status: 'none', attempt: 0 } })),
  );
}
