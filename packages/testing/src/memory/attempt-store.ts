/** The worker's side of the store. Every write is guarded by the attempt id and the worker. */
import type { AttemptRef, AttemptStore, ClaimedAttempt, FinishedAttempt, ResultRef, StoredBundle, StoredResult } from '@headrace/ports';
import { saveDataReport } from './data-report-store.ts';
import type { MemoryDatabase } from './database.ts';
import type { TaskInstanceRow } from './rows.ts';
import { saveAssetEvents } from './save-asset-events.ts';
import { saveNotices } from './save-notices.ts';
import { saveWaits } from './save-waits.ts';
import { waitsOfTry } from './wait-store.ts';

export function createAttemptStore(db: MemoryDatabase): AttemptStore {
  return {
    register: async ({ workerId, hostname, pid, queues, slots }, ttlMs) =>
      db.transaction(() => {
        const now = db.now();
        db.workers.put(workerId, { workerId, hostname, pid, queues, slots, heartbeatAt: now, leaseUntil: now + ttlMs });
      }),
    unregister: async (workerId) => db.transaction(() => void db.workers.delete(workerId)),
    claim: async (ref, workerId, leaseMs) => db.transaction(() => claim(db, ref, workerId, leaseMs)),
    renew: async (refs, workerId, leaseMs) => db.transaction(() => renew(db, refs, workerId, leaseMs)),
    finish: async (outcome, workerId) => db.transaction(() => finish(db, outcome, workerId)),
    release: async (ref, workerId) => db.transaction(() => release(db, ref, workerId)),
    results: async (runKey, taskIds) => results(db, runKey, taskIds),
    resultRefs: async (runKey, taskIds, mapIndex) => {
      const rows = succeeded(db, runKey).filter((row) => row.mapIndex === mapIndex && taskIds.includes(row.taskId));
      return new Map(rows.map((row) => [row.taskId, refOf(row)]));
    },
    mappedRefs: async (runKey, taskId) => {
      const rows = succeeded(db, runKey).filter((row) => row.taskId === taskId);
      return rows.sort((a, b) => a.mapIndex - b.mapIndex).map(refOf);
    },
    refInStep: async (runKey, taskId, consumerId, mapIndex) => refInStep(db, runKey, taskId, consumerId, mapIndex),
    resultsOf: async (refs) => refs.map((ref) => db.results.get(`${ref.taskInstanceId} ${ref.attempt}`)?.result),
    bundle: async (versionId) => bundle(db, versionId),
    onRevoked: async (listener) => {
      const stop = db.onRevoked(listener);
      return async () => stop();
    },
  };
}

/** queued → running. The same worker asking again for the attempt it runs is told the same again. */
function claim(db: MemoryDatabase, ref: AttemptRef, workerId: string, leaseMs: number): ClaimedAttempt | undefined {
  const row = attemptRow(db, ref);
  const isAgain = row?.state.status === 'running' && row.workerId === workerId;
  if (row === undefined || (row.state.status !== 'queued' && !isAgain)) return undefined;
  const worker = db.workers.get(workerId);
  const now = db.now();
  const claimed = db.tasks.change(row.taskInstanceId, {
    state: { status: 'running', attempt: row.state.attempt },
    startedAt: isAgain ? row.startedAt : now,
    firstStartedAt: row.firstStartedAt ?? now,
    leaseUntil: now + leaseMs,
    workerId,
    hostname: worker?.hostname,
    pid: worker?.pid,
  });
  return claimedAttempt(db, claimed);
}

function claimedAttempt(db: MemoryDatabase, row: TaskInstanceRow): ClaimedAttempt {
  const run = db.runs.require(row.runKey);
  return {
    taskInstanceId: row.taskInstanceId,
    attemptId: row.attemptId ?? '',
    runKey: run.runKey,
    dagId: run.dagId,
    runId: run.runId,
    taskId: row.taskId,
    mapIndex: row.mapIndex,
    attempt: row.state.attempt,
    triesBefore: row.triesBefore,
    maxTries: row.maxTries,
    claimedAt: db.now(),
    versionId: run.versionId,
    runType: run.runType,
    runAfter: run.runAfter,
    params: run.params,
    ...waitsOfTry(db, row),
    ...(row.scheduledAt === undefined ? {} : { scheduledAt: row.scheduledAt }),
    ...(row.queuedAt === undefined ? {} : { queuedAt: row.queuedAt }),
    ...(row.firstStartedAt === undefined ? {} : { firstStartedAt: row.firstStartedAt }),
    ...(run.traceParent === undefined ? {} : { traceParent: run.traceParent }),
    ...(run.partitionKey === undefined ? {} : { partitionKey: run.partitionKey }),
    ...(run.logicalDate === undefined ? {} : { logicalDate: run.logicalDate }),
    ...(run.intervalStart === undefined ? {} : { intervalStart: run.intervalStart }),
    ...(run.intervalEnd === undefined ? {} : { intervalEnd: run.intervalEnd }),
  };
}

/** One that was told to restart keeps its lease, so that it can still report its end, but is not answered: it must be stopped. */
function renew(db: MemoryDatabase, refs: readonly AttemptRef[], workerId: string, leaseMs: number): readonly string[] {
  const leaseUntil = db.now() + leaseMs;
  return refs.flatMap((ref) => {
    const row = heldRow(db, ref, workerId);
    if (row === undefined) return [];
    db.tasks.change(row.taskInstanceId, { leaseUntil });
    return row.state.status === 'running' ? [ref.attemptId] : [];
  });
}

const NOT_A_TRY: ReadonlySet<string> = new Set(['scheduled', 'up_for_reschedule', 'deferred', 'awaiting_input']);

/** running → what the attempt ended in. */
function finish(db: MemoryDatabase, outcome: FinishedAttempt, workerId: string): boolean {
  const { to, error, logKey, mapLabel, result, wait, endedWaits: endedHere = [], assetEvents = [], data, notices = [] } = outcome;
  const row = heldRow(db, outcome, workerId);
  if (row === undefined) return endedBefore(db, outcome, workerId);
  const { taskInstanceId, runKey, state } = row;
  const { attempt } = state;
  const now = db.now();
  const restarts = state.status === 'restarting';
  const ended = db.tasks.change(taskInstanceId, {
    state: restarts ? { status: 'none', attempt } : { ...to, attempt },
    triesBefore: restarts ? attempt : NOT_A_TRY.has(to.status) ? row.triesBefore + 1 : row.triesBefore,
    scheduledAt: !restarts && to.status === 'scheduled' ? now : row.scheduledAt,
    endedAt: now,
    leaseUntil: undefined,
    error,
    reason: undefined,
    logKey,
    mapLabel: mapLabel ?? row.mapLabel,
  });
  db.tell([{ type: 'task', runKey, taskInstanceId, to: ended.state }]);
  if (ended.state.status !== to.status) return true;
  if (result !== undefined && to.status === 'success') db.results.put(`${taskInstanceId} ${attempt}`, { taskInstanceId, attempt, result });
  if (wait !== undefined || endedHere.length > 0)
    saveWaits(db, [{ taskInstanceId, runKey, attempt, ended: endedHere, ...(wait === undefined ? {} : { wait }) }]);
  saveAssetEvents(
    db,
    assetEvents.map((event) => ({ ...event, source: { taskInstanceId } })),
  );
  if (data !== undefined) saveDataReport(db, ended, data);
  saveNotices(db, notices);
  return true;
}

const DUE_AGAIN: ReadonlySet<string> = new Set(['up_for_retry', 'up_for_reschedule', 'deferred', 'awaiting_input']);

/** Whether the worker ended the attempt so itself, in a call whose answer was lost. */
function endedBefore(db: MemoryDatabase, { to, ...ref }: FinishedAttempt, workerId: string): boolean {
  const row = attemptRow(db, ref);
  if (row?.workerId !== workerId || row.leaseUntil !== undefined) return false;
  const { status } = row.state;
  return status === to.status || (status === 'scheduled' && DUE_AGAIN.has(to.status));
}

/** running → queued: the same attempt, as if it had not been claimed. */
function release(db: MemoryDatabase, ref: AttemptRef, workerId: string): boolean {
  const row = heldRow(db, ref, workerId);
  if (row?.state.status !== 'running') return false;
  const { taskInstanceId, runKey, state } = row;
  const to = { status: 'queued', attempt: state.attempt } as const;
  db.tasks.change(taskInstanceId, {
    state: to,
    startedAt: undefined,
    leaseUntil: undefined,
    workerId: undefined,
    hostname: undefined,
    pid: undefined,
    dispatchedAt: db.now(),
  });
  db.tell([{ type: 'task', runKey, taskInstanceId, to }]);
  return true;
}

function attemptRow(db: MemoryDatabase, { taskInstanceId, attemptId }: AttemptRef): TaskInstanceRow | undefined {
  const row = db.tasks.get(taskInstanceId);
  return row?.attemptId === attemptId ? row : undefined;
}

/** The row of an attempt that the worker runs, or was told to stop. */
function heldRow(db: MemoryDatabase, ref: AttemptRef, workerId: string): TaskInstanceRow | undefined {
  const row = attemptRow(db, ref);
  if (row?.workerId !== workerId) return undefined;
  return row.state.status === 'running' || row.state.status === 'restarting' ? row : undefined;
}

function succeeded(db: MemoryDatabase, runKey: string): TaskInstanceRow[] {
  return [...db.tasksOfRun.get(runKey)].filter((row) => row.state.status === 'success');
}

function refOf({ taskInstanceId, state }: TaskInstanceRow): ResultRef {
  return { taskInstanceId, attempt: state.attempt };
}

/** Only while both tasks have as many instances. */
function refInStep(db: MemoryDatabase, runKey: string, taskId: string, consumerId: string, mapIndex: number): ResultRef | undefined {
  const last = new Map<string, number>();
  for (const row of db.tasksOfRun.get(runKey)) last.set(row.taskId, Math.max(last.get(row.taskId) ?? -1, row.mapIndex));
  if (last.get(taskId) !== last.get(consumerId)) return undefined;
  const row = succeeded(db, runKey).find((one) => one.taskId === taskId && one.mapIndex === mapIndex);
  return row === undefined ? undefined : refOf(row);
}

function results(db: MemoryDatabase, runKey: string, taskIds: readonly string[]): ReadonlyMap<string, StoredResult> {
  const found = new Map<string, StoredResult>();
  for (const { taskInstanceId, taskId, mapIndex, state } of succeeded(db, runKey)) {
    if (mapIndex !== -1 || !taskIds.includes(taskId)) continue;
    const row = db.results.get(`${taskInstanceId} ${state.attempt}`);
    if (row !== undefined) found.set(taskId, row.result);
  }
  return found;
}

function bundle(db: MemoryDatabase, versionId: string): StoredBundle {
  const { dagId, file, spec, bundleHash } = db.versions.require(versionId);
  const { hash, code, sourceMap } = db.bundles.require(bundleHash);
  return { versionId, dagId, hash, code, file, spec, ...(sourceMap === undefined ? {} : { sourceMap }) };
}
