/**
 * Saves what was decided on runs, and gives slots.
 *
 * D1. One transaction under one advisory lock: usage of pools, DAGs and queues is counted where nobody else can give a
 *     slot, so no limit is ever exceeded.
 * D2. A run is saved as a whole or not at all: its row and the rows of its changes are locked and compared before
 *     anything is written.
 * D3. Locks are taken in one order everywhere: this lock, runs by key, task instances by id.
 * D4. A task that becomes ready and gets a slot at once is written once.
 */
import { randomUUID } from 'node:crypto';
import { type Admission, ATTEMPT_LOST, type Candidate, type Capacity } from '@headrace/core';
import type { DecisionBatch, DecisionResult, QueuedTask, TaskInstanceChange } from '@headrace/ports';
import type pg from 'pg';
import type { Queryable } from '../database.ts';
import { type Move, saveMoves } from '../moves.ts';
import { tellRevoked } from '../notification.ts';
import { retrying } from '../transaction.ts';
import { lockAndCompare, type Settled } from './compare.ts';
import { BEGINNING, type Contender, nextContenders } from './contenders.ts';
import { saveRuns, tellOthers } from './decided-runs.ts';
import { beginWithUsage, MOST_COUNTED, type Usage } from './usage.ts';

export type Admit = (candidates: readonly Candidate[], capacity: Capacity) => Admission;

/** Those that wait are read in pages of twice the room there is and some more, but not all at once. */
const SMALLEST_PAGE = 64;
const LARGEST_PAGE = 2_000;

export async function decide(pool: pg.Pool, batch: DecisionBatch, admit: Admit): Promise<DecisionResult> {
  return retrying(() => once(pool, batch, admit));
}

async function once(pool: pg.Pool, batch: DecisionBatch, admit: Admit): Promise<DecisionResult> {
  const client = await pool.connect();
  let broken = false;
  try {
    const usage = await beginWithUsage(client);
    const result = await inTransaction(client, batch, admit, usage);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => {
      broken = true;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

async function inTransaction(client: Queryable, batch: DecisionBatch, admit: Admit, usage: Usage): Promise<DecisionResult> {
  const settled = await lockAndCompare(client, batch.runs);
  for (const freed of settled.freed) usage.free(freed);
  const pick = await giveSlots(client, admit, usage, settled);
  const decided = settled.runs.flatMap((run) => run.changes.filter((change) => !pick.moves.has(change.taskInstanceId)).map(asMove));
  const moved = await saveMoves(client, [...decided, ...pick.moves.values()]);
  await saveRuns(client, settled.runs);
  await tellRevoked(client, settled.revoked);
  const queued = pick.queued.filter((task) => moved.has(task.taskInstanceId));
  await tellOthers(
    client,
    queued.filter((task) => usage.isOthers(task.runKey, batch.schedulerId)),
  );
  return { stale: settled.stale, created: [], queued, backlog: pick.backlog };
}

/** The scheduler ends no attempt but those that are lost. */
function asMove(change: TaskInstanceChange): Move {
  const wasLive = change.from === 'queued' || change.from === 'running';
  const isLost = wasLive && (change.to.status === 'failed' || change.to.status === 'up_for_retry');
  return isLost ? { ...change, error: ATTEMPT_LOST } : change;
}

interface Pick {
  /** To `queued`, by task instance. */
  readonly moves: ReadonlyMap<string, Move>;
  readonly queued: readonly QueuedTask[];
  readonly backlog: boolean;
}

/** Asks `admit` about what waits, in the order of urgency, page by page while full pages bring somebody in. */
async function giveSlots(client: Queryable, admit: Admit, usage: Usage, settled: Settled): Promise<Pick> {
  const moves = new Map<string, Move>();
  const queued: QueuedTask[] = [];
  const waiting = Math.max(0, usage.waiting - settled.leaving.size) + settled.ready.length;
  if (waiting === 0) return { moves, queued, backlog: false };

  let place = BEGINNING;
  for (;;) {
    const limit = Math.min(LARGEST_PAGE, usage.room() * 2 + SMALLEST_PAGE);
    const page = usage.waiting === 0 ? undefined : await nextContenders(client, usage, settled.leaving, place, limit);
    const contenders = new Map<string, Contender>();
    for (const contender of [...settled.ready, ...(page?.contenders ?? [])]) {
      if (moves.has(contender.taskInstanceId)) continue;
      contenders.set(contender.taskInstanceId, contender);
      usage.note(contender);
    }
    const { admitted } = admit([...contenders.values()], usage.capacity());
    for (const { taskInstanceId } of admitted) {
      const contender = contenders.get(taskInstanceId);
      if (contender === undefined) continue;
      const attemptId = randomUUID();
      usage.take(contender);
      moves.set(taskInstanceId, moveToQueued(contender, attemptId));
      queued.push(queuedTask(contender, attemptId));
    }
    if (admitted.length === 0 || page === undefined || page.contenders.length < limit) break;
    place = page.end;
  }
  return { moves, queued, backlog: waiting > queued.length || usage.waiting === MOST_COUNTED };
}

function moveToQueued({ taskInstanceId, from, attempt }: Contender, attemptId: string): Move {
  return { taskInstanceId, from, fromAttempt: attempt, to: { status: 'queued', attempt: attempt + 1 }, attemptId, reason: null };
}

function queuedTask({ runKey, taskInstanceId, attempt, queue, priorityWeight }: Contender, attemptId: string): QueuedTask {
  return { runKey, taskInstanceId, attempt: attempt + 1, attemptId, sequence: 1, queue, priority: priorityWeight };
}
