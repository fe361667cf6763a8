/**
 * The moves of a task instance, as a value: the decisions, the tests, the store's guards and the drawing in `docs/states.md`
 * are all derived from this table.
 *
 * M1. A move that is not here does not happen anywhere in Headrace.
 * M2. A terminal state is left by what people do (clear, mark), by what is run anew, and in two more ways that the core decides: an
 *     instance whose item is gone is removed, and the gate of a loop that asks for more than its cap is failed.
 */
import { isTerminal, type TaskStatus, TERMINAL_STATUSES } from './states.ts';

/**
 * Who makes a move: `core` decides it in `step`; `dispatch` is the store giving a slot, or whatever ends a wait that holds none;
 * `worker` is the attempt itself; `command` is a person.
 */
export type Mover = 'core' | 'dispatch' | 'worker' | 'command';

export interface Transition {
  readonly by: readonly Mover[];
  readonly why: string;
}

export type TransitionTable = Readonly<Record<TaskStatus, Readonly<Partial<Record<TaskStatus, Transition>>>>>;

const cleared: Transition = { by: ['command'], why: 'cleared' };
const clearedOrAnew: Transition = { by: ['core', 'command'], why: 'cleared, or run anew with its group or run' };
const removed: Transition = { by: ['core', 'command'], why: 'no longer in the DAG, or its item or iteration is gone' };
const gone: Transition = { by: ['core'], why: 'its item or iteration is gone' };
const givenUp: Transition = { by: ['core', 'dispatch', 'command'], why: 'run ended before it went on, or its wait was given up' };
const cancelledBeforeItRan: Transition = { by: ['core', 'command'], why: 'run ended before it ran' };
const marked: Transition = { by: ['command'], why: 'marked by a person' };
const due: Transition = { by: ['core'], why: 'due' };

export const TASK_TRANSITIONS: TransitionTable = {
  none: {
    scheduled: { by: ['core'], why: 'trigger rule met' },
    skipped: { by: ['core', 'command'], why: 'a rule, a branch or its items skip it, or run ended' },
    upstream_failed: { by: ['core'], why: 'cannot be run after a failure' },
    success: marked,
    failed: marked,
    removed,
  },
  scheduled: {
    queued: { by: ['dispatch'], why: 'given a slot' },
    none: cleared,
    skipped: cancelledBeforeItRan,
    success: marked,
    failed: marked,
    removed,
  },
  queued: {
    running: { by: ['worker'], why: 'claimed' },
    up_for_retry: { by: ['core'], why: 'lost, may be tried again' },
    success: marked,
    failed: { by: ['core', 'command'], why: 'lost on the last try, marked, or run ended' },
    none: cleared,
    removed,
  },
  running: {
    success: { by: ['worker', 'command'], why: 'ended well, or marked' },
    failed: { by: ['worker', 'core', 'command'], why: 'failed or lost on the last try, marked, or run ended' },
    skipped: { by: ['worker'], why: 'skipped itself' },
    up_for_retry: { by: ['worker', 'core'], why: 'failed or lost, may be tried again' },
    up_for_reschedule: { by: ['worker'], why: 'looks again later' },
    deferred: { by: ['worker'], why: 'waits for a trigger' },
    awaiting_input: { by: ['worker'], why: 'waits for a person' },
    queued: { by: ['worker'], why: 'released unbegun' },
    scheduled: { by: ['worker'], why: 'interrupted, does not count as a try' },
    restarting: { by: ['command'], why: 'cleared while running' },
    removed,
  },
  restarting: {
    none: { by: ['worker', 'core'], why: 'stopped or lost' },
    success: marked,
    failed: { by: ['core', 'command'], why: 'marked, or run ended' },
    removed,
  },
  up_for_retry: { scheduled: due, none: cleared, skipped: cancelledBeforeItRan, success: marked, failed: marked, removed },
  up_for_reschedule: { scheduled: due, none: cleared, skipped: cancelledBeforeItRan, success: marked, failed: marked, removed },
  deferred: {
    scheduled: { by: ['dispatch'], why: 'trigger fired' },
    failed: { by: ['dispatch', 'command'], why: 'trigger failed or timed out, or marked' },
    none: cleared,
    skipped: givenUp,
    success: marked,
    removed,
  },
  awaiting_input: {
    scheduled: { by: ['dispatch'], why: 'answered' },
    failed: { by: ['dispatch', 'command'], why: 'timed out, or marked' },
    none: cleared,
    skipped: givenUp,
    success: marked,
    removed,
  },
  success: { none: clearedOrAnew, failed: { by: ['core', 'command'], why: 'a gate at the cap of its loop, or marked' }, removed: gone },
  failed: { none: clearedOrAnew, success: marked, removed: gone },
  skipped: { none: clearedOrAnew, success: marked, failed: marked, removed: gone },
  upstream_failed: { none: clearedOrAnew, success: marked, failed: marked, removed: gone },
  removed: { none: { by: ['core', 'command'], why: 'back in the DAG, or its item or iteration is back' } },
};

/** All statuses, in the order of a task's life. */
export const TASK_STATUSES = Object.keys(TASK_TRANSITIONS) as readonly TaskStatus[];

export function isLegalMove(from: TaskStatus, to: TaskStatus): boolean {
  return TASK_TRANSITIONS[from][to] !== undefined;
}

/** Whether only a person's word makes this move: it says nothing about an attempt, and an attempt's report cannot be mistaken for it. */
export function isOnlyMarked(from: TaskStatus, to: TaskStatus): boolean {
  return TASK_TRANSITIONS[from][to] === marked;
}

/**
 * Where a status can come without a decision of the core in between: a report of the store may leave out steps of one attempt
 * (claimed and ended between two looks), but never a decision.
 */
const REPORTABLE: ReadonlyMap<TaskStatus, ReadonlySet<TaskStatus>> = new Map(TASK_STATUSES.map((from) => [from, reportableFrom(from)]));

function reportableFrom(from: TaskStatus): ReadonlySet<TaskStatus> {
  const reached = new Set<TaskStatus>();
  if (isTerminal(from)) return reached;
  const open: TaskStatus[] = [from];
  for (let status = open.pop(); status !== undefined; status = open.pop()) {
    for (const to of TASK_STATUSES) {
      const move = TASK_TRANSITIONS[status][to];
      // What a person marked is no step of an attempt: who hears of it loads the run anew.
      if (move === undefined || isOnlyMarked(status, to) || reached.has(to) || move.by.every((mover) => mover === 'core')) continue;
      reached.add(to);
      // After these the core, or another attempt, has the word.
      if (to === 'queued' || to === 'running' || to === 'restarting') open.push(to);
    }
  }
  return reached;
}

/** Whether the store may report `to` to someone who last heard of `from`. */
export function isReportable(from: TaskStatus, to: TaskStatus): boolean {
  return REPORTABLE.get(from)?.has(to) === true;
}

/** The table as a Mermaid state diagram; checked in as `docs/states.md`. */
export function drawTransitions(): string {
  const lines = ['stateDiagram-v2', '  [*] --> none'];
  for (const from of TASK_STATUSES) {
    for (const to of TASK_STATUSES) {
      const move = TASK_TRANSITIONS[from][to];
      if (move !== undefined) lines.push(`  ${from} --> ${to}: ${move.why} (${move.by.join(', ')})`);
    }
  }
  for (const status of TERMINAL_STATUSES) lines.push(`  ${status} --> [*]`);
  return `${lines.join('\n')}\n`;
}
