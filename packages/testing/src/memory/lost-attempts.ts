/** Attempts that need help: their worker died, or their message vanished. */
import type { LostAttempt, QueuedTask } from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';
import type { TaskInstanceRow } from './rows.ts';
import { isOf } from './start-runs.ts';

export function expiredLeases(db: MemoryDatabase, shards: readonly number[], limit: number): readonly LostAttempt[] {
  const now = db.now();
  const expired: { readonly row: TaskInstanceRow; readonly at: number }[] = [];
  for (const status of ['running', 'restarting']) {
    for (const row of db.tasksByStatus.get(status)) {
      if (row.leaseUntil !== undefined && row.leaseUntil < now && isOf(shards, row.runKey)) expired.push({ row, at: row.leaseUntil });
    }
  }
  return expired
    .sort((a, b) => a.at - b.at)
    .slice(0, limit)
    .map(({ row }) => lost(row, 'lease_expired'));
}

export function unclaimed(db: MemoryDatabase, shards: readonly number[], olderThanMs: number, limit: number): readonly QueuedTask[] {
  const before = db.now() - olderThanMs;
  const old: { readonly row: TaskInstanceRow; readonly at: number }[] = [];
  for (const row of db.tasksByStatus.get('queued')) {
    if (row.dispatchedAt !== undefined && row.dispatchedAt < before && isOf(shards, row.runKey)) old.push({ row, at: row.dispatchedAt });
  }
  return old
    .sort((a, b) => a.at - b.at)
    .slice(0, limit)
    .map(({ row }) => queuedTask(row));
}

/** An attempt at the cap is lost. One that somebody else re-sent or claimed meanwhile is passed over. */
export function redispatch(
  db: MemoryDatabase,
  attempts: readonly QueuedTask[],
  cap: number,
): { readonly send: readonly QueuedTask[]; readonly lost: readonly LostAttempt[] } {
  const send: QueuedTask[] = [];
  const givenUp: LostAttempt[] = [];
  for (const { taskInstanceId, attemptId, sequence } of attempts) {
    const row = db.tasks.get(taskInstanceId);
    if (row?.state.status !== 'queued' || row.attemptId !== attemptId || row.dispatchSequence !== sequence) continue;
    const dispatchSequence = sequence < cap ? sequence + 1 : sequence;
    const changed = db.tasks.change(taskInstanceId, { dispatchSequence, dispatchedAt: db.now() });
    if (dispatchSequence === sequence) givenUp.push(lost(changed, 'never_claimed'));
    else send.push(queuedTask(changed));
  }
  return { send, lost: givenUp };
}

function lost({ runKey, taskInstanceId, state, triesBefore }: TaskInstanceRow, why: LostAttempt['why']): LostAttempt {
  return { runKey, taskInstanceId, attempt: state.attempt, triesBefore, why };
}

function queuedTask(row: TaskInstanceRow): QueuedTask {
  const { runKey, taskInstanceId, state, attemptId = '', dispatchSequence, queue, priorityWeight } = row;
  return { runKey, taskInstanceId, attempt: state.attempt, attemptId, sequence: dispatchSequence, queue, priority: priorityWeight };
}
