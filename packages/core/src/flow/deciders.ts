/**
 * Branches and short circuits: what the success of a task decides about tasks downstream of it.
 *
 * B1. It is read from the decider's state, never remembered: a skipped task that is cleared alone is skipped again.
 * B2. A task waits for all its deciders, unless one of them skips it: so the order in which they end does not matter.
 * B3. Within a mapped group or a loop a decider decides for its own map index.
 * B4. A task that a followed task leads to is not skipped by the branch: its trigger rule decides (a join).
 */
import type { Dag } from '../model/compiled-dag.ts';
import { isTerminal, type TaskState } from '../model/states.ts';
import { type Judgement, waitsFor } from './judgement.ts';
import type { RunState } from './run.ts';
import { isOver, nodeAt } from './run-index.ts';

const SKIPPED_BY = 'skip' as const;

/** Whether a decider skips the node, or keeps it waiting. Undefined: none has anything against it. */
export function judgeDeciders(dag: Dag, run: RunState, node: number): Judgement | undefined {
  const { task, mapIndex } = run.nodes[node] ?? { task: -1, mapIndex: -1 };
  let waits: Judgement | undefined;
  for (const decider of dag.flow.deciders.get(task) ?? []) {
    const at = nodeAt(dag, run.index, decider, mapIndex);
    const state = at === undefined ? undefined : run.tasks[at];
    if (state === undefined || state.status === 'removed') continue;
    const name = dag.tasks[decider]?.taskId;
    if (!isTerminal(state.status) || !isOver(dag, run.index, decider, task)) waits ??= waitsFor(`"${name}" has not decided yet`);
    else if (decidesAgainst(dag, decider, state, task)) return { verdict: SKIPPED_BY, reason: `"${name}" decided against it` };
  }
  return waits;
}

function decidesAgainst(dag: Dag, decider: number, state: TaskState, target: number): boolean {
  const follow = state.status === 'success' ? state.decision?.follow : undefined;
  if (follow === undefined) return false;
  if (dag.tasks[decider]?.decides?.kind !== 'branch') return follow.length === 0;
  const ways = [dag.tasks[target]?.taskId ?? '', ...(dag.flow.joins.get(decider)?.get(target) ?? [])];
  return !ways.some((taskId) => follow.includes(taskId));
}
