/**
 * What follows from an event in a run: the scheduler's decision, as a pure function.
 *
 * P1. A step settles: it makes every decision that its event allows. Only a clear leaves that to the next `tick`, because it is
 *     made by whoever gives the command, and the store must see the cleared state.
 * P2. Each task moves at most once in a step, by one move of the transition table.
 * P3. A running run always has a task that is live, waiting for a time, or waiting for a slot: it cannot get stuck.
 * P4. A task that comes to wait for a time, and a decision that was left to the next tick, give a `wake`.
 */

import type { Dag } from '../model/compiled-dag.ts';
import type { Instant } from '../model/dag.ts';
import { isTerminal, type RunStatus, SLOT_STATUSES, type TaskState, type TaskStatus } from '../model/states.ts';
import { ATTEMPT_LOST, attemptOutcome } from './attempt-outcome.ts';
import { judgeReport } from './reported-move.ts';
import type { RunEvent, RunState, Step } from './run.ts';
import { RunDraft } from './run-draft.ts';

const holdsSlot: ReadonlySet<TaskStatus> = new Set(SLOT_STATUSES);

/** The decision on `event`. Neither the DAG nor the run is changed. Never throws on an event, however late or wrong. */
export function step(dag: Dag, run: RunState, event: RunEvent, now: Instant): Step {
  if (event.type !== 'tasks.cleared' && isFinished(run.status)) return { kind: 'ignored', why: 'run_finished' };
  switch (event.type) {
    case 'run.started':
      return start(dag, run, now);
    case 'tick':
      return tick(dag, run, now);
    case 'task.moved':
      return reported(dag, run, [event]);
    case 'tasks.moved':
      return reported(dag, run, event.moves);
    case 'task.lost':
      return lost(dag, run, event, now);
    case 'run.cancelled':
      return cancel(dag, run);
    case 'tasks.cleared':
      return clear(dag, run, event.tasks, now);
    case 'tasks.marked':
    case 'run.marked':
    case 'past.told':
      return { kind: 'ignored', why: 'no_change' };
  }
}

function isFinished(status: RunStatus): boolean {
  return status === 'success' || status === 'failed';
}

/** On a run that is running already it is a `tick`: the shell may have moved the run to `running` itself. */
function start(dag: Dag, run: RunState, now: Instant): Step {
  if (run.status === 'running') return tick(dag, run, now);
  const draft = new RunDraft(dag, run);
  draft.enter('running');
  return passTime(draft, run, now);
}

function tick(dag: Dag, run: RunState, now: Instant): Step {
  if (run.status !== 'running') return { kind: 'ignored', why: 'no_change' };
  return passTime(new RunDraft(dag, run), run, now);
}

/** Looks at the whole run: what is due, what was never decided, and when to look again. */
function passTime(draft: RunDraft, run: RunState, now: Instant): Step {
  let next = Infinity;
  for (const [task, state] of run.tasks.entries()) {
    if (state.status !== 'up_for_retry' && state.status !== 'up_for_reschedule') continue;
    if (state.dueAt > now) next = Math.min(next, state.dueAt);
    else
      draft.move(task, { status: 'scheduled', attempt: state.attempt }, state.status === 'up_for_retry' ? 'retry due' : 'reschedule due');
  }
  if (next !== Infinity) draft.wake(next);
  draft.doubtAll();
  draft.settle();
  return draft.finish();
}

/** Facts in the order of their commits. What is old news is passed over; if that is all there is, the step is ignored for the last one's reason. */
function reported(dag: Dag, run: RunState, moves: readonly { readonly task: number; readonly to: TaskState }[]): Step {
  const draft = new RunDraft(dag, run);
  let ignored: Step = { kind: 'ignored', why: 'no_change' };
  let accepted = false;
  for (const { task, to } of moves) {
    const spec = dag.tasks[task];
    if (spec === undefined) return unknownTask(dag, task);
    const judgement = judgeReport(spec.taskId, draft.state(task), to);
    if (judgement === 'accept') {
      accepted = true;
      draft.accept(task, to);
      if (to.status === 'up_for_retry' || to.status === 'up_for_reschedule') draft.wake(to.dueAt);
    } else if (judgement.kind === 'rejected') return judgement;
    else ignored = judgement;
  }
  if (!accepted) return ignored;
  draft.settle();
  return draft.finish();
}

function lost(dag: Dag, run: RunState, event: Extract<RunEvent, { type: 'task.lost' }>, now: Instant): Step {
  const { task, attempt, dice, triesBefore } = event;
  const known = run.tasks[task];
  const spec = dag.tasks[task];
  if (known === undefined || spec === undefined) return unknownTask(dag, task);
  // A lost attempt that is over, or not yet known here, needs no decision: the store has the truth about it.
  if (known.attempt !== attempt || !holdsSlot.has(known.status)) return { kind: 'ignored', why: 'stale_attempt' };
  const draft = new RunDraft(dag, run);
  if (known.status === 'restarting') {
    draft.move(task, { status: 'none', attempt }, 'attempt lost while it was being stopped');
    draft.wake(now);
    return draft.finish();
  }
  const outcome = attemptOutcome(spec, attempt, { outcome: 'failed', error: ATTEMPT_LOST }, now, dice, triesBefore);
  draft.move(task, outcome, outcome.status === 'failed' ? 'attempt lost, no tries left' : 'attempt lost, will be tried again');
  if (outcome.status === 'up_for_retry') draft.wake(outcome.dueAt);
  draft.settle();
  return draft.finish();
}

function cancel(dag: Dag, run: RunState): Step {
  const draft = new RunDraft(dag, run);
  for (const [task, { status, attempt }] of run.tasks.entries()) {
    if (isTerminal(status)) continue;
    const live = holdsSlot.has(status);
    draft.move(task, { status: live ? 'failed' : 'skipped', attempt }, 'run cancelled');
    if (live) draft.revoke(task, attempt);
  }
  draft.enter('failed');
  return draft.finish();
}

function clear(dag: Dag, run: RunState, tasks: readonly number[], now: Instant): Step {
  const draft = new RunDraft(dag, run);
  let cleared = false;
  for (const task of new Set(tasks)) {
    const known = run.tasks[task];
    if (known === undefined) return unknownTask(dag, task);
    const { status, attempt } = known;
    if (status === 'none' || status === 'restarting') continue;
    cleared = true;
    if (status === 'running') {
      draft.move(task, { status: 'restarting', attempt }, 'cleared while running');
      draft.revoke(task, attempt);
    } else {
      draft.move(task, { status: 'none', attempt }, 'cleared');
    }
  }
  if (cleared && isFinished(run.status)) draft.enter('queued');
  else if (cleared && run.status === 'running') draft.wake(now);
  return draft.finish();
}

function unknownTask(dag: Dag, task: number): Step {
  return {
    kind: 'rejected',
    why: 'unknown_task',
    detail: `DAG "${dag.spec.dagId}" has ${dag.tasks.length} tasks and none with index ${task}`,
  };
}
