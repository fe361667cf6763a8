/**
 * Decides all that can be decided in a run, following only the edges of what changed, and ends the run when nothing is open.
 *
 * L1. Spaces come first, as they say which nodes there are, then nodes, and barriers last: they may only open when nothing within is
 *     to be decided.
 * L2. What is derived is up to date afterwards, also where nothing is decided (`sync`).
 */
import { expandSpace } from './expansion.ts';
import { judgeNode } from './judge-node.ts';
import type { Judgement } from './judgement.ts';
import { advanceLoop, syncLoop } from './loop.ts';
import { finishRun, planRetry, syncBarrier } from './repeat.ts';
import type { RunDraft } from './run-draft.ts';
import { countOf, nodesOf, WAITING } from './run-index.ts';
import type { Verdict } from './trigger-rule.ts';

const MADE_OF: Readonly<Record<Exclude<Verdict, 'wait'>, 'scheduled' | 'skipped' | 'upstream_failed'>> = {
  run: 'scheduled',
  skip: 'skipped',
  upstream_failed: 'upstream_failed',
};

/** In a run that is not running it only does what `sync` does. */
export function settle(draft: RunDraft): void {
  work(draft, draft.status === 'running');
}

/** Decides nothing, but brings up to date what is derived from the moves: the last iterations of loops, and which groups are over. */
export function sync(draft: RunDraft): void {
  work(draft, false);
}

function work(draft: RunDraft, decides: boolean): void {
  const { doubts } = draft;
  if (!decides) {
    doubts.nodes.length = 0;
    doubts.tasks.clear();
  }
  for (;;) {
    const space = takeFirst(doubts.spaces);
    if (space !== undefined) {
      settleSpace(draft, space, decides);
      continue;
    }
    const node = doubts.nodes.pop();
    if (node !== undefined) {
      decideNode(draft, node);
      continue;
    }
    const task = takeFirst(doubts.tasks);
    if (task !== undefined) {
      decideTask(draft, task);
      continue;
    }
    // Inner barriers have the higher numbers: an outer one depends on those within it.
    const barrier = doubts.barriers.size === 0 ? undefined : Math.max(...doubts.barriers);
    if (barrier === undefined) break;
    doubts.barriers.delete(barrier);
    syncBarrier(draft, barrier);
    if (decides) planRetry(draft, barrier);
  }
  if (decides && draft.open === 0) finishRun(draft);
}

function settleSpace(draft: RunDraft, space: number, decides: boolean): void {
  if (draft.dag.flow.spaces[space]?.loop === undefined) {
    if (decides) expandSpace(draft, space);
    return;
  }
  syncLoop(draft, space);
  if (decides) advanceLoop(draft, space);
}

/** Lets `settle` decide about everything that waits, not only what is near a change. */
export function doubtAll(draft: RunDraft): void {
  const { dag, doubts, index } = draft;
  for (let position = dag.order.length - 1; position >= 0; position -= 1) {
    const task = dag.order[position];
    if (task !== undefined) doubts.task(index, task);
  }
  for (let space = 0; space < dag.flow.spaces.length; space += 1) doubts.spaces.add(space);
  for (let barrier = 0; barrier < dag.flow.barriers.length; barrier += 1) doubts.barriers.add(barrier);
}

function decideNode(draft: RunDraft, node: number): void {
  if (draft.state(node).status !== 'none') return;
  const judgement = judgeNode(draft.dag, draft, node);
  if (judgement.verdict !== 'wait') apply(draft, node, judgement);
}

/** All nodes of a task of a space. Where they are judged alike, the judgement is made once. */
function decideTask(draft: RunDraft, task: number): void {
  if (countOf(draft.index, task, WAITING) === 0) return;
  const alike = draft.dag.flow.uniform.has(task);
  let judgement: Judgement | undefined;
  for (const node of [...nodesOf(draft.index, task)]) {
    if (draft.state(node).status !== 'none') continue;
    const mine =
      alike && judgement !== undefined && (draft.nodes[node]?.mapIndex ?? -1) >= 0 ? judgement : judgeNode(draft.dag, draft, node);
    if (alike) judgement = mine;
    if (mine.verdict !== 'wait') apply(draft, node, mine);
  }
}

/** What was moved in this step already is decided in the next one. */
function apply(draft: RunDraft, node: number, { verdict, reason }: Judgement): void {
  if (verdict === 'wait') return;
  if (draft.isSettled(node)) draft.wake(draft.now);
  else draft.move(node, { status: MADE_OF[verdict], attempt: draft.state(node).attempt }, reason);
}

function takeFirst(values: Set<number>): number | undefined {
  for (const value of values) {
    values.delete(value);
    return value;
  }
  return undefined;
}
