/**
 * Moves of task instances that the scheduler or a person decided.
 *
 * V1. A row is moved only from the state and attempt that the decision was based on.
 * V2. What belongs to the attempt that ended stays on the row until the next one begins; then, or when the task is cleared, it is
 *     kept as an earlier try.
 * V3. A row that leaves `queued` or `running` has no lease: its worker, if it lives, is fenced.
 */
import { type AttemptError, isTerminal, type TaskState, type TaskStatus } from '@headrace/core';
import type { MemoryDatabase } from './database.ts';
import type { AttemptColumns, TaskInstanceRow } from './rows.ts';

export interface Move {
  readonly taskInstanceId: string;
  readonly from: TaskStatus;
  readonly fromAttempt: number;
  readonly to: TaskState;
  /** Of an attempt that begins: the move to `queued`. */
  readonly attemptId?: string;
  readonly reason: string | undefined;
  /** The instance was not mapped, and now is that of this item. */
  readonly mapIndex?: number;
  /** Of an attempt that is ended by somebody else than its worker. */
  readonly error?: AttemptError;
}

/** Answers with the task instances that were moved: those that were in the state and attempt expected. */
export function saveMoves(db: MemoryDatabase, moves: readonly Move[]): ReadonlySet<string> {
  const moved = new Set<string>();
  for (const move of moves) {
    const row = db.tasks.get(move.taskInstanceId);
    if (row?.state.status !== move.from || row.state.attempt !== move.fromAttempt) continue;
    moved.add(move.taskInstanceId);
    if (move.to.status === 'restarting') db.tasks.change(row.taskInstanceId, { state: move.to, reason: move.reason });
    else apply(db, row, move);
  }
  return moved;
}

const NO_ATTEMPT = {
  queuedAt: undefined,
  startedAt: undefined,
  endedAt: undefined,
  workerId: undefined,
  hostname: undefined,
  pid: undefined,
  error: undefined,
  logKey: undefined,
} as const satisfies Partial<AttemptColumns>;

function apply(db: MemoryDatabase, row: TaskInstanceRow, { from, to, attemptId, reason, mapIndex, error }: Move): void {
  const now = db.now();
  const anew = to.status === 'queued' || (to.status === 'none' && from !== 'restarting');
  if (anew) archive(db, row);
  const ended = anew || to.status === 'scheduled' ? {} : { endedAt: now };
  const becomesReady = to.status === 'scheduled' || (to.status === 'queued' && row.state.status !== 'scheduled');
  db.tasks.put(row.taskInstanceId, {
    ...row,
    error: error ?? row.error,
    ...ended,
    ...(anew ? NO_ATTEMPT : {}),
    ...(to.status === 'queued' ? { queuedAt: now, dispatchedAt: now, dispatchSequence: 1 } : {}),
    ...(becomesReady ? { scheduledAt: now } : anew ? { scheduledAt: to.status === 'queued' ? row.scheduledAt : undefined } : {}),
    state: to,
    reason,
    leaseUntil: undefined,
    attemptId: attemptId ?? row.attemptId,
    triesBefore: to.status === 'none' ? row.state.attempt : row.triesBefore,
    mapIndex: mapIndex ?? row.mapIndex,
    firstStartedAt: to.status === 'none' ? undefined : row.firstStartedAt,
  });
}

function archive(db: MemoryDatabase, row: TaskInstanceRow): void {
  const { status, attempt } = row.state;
  if (attempt === 0 || row.queuedAt === undefined) return;
  const key = `${row.taskInstanceId} ${attempt}`;
  if (db.tries.get(key) !== undefined) return;
  const { taskInstanceId, attemptId, scheduledAt, queuedAt, startedAt, endedAt, workerId, hostname, pid, error, reason, logKey } = row;
  const how = isTerminal(status) ? status : error !== undefined ? 'failed' : 'restarting';
  db.tries.insert(key, {
    taskInstanceId,
    attempt,
    status: how,
    attemptId,
    scheduledAt,
    queuedAt,
    startedAt,
    endedAt,
    workerId,
    hostname,
    pid,
    error,
    reason,
    logKey,
  });
}
