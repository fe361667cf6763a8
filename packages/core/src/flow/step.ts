/**
 * What follows from an event in a run: the scheduler's decision, as a pure function.
 *
 * P1. A step settles: it makes every decision that its event allows. Only what people change, and what is cleared to be run anew,
 *     leaves that to the next `tick`: the store must see the cleared state.
 * P2. Each node moves at most once in a step, by one move of the transition table.
 * P3. A running run always has a node that is live, waiting for a slot, for a time or for the run before, or it waits itself to be
 *     run anew: it cannot get stuck.
 * P4. Whatever waits for a time, and a decision that was left to the next tick, give a `wake`.
 */

import type { Dag } from '../model/compiled-dag.ts';
import type { Instant } from '../model/dag.ts';
import { SLOT_STATUSES, type TaskState, type TaskStatus } from '../model/states.ts';
import { ATTEMPT_LOST, attemptOutcome } from './attempt-outcome.ts';
import { clearNodes, isFinished, markNodes, unknownNode } from './correct.ts';
import { endRun, timeOut } from './ending.ts';
import { repeatWhatIsDue } from './repeat.ts';
import { judgeReport } from './reported-move.ts';
import type { RunEvent, RunState, Step } from './run.ts';
import { RunDraft } from './run-draft.ts';
import { doubtAll, settle, sync } from './settle.ts';

const holdsSlot: ReadonlySet<TaskStatus> = new Set(SLOT_STATUSES);

/** What people may still change in a run that has finished. */
const CORRECTIONS: ReadonlySet<RunEvent['type']> = new Set(['tasks.cleared', 'tasks.marked', 'run.marked']);

/** The decision on `event`. Neither the DAG nor the run is changed. Never throws on an event, however late or wrong. */
export function step(dag: Dag, run: RunState, event: RunEvent, now: Instant): Step {
  if (isFinished(run.status) && !CORRECTIONS.has(event.type)) return { kind: 'ignored', why: 'run_finished' };
  const draft = new RunDraft(dag, run, now);
  switch (event.type) {
    case 'run.started':
      return start(draft);
    case 'tick':
      return run.status === 'running' ? passTime(draft) : { kind: 'ignored', why: 'no_change' };
    case 'task.moved':
      return reported(draft, [event]);
    case 'tasks.moved':
      return reported(draft, event.moves);
    case 'task.lost':
      return lost(draft, event);
    case 'run.cancelled':
      endRun(draft, { why: 'cancelled', status: 'failed' }, event.teardowns);
      return draft.finish();
    case 'run.marked':
      if (!isFinished(run.status)) endRun(draft, { why: 'marked', status: event.status });
      else if (run.status !== event.status) draft.enter(event.status);
      return draft.finish();
    case 'tasks.cleared':
      return clearNodes(draft, event.tasks);
    case 'tasks.marked':
      return markNodes(draft, event.tasks, event.status);
    case 'past.told':
      return pastTold(draft, event.unmet);
  }
}

/** On a run that is running already it is a `tick`: the shell may have moved the run to `running` itself. */
function start(draft: RunDraft): Step {
  const begins = draft.status !== 'running';
  if (begins) draft.enter('running');
  if (draft.dag.spec.runTimeoutMs !== undefined && (begins || draft.progress.startedAt === undefined)) {
    draft.remember({ ...draft.progress, startedAt: draft.now });
  }
  return passTime(draft);
}

/** Looks at the whole run: what is due, what was never decided, and when to look again. */
function passTime(draft: RunDraft): Step {
  // First, as what it ends must not be found due afterwards.
  timeOut(draft);
  for (const [node, state] of draft.tasks.entries()) {
    if (state.status !== 'up_for_retry' && state.status !== 'up_for_reschedule') continue;
    if (state.dueAt > draft.now) draft.wake(state.dueAt);
    else
      draft.move(node, { status: 'scheduled', attempt: state.attempt }, state.status === 'up_for_retry' ? 'retry due' : 'reschedule due');
  }
  if (repeatWhatIsDue(draft)) {
    draft.wake(draft.now);
    sync(draft);
    return draft.finish();
  }
  doubtAll(draft);
  settle(draft);
  return draft.finish();
}

/** Facts in the order of their commits. What is old news is passed over; if that is all there is, the step is ignored for the last one's reason. */
function reported(draft: RunDraft, moves: readonly { readonly task: number; readonly to: TaskState }[]): Step {
  let ignored: Step = { kind: 'ignored', why: 'no_change' };
  let accepted = false;
  for (const { task: node, to } of moves) {
    const place = draft.nodes[node];
    const spec = draft.dag.tasks[place?.task ?? -1];
    if (place === undefined || spec === undefined) return unknownNode(draft.dag, draft.tasks.length, node);
    const name = place.mapIndex < 0 ? spec.taskId : `${spec.taskId}[${place.mapIndex}]`;
    const judgement = judgeReport(name, draft.state(node), to);
    if (judgement === 'accept') {
      accepted = true;
      draft.accept(node, to);
      if (to.status === 'up_for_retry' || to.status === 'up_for_reschedule') draft.wake(to.dueAt);
    } else if (judgement.kind === 'rejected') return judgement;
    else ignored = judgement;
  }
  if (!accepted) return ignored;
  settle(draft);
  return draft.finish();
}

function lost(draft: RunDraft, event: Extract<RunEvent, { type: 'task.lost' }>): Step {
  const { task: node, attempt, dice, triesBefore, claimed = false } = event;
  const known = draft.tasks[node];
  const spec = draft.dag.tasks[draft.nodes[node]?.task ?? -1];
  if (known === undefined || spec === undefined) return unknownNode(draft.dag, draft.tasks.length, node);
  if (attempt > known.attempt) return unknownAttempt(spec.taskId, known, attempt);
  // One that is over needs no decision: the store has the truth about it.
  if (known.attempt !== attempt || !holdsSlot.has(known.status)) return { kind: 'ignored', why: 'stale_attempt' };
  if (known.status === 'restarting') {
    draft.move(node, { status: 'none', attempt }, 'attempt lost while it was being stopped', 'lost');
    draft.wake(draft.now);
    return draft.finish();
  }
  if (claimed && known.status === 'queued') draft.accept(node, { status: 'running', attempt });
  const outcome = attemptOutcome(spec, attempt, { outcome: 'failed', error: ATTEMPT_LOST }, draft.now, dice, triesBefore);
  draft.move(node, outcome, outcome.status === 'failed' ? 'attempt lost, no tries left' : 'attempt lost, will be tried again', 'lost');
  if (outcome.status === 'up_for_retry') draft.wake(outcome.dueAt);
  settle(draft);
  return draft.finish();
}

/** It was begun by somebody else, and of what went before nothing may be known here either. */
function unknownAttempt(taskId: string, known: TaskState, attempt: number): Step {
  const detail = `Task "${taskId}" is ${known.status} (attempt ${known.attempt}) and lost attempt ${attempt}: decisions in between are not known here; load the run anew`;
  return { kind: 'rejected', why: 'illegal_transition', detail };
}

function pastTold(draft: RunDraft, unmet: readonly number[]): Step {
  const known = draft.pastUnmet;
  if (known !== undefined && known.size === new Set(unmet).size && unmet.every((node) => known.has(node))) {
    return { kind: 'ignored', why: 'no_change' };
  }
  draft.tellPast(unmet);
  for (const task of draft.dag.flow.pastTasks) draft.doubts.task(draft.index, task);
  settle(draft);
  return draft.finish();
}
