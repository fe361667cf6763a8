/**
 * Instances of mapped tasks and groups.
 *
 * X1. Instances are made, taken away or brought back only while one of the space waits: what nobody cleared stays as it ended.
 * X2. The node without map index becomes the instance of the first item. With no items it is skipped instead.
 * X3. All tasks of a mapped group have the same instances; only in a run that is being ended just its teardowns get them.
 */
import { isTerminal, SLOT_STATUSES, type TaskStatus } from '../model/states.ts';
import { judgeDeciders } from './deciders.ts';
import { itemsOf } from './items.ts';
import { ENDINGS, waitsForRunBefore } from './judge-node.ts';
import type { RunDraft } from './run-draft.ts';
import { ALL, COLUMN, countOf, nodeAt, nodesOf, WAITING } from './run-index.ts';

const holdsSlot: ReadonlySet<TaskStatus> = new Set(SLOT_STATUSES);

/** Gives a mapped space the instances that its items ask for, or lets it share the fate of what they come from. */
export function expandSpace(draft: RunDraft, space: number): void {
  const { dag } = draft;
  const { tasks, group } = dag.flow.spaces[space] ?? { tasks: [] };
  const waiting = tasks.flatMap((task) => (countOf(draft.index, task, WAITING) > 0 ? [task] : []));
  const first = waiting[0];
  if (first === undefined) return;
  if (group === undefined) {
    const node = draft.index.first[first];
    // Deciders skip or hold up the task as a whole, before it gets instances.
    if (node !== undefined && node >= 0 && judgeDeciders(dag, draft, node) !== undefined) return;
  }
  const items = itemsOf(dag, draft, space);
  if (items.verdict === 'wait') return;
  if (items.verdict === 'items') {
    for (const task of tasks) setLength(draft, task, items.length);
    for (const task of waiting) draft.doubts.tasks.add(task);
    return;
  }
  const { ending } = draft.progress;
  const failed = items.verdict === 'upstream_failed' && ending === undefined;
  const reason = ending === undefined || items.verdict === 'skip' ? items.reason : ENDINGS[ending.why];
  for (const task of waiting) {
    for (const node of [...nodesOf(draft.index, task)]) {
      const { status, attempt } = draft.state(node);
      if (status !== 'none' || waitsForRunBefore(dag, draft, node) !== undefined) continue;
      if (draft.isSettled(node)) draft.wake(draft.now);
      else draft.move(node, { status: failed ? 'upstream_failed' : 'skipped', attempt }, reason);
    }
  }
}

function setLength(draft: RunDraft, task: number, length: number): void {
  const { index } = draft;
  // A task that is gone altogether was removed for another reason than its items.
  if (countOf(index, task, COLUMN.removed) === countOf(index, task, ALL)) return;
  const first = index.first[task] ?? -1;
  if (first >= 0 && draft.nodes[first]?.mapIndex === 0 && hasLength(draft, task, length)) return;
  if (first >= 0 && draft.nodes[first]?.mapIndex === -1 && draft.state(first).status === 'none') {
    draft.nameFirst(first);
    draft.doubts.node(task, first);
  }
  const wanted = draft.progress.ending === undefined || draft.dag.tasks[task]?.role === 'teardown' ? length : 0;
  for (let mapIndex = 0; mapIndex < wanted; mapIndex += 1) {
    const node = nodeAt(draft.dag, draft.index, task, mapIndex);
    if (node === undefined) draft.create(task, mapIndex, 'an instance for each item');
    else if (draft.state(node).status === 'removed') bringBack(draft, node);
  }
  for (const node of surplus(draft, task, length)) takeAway(draft, node, 'there is no such item any more');
}

/** Whether the task has exactly these instances already. */
function hasLength({ index }: RunDraft, task: number, length: number): boolean {
  const places = index.more.get(task)?.length ?? 1;
  return places === length && countOf(index, task, ALL) === length && countOf(index, task, COLUMN.removed) === 0;
}

/** The nodes of a task from this map index on that are still there. */
export function surplus(draft: RunDraft, task: number, from: number): readonly number[] {
  const { more } = draft.index;
  const places = more.get(task) ?? [];
  const found: number[] = [];
  for (let mapIndex = Math.max(1, from); mapIndex < places.length; mapIndex += 1) {
    const node = places[mapIndex];
    if (node !== undefined && draft.state(node).status !== 'removed') found.push(node);
  }
  return found;
}

export function bringBack(draft: RunDraft, node: number): void {
  if (draft.isSettled(node)) draft.wake(draft.now);
  else draft.move(node, { status: 'none', attempt: draft.state(node).attempt }, 'wanted again');
}

export function takeAway(draft: RunDraft, node: number, reason: string): void {
  const { status, attempt } = draft.state(node);
  if (draft.isSettled(node)) {
    draft.wake(draft.now);
    return;
  }
  draft.move(node, { status: 'removed', attempt }, reason);
  if (!isTerminal(status) && holdsSlot.has(status)) draft.revoke(node, attempt);
}
