/**
 * Loops: a group whose tasks are repeated until their gate no longer asks for more.
 *
 * I1. Map index i is iteration i. The next one comes to be when the gate succeeds with `again`; its nodes are made, or brought back.
 * I2. At the cap a gate that asks for more is failed, though its attempt succeeded.
 * I3. What comes after the loop sees only its last iteration, and only when no other can follow.
 * I4. An earlier gate that is run anew and asks for no more takes the later iterations away.
 */
import { isTerminal } from '../model/states.ts';
import { bringBack, surplus, takeAway } from './expansion.ts';
import { syncBarrier } from './repeat.ts';
import type { RunDraft } from './run-draft.ts';
import { lastIteration, nodeAt, wantsAgain } from './run-index.ts';

/** Brings up to date which iteration is the last one. */
export function syncLoop(draft: RunDraft, space: number): void {
  const { dag } = draft;
  const last = lastIteration(dag, draft, draft.index, space);
  const barrier = dag.flow.barriers.findIndex(({ loop }) => loop === space);
  if (last === draft.index.iteration[space]) return;
  // What was shown of another iteration is taken back first.
  if (draft.index.passable[barrier] === 1) draft.derived.setPassable(draft, barrier, false, () => {});
  draft.derived.setIteration(space, last);
  for (const task of dag.flow.spaces[space]?.tasks ?? []) draft.doubts.tasks.add(task);
  syncBarrier(draft, barrier);
}

/** Begins the next iteration, fails a gate at its cap, or takes away iterations that are no longer wanted. */
export function advanceLoop(draft: RunDraft, space: number): void {
  const { dag } = draft;
  const { gate = -1, loop, tasks = [] } = dag.flow.spaces[space] ?? {};
  const last = draft.index.iteration[space] ?? 0;
  const node = nodeAt(dag, draft.index, gate, last);
  if (node === undefined || loop === undefined) return;
  const state = draft.state(node);
  if (!isTerminal(state.status)) return;
  if (!wantsAgain(draft, state)) {
    for (const task of tasks) for (const late of surplus(draft, task, last + 1)) takeAway(draft, late, 'the loop ended before it');
    return;
  }
  if (last + 1 >= loop.maxIterations) {
    if (draft.isSettled(node)) draft.wake(draft.now);
    else draft.move(node, { status: 'failed', attempt: state.attempt }, `still asks for more after ${loop.maxIterations} iterations`);
    return;
  }
  for (const task of tasks) {
    const next = nodeAt(dag, draft.index, task, last + 1);
    if (next === undefined) draft.create(task, last + 1, `"${dag.tasks[gate]?.taskId}" asked for another iteration`);
    else if (draft.state(next).status === 'removed') bringBack(draft, next);
  }
  draft.doubts.spaces.add(space);
}
