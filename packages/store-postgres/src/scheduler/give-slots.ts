/**
 * Gives slots to what waits and to what the decisions at hand make ready, the most urgent first.
 *
 * G1. Slots are only given here, and only while the lock is held: what was refused stays refused until the next decision.
 * G2. Nobody is asked while something more urgent, that may still get in, has not been read.
 */
import { randomUUID } from 'node:crypto';
import { type Admission, type Candidate, type Capacity, comparePriority, type Instant } from '@headrace/core';
import type { QueuedTask } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import type { Move } from '../moves.ts';
import type { Settled } from './compare.ts';
import { type Contender, FIRST_LANE, type LookedLane, lookAtLanes, readOn } from './contenders.ts';
import type { Lane } from './lanes.ts';
import { saveBuckets } from './rate-buckets.ts';
import type { Usage } from './usage.ts';

export type Admit = (candidates: readonly Candidate[], capacity: Capacity) => Admission;

/** Where the next look at the lanes begins: at the first, but for those that wait in more lanes than one look takes in. */
export class LaneTurn {
  after: Lane = FIRST_LANE;
}

interface Pick {
  /** To `queued`, by task instance. */
  readonly moves: ReadonlyMap<string, Move>;
  readonly queued: readonly QueuedTask[];
  readonly backlog: boolean;
  /** When to look again although nothing ended. */
  readonly nextAt?: Instant;
}

export async function giveSlots(client: Queryable, admit: Admit, usage: Usage, settled: Settled, turn: LaneTurn): Promise<Pick> {
  const giving = new Giving(admit, usage);
  giving.add(settled.ready);
  if (usage.lanes.length > 0 && usage.room() > 0) {
    const { lanes, closed, end, nextAt } = await lookAtLanes(client, usage, settled.leaving, turn.after);
    turn.after = end ?? FIRST_LANE;
    giving.isOver(closed);
    if (end !== undefined) giving.lookAgainAt(usage.now);
    if (nextAt !== undefined) giving.lookAgainAt(nextAt);
    await give(client, giving, lanes, settled.leaving, usage);
  } else {
    giving.isOver(usage.lanes.length > 0);
    giving.ask(undefined);
  }
  await saveBuckets(client, usage.emptied());
  return giving.pick();
}

async function give(
  client: Queryable,
  giving: Giving,
  lanes: readonly LookedLane[],
  except: ReadonlySet<string>,
  usage: Usage,
): Promise<void> {
  for (const lane of lanes) giving.addLane(lane);
  for (;;) {
    const first = giving.nearestEnd(lanes);
    giving.ask(first);
    if (first === undefined) return;
    const due = lanes.filter((lane) => lane.more && isReached(lane, first));
    if (due.length === 0) continue;
    await readOn(client, due, except, usage.room());
    for (const lane of due) giving.addLane(lane);
  }
}

/** All that was read of the lane is at least as urgent. */
function isReached({ contenders }: LookedLane, end: Contender): boolean {
  const last = contenders.at(-1);
  return last === undefined || comparePriority(last, end) <= 0;
}

class Giving {
  readonly #admit: Admit;
  readonly #usage: Usage;
  readonly #moves = new Map<string, Move>();
  readonly #queued: QueuedTask[] = [];
  readonly #laneOf = new Map<string, LookedLane>();
  #pending: Contender[] = [];
  #backlog = false;
  #nextAt = Infinity;

  constructor(admit: Admit, usage: Usage) {
    this.#admit = admit;
    this.#usage = usage;
  }

  add(contenders: readonly Contender[]): void {
    for (const contender of contenders) {
      this.#usage.note(contender);
      this.#pending.push(contender);
    }
  }

  addLane(lane: LookedLane): void {
    for (const { taskInstanceId } of lane.contenders) this.#laneOf.set(taskInstanceId, lane);
    this.add(lane.contenders);
  }

  /** The most urgent of those that are the last read of their lanes: what is less urgent must wait until more is read. */
  nearestEnd(lanes: readonly LookedLane[]): Contender | undefined {
    let nearest: Contender | undefined;
    for (const { more, contenders } of lanes) {
      const last = contenders.at(-1);
      if (more && last !== undefined && (nearest === undefined || comparePriority(last, nearest) < 0)) nearest = last;
    }
    return nearest;
  }

  /** Asks for all that are at least as urgent as `end`; without one, for all. Whose lane is refused has no more to read. */
  ask(end: Contender | undefined): void {
    const asked = end === undefined ? this.#pending : this.#pending.filter((one) => comparePriority(one, end) <= 0);
    if (asked.length === 0) return;
    this.#pending = end === undefined ? [] : this.#pending.filter((one) => comparePriority(one, end) > 0);
    const { admitted, refused, nextAt } = this.#admit(asked, this.#usage.capacity());
    if (nextAt !== undefined) this.lookAgainAt(nextAt);
    if (refused.length > 0) this.#backlog = true;
    for (const { taskInstanceId } of refused) {
      const lane = this.#laneOf.get(taskInstanceId);
      if (lane !== undefined) lane.more = false;
    }
    const contenders = new Map(asked.map((contender) => [contender.taskInstanceId, contender]));
    for (const { taskInstanceId } of admitted) {
      const contender = contenders.get(taskInstanceId);
      if (contender !== undefined) this.#give(contender);
    }
  }

  /** More waits than is asked for. */
  isOver(more: boolean): void {
    this.#backlog ||= more;
  }

  lookAgainAt(instant: Instant): void {
    this.#nextAt = Math.min(this.#nextAt, instant);
  }

  pick(): Pick {
    return {
      moves: this.#moves,
      queued: this.#queued,
      backlog: this.#backlog,
      ...(this.#nextAt === Infinity ? {} : { nextAt: this.#nextAt }),
    };
  }

  #give(contender: Contender): void {
    const attemptId = randomUUID();
    this.#usage.take(contender);
    this.#moves.set(contender.taskInstanceId, moveToQueued(contender, attemptId));
    this.#queued.push(queuedTask(contender, attemptId));
  }
}

function moveToQueued({ taskInstanceId, from, attempt }: Contender, attemptId: string): Move {
  return { taskInstanceId, from, fromAttempt: attempt, to: { status: 'queued', attempt: attempt + 1 }, attemptId, reason: null };
}

function queuedTask({ runKey, taskInstanceId, attempt, queue, priorityWeight }: Contender, attemptId: string): QueuedTask {
  return { runKey, taskInstanceId, attempt: attempt + 1, attemptId, sequence: 1, queue, priority: priorityWeight };
}
