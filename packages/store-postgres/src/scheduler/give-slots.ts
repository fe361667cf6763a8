/** Gives slots to what waits and to what the decisions at hand make ready, the most urgent first. */
import { randomUUID } from 'node:crypto';
import type { Admission, Candidate, Capacity } from '@headrace/core';
import type { QueuedTask } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import type { Move } from '../moves.ts';
import type { Settled } from './compare.ts';
import { BEGINNING, type Contender, nextContenders } from './contenders.ts';
import { MOST_COUNTED, type Usage } from './usage.ts';

export type Admit = (candidates: readonly Candidate[], capacity: Capacity) => Admission;

/** Those that wait are read in pages of twice the room there is and some more, but not all at once. */
const SMALLEST_PAGE = 64;
const LARGEST_PAGE = 2_000;

export interface Pick {
  /** To `queued`, by task instance. */
  readonly moves: ReadonlyMap<string, Move>;
  readonly queued: readonly QueuedTask[];
  readonly backlog: boolean;
}

/** Asks `admit` about what waits, in the order of urgency, page by page while full pages bring somebody in. */
export async function giveSlots(client: Queryable, admit: Admit, usage: Usage, settled: Settled): Promise<Pick> {
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
