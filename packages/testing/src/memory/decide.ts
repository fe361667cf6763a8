/**
 * Saves what was decided on runs, and gives slots.
 *
 * D1. Usage of pools, DAGs and queues is counted in the transaction that gives slots, so no limit is ever exceeded.
 * D2. A run is saved as a whole or not at all: its row and the rows of its changes are compared before anything is written.
 */
import {
  type Admission,
  type Candidate,
  errorOfDecision,
  fullAfterTaking,
  type Instant,
  SLOT_STATUSES,
  type TaskStatus,
} from '@headrace/core';
import type { DecisionBatch, DecisionResult, QueuedTask, RunDecision, SchedulerStore, TaskInstanceChange } from '@headrace/ports';
import { type MemoryDatabase, SHARDS } from './database.ts';
import { saveFailureStreak } from './failure-streak.ts';
import { insertTasks } from './insert-tasks.ts';
import { type Move, saveMoves } from './moves.ts';
import type { TaskInstanceRow } from './rows.ts';
import { saveNotices } from './save-notices.ts';
import { Usage } from './usage.ts';

const NOBODY: Admission = { admitted: [], refused: [] };

type Admit = Parameters<SchedulerStore['decide']>[1];

const holdsSlot: ReadonlySet<TaskStatus> = new Set(SLOT_STATUSES);

export function decide(db: MemoryDatabase, batch: DecisionBatch, admit: Admit): DecisionResult {
  const runs: RunDecision[] = [];
  const stale: string[] = [];
  for (const decision of batch.runs) {
    if (isCurrent(db, decision)) runs.push(decision);
    else stale.push(decision.runKey);
  }
  const changes = runs.flatMap((run) => run.changes);
  const revoked = attemptsWithWorkers(db, changes);
  const { queued, moves, backlog, nextAt } = giveSlots(db, changes, admit);
  saveMoves(db, [...changes.filter((change) => !moves.has(change.taskInstanceId)).map(asMove), ...moves.values()]);
  const created = runs.flatMap((decision) => insertTasks(db, db.runs.require(decision.runKey), decision.created ?? []));
  for (const run of runs) saveRun(db, run);
  saveNotices(
    db,
    runs.flatMap((run) => run.notices ?? []),
  );
  for (const run of runs) saveFailureStreak(db, run);
  db.tellRevoked(revoked);
  tellOthers(db, batch.schedulerId, queued);
  return { stale, created, queued, backlog: backlog || created.length > 0, ...(nextAt === undefined ? {} : { nextAdmissionAt: nextAt }) };
}

function isCurrent(db: MemoryDatabase, { runKey, revision, changes }: RunDecision): boolean {
  const run = db.runs.get(runKey);
  if (run?.revision !== revision || run.status !== 'running') return false;
  return changes.every(({ taskInstanceId, from, fromAttempt, lost }) => {
    const task = db.tasks.get(taskInstanceId);
    if (task?.runKey !== runKey || task.state.status !== from || task.state.attempt !== fromAttempt) return false;
    return lost !== true || (task.leaseUntil ?? 0) <= db.now();
  });
}

/** The attempts that run, or are being stopped, among what is changed. */
export function attemptsWithWorkers(db: MemoryDatabase, changes: readonly TaskInstanceChange[]): readonly string[] {
  return changes.flatMap(({ taskInstanceId }) => {
    const task = db.tasks.get(taskInstanceId);
    const hasWorker = task?.state.status === 'running' || task?.state.status === 'restarting';
    return hasWorker && task.attemptId !== undefined ? [task.attemptId] : [];
  });
}

interface Pick {
  readonly moves: ReadonlyMap<string, Move>;
  readonly queued: readonly QueuedTask[];
  readonly backlog: boolean;
  /** When a token is there that somebody waits for. */
  readonly nextAt?: Instant;
}

interface Contender extends Candidate {
  readonly row: TaskInstanceRow;
}

/** Asks `admit` about what waits and what the changes make ready. */
function giveSlots(db: MemoryDatabase, changes: readonly TaskInstanceChange[], admit: Admit): Pick {
  const usage = new Usage(db);
  const leaving = new Set<string>();
  const ready: Contender[] = [];
  const mapIndexes = new Map<string, number>();
  for (const { taskInstanceId, to, mapIndex } of changes) {
    const row = db.tasks.require(taskInstanceId);
    if (row.state.status === 'scheduled') leaving.add(taskInstanceId);
    if (to.status === 'scheduled' && db.dags.get(row.dagId)?.paused === false) ready.push(contender(row, db.now()));
    if (holdsSlot.has(row.state.status) && !holdsSlot.has(to.status)) usage.free(row);
    if (row.state.status === 'deferred') usage.freeDeferred(row);
    if (mapIndex !== undefined) mapIndexes.set(taskInstanceId, mapIndex);
  }
  const waiting: TaskInstanceRow[] = [];
  for (const row of db.tasksByStatus.get('scheduled')) {
    if (!leaving.has(row.taskInstanceId) && db.dags.get(row.dagId)?.paused === false) waiting.push(row);
  }
  const candidates = [...ready, ...waiting.filter((row) => usage.mayFit(row)).map((row) => contender(row, row.scheduledAt ?? 0))];
  const rows = new Map(candidates.map(({ row }) => [row.taskInstanceId, row]));
  const { admitted, nextAt } = candidates.length === 0 ? NOBODY : admit(candidates, usage.capacity(candidates));
  emptyBuckets(db, admitted);
  const moves = new Map<string, Move>();
  const queued: QueuedTask[] = [];
  for (const { taskInstanceId } of admitted) {
    const row = rows.get(taskInstanceId);
    if (row === undefined) continue;
    const attemptId = db.nextUuid();
    const { status: from, attempt: fromAttempt } = row.state;
    const attempt = fromAttempt + 1;
    const mapIndex = mapIndexes.get(taskInstanceId);
    moves.set(taskInstanceId, {
      taskInstanceId,
      from,
      fromAttempt,
      to: { status: 'queued', attempt },
      attemptId,
      reason: undefined,
      ...(mapIndex === undefined ? {} : { mapIndex }),
    });
    const { runKey, queue, priorityWeight: priority } = row;
    queued.push({ runKey, taskInstanceId, attempt, attemptId, sequence: 1, queue, priority });
  }
  return { moves, queued, backlog: ready.length + waiting.length > queued.length, ...(nextAt === undefined ? {} : { nextAt }) };
}

function contender(row: TaskInstanceRow, readyAt: number): Contender {
  const { taskInstanceId, dagId, pool, poolSlots, queue, priorityClass = 0, priorityWeight, limits = [], rates = [] } = row;
  return { taskInstanceId, dagId, pool, poolSlots, queue, priorityClass, priorityWeight, limits, rates, readyAt, row };
}

/** Each that is admitted takes a token of each of its rates. */
function emptyBuckets(db: MemoryDatabase, admitted: readonly Candidate[]): void {
  for (const { rates = [] } of admitted) {
    for (const rate of rates) {
      db.rateBuckets.put(rate.key, { key: rate.key, fullAt: fullAfterTaking(db.rateBuckets.get(rate.key)?.fullAt, rate, db.now()) });
    }
  }
}

function asMove(change: TaskInstanceChange): Move {
  const error = errorOfDecision(change);
  return error === undefined ? change : { ...change, error };
}

function saveRun(db: MemoryDatabase, { runKey, status, progress }: RunDecision): void {
  if (status === undefined && progress === undefined) return;
  const row = db.runs.require(runKey);
  const now = db.now();
  const hasEnded = status === 'success' || status === 'failed';
  db.runs.change(runKey, {
    status: status ?? row.status,
    progress: progress ?? row.progress,
    lastDecisionAt: now,
    endedAt: status === undefined ? row.endedAt : hasEnded ? now : undefined,
  });
}

/** Slots are given to all schedulers' runs; the owner of a run that is not ours hears of it. */
function tellOthers(db: MemoryDatabase, schedulerId: string, queued: readonly QueuedTask[]): void {
  db.tell(
    queued.flatMap(({ runKey, taskInstanceId, attempt }) => {
      const owner = db.shards.get(String(BigInt(runKey) % BigInt(SHARDS)))?.schedulerId;
      if (owner === undefined || owner === schedulerId) return [];
      return [{ type: 'task', runKey, taskInstanceId, to: { status: 'queued', attempt } }];
    }),
  );
}
