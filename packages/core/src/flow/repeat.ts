/**
 * Running anew what failed: groups with retries and whole runs.
 *
 * Q1. A group is run anew when all of it has ended and something in it failed. Until no retry can follow, nothing outside is decided.
 * Q2. A run is run anew when it would fail. It stays `running` while it waits for that.
 * Q3. When it is due, nodes are cleared and nothing else: the store must see them cleared. The next tick goes on.
 * Q4. A run that is being ended is not run anew, nor is any of its groups.
 */
import { isTerminal } from '../model/states.ts';
import type { RunProgress } from './run.ts';
import type { RunDraft } from './run-draft.ts';
import { needsRetry, nodesOf, passes } from './run-index.ts';
import { runOutcome } from './run-outcome.ts';

/** Opens or shuts a barrier as its group stands. */
export function syncBarrier(draft: RunDraft, barrier: number): void {
  const { dag, doubts } = draft;
  const passable = passes(dag, draft, draft.index, barrier);
  if (passable === (draft.index.passable[barrier] === 1)) return;
  draft.derived.setPassable(draft, barrier, passable, (target) => doubts.task(draft.index, target));
  const { tasks, parent } = dag.flow.barriers[barrier] ?? { tasks: new Set<number>(), parent: -1 };
  if (parent !== -1) doubts.barriers.add(parent);
  if (!passable) return;
  for (const task of tasks) {
    const { decided, guarded, innerDownstream } = dag.flow;
    for (const targets of [decided.get(task), guarded.get(task), innerDownstream[task]]) {
      for (const target of targets ?? []) if (!tasks.has(target)) doubts.task(draft.index, target);
    }
    for (const space of dag.flow.feeds.get(task) ?? []) doubts.spaces.add(space);
  }
}

/** Says when a group that failed is run anew, or forgets it when that is no longer needed. */
export function planRetry(draft: RunDraft, barrier: number): void {
  const { groupId, retryDelayMs, maxRetries } = draft.dag.flow.barriers[barrier] ?? { groupId: '', retryDelayMs: 0, maxRetries: 0 };
  if (maxRetries === 0) return;
  const known = draft.progress.groups?.[groupId];
  const wanted = needsRetry(draft.dag, draft.progress, draft.index, barrier);
  if (wanted && known?.retryAt === undefined) {
    const retryAt = draft.now + retryDelayMs;
    rememberGroup(draft, groupId, { retries: known?.retries ?? 0, retryAt });
    draft.wake(retryAt);
  } else if (!wanted && known?.retryAt !== undefined) {
    rememberGroup(draft, groupId, { retries: known.retries });
  }
}

/** Clears the groups, or the run, whose time to be run anew has come; wakes for the next. True: something was cleared. */
export function repeatWhatIsDue(draft: RunDraft): boolean {
  const { dag, now } = draft;
  let cleared = false;
  for (const [barrier, { groupId, tasks }] of dag.flow.barriers.entries()) {
    const known = draft.progress.groups?.[groupId];
    if (known?.retryAt === undefined || !needsRetry(dag, draft.progress, draft.index, barrier)) continue;
    if (known.retryAt > now) {
      draft.wake(known.retryAt);
      continue;
    }
    const groups = { ...draft.progress.groups, [groupId]: { retries: known.retries + 1 } };
    for (const inner of innerGroups(draft, barrier)) delete groups[inner];
    draft.remember({ ...draft.progress, groups });
    for (const task of tasks) clearEnded(draft, task, `group "${groupId}" is run anew`);
    cleared = true;
  }
  const { retryAt } = draft.progress;
  if (retryAt === undefined || draft.open > 0 || draft.progress.ending !== undefined) return cleared;
  if (retryAt > now) {
    draft.wake(retryAt);
    return cleared;
  }
  const { retries = 0, retryAt: _, groups: __, ...rest } = draft.progress;
  draft.remember({ ...rest, retries: retries + 1 });
  const all = dag.spec.runRetries?.from === 'start';
  for (let task = 0; task < dag.tasks.length; task += 1) clearEnded(draft, task, 'the run is run anew', all ? undefined : BAD);
  return true;
}

const BAD: ReadonlySet<string> = new Set(['failed', 'upstream_failed']);

function clearEnded(draft: RunDraft, task: number, reason: string, only?: ReadonlySet<string>): void {
  for (const node of [...nodesOf(draft.index, task)]) {
    const { status, attempt } = draft.state(node);
    if (!isTerminal(status) || status === 'removed' || draft.isSettled(node) || only?.has(status) === false) continue;
    draft.move(node, { status: 'none', attempt }, reason);
  }
}

/** Nothing is open: ends the run, unless it, or a group of it, is to be run anew. */
export function finishRun(draft: RunDraft): void {
  const { dag, progress } = draft;
  if (progress.ending !== undefined) {
    draft.enter(progress.ending.status);
    return;
  }
  if (dag.flow.barriers.some((_, barrier) => draft.index.passable[barrier] !== 1)) return;
  const outcome = runOutcome(dag, draft);
  const policy = dag.spec.runRetries;
  if (outcome === 'failed' && policy !== undefined && (progress.retries ?? 0) < policy.max) {
    const retryAt = progress.retryAt ?? draft.now + policy.delayMs;
    if (progress.retryAt === undefined) draft.remember({ ...progress, retryAt });
    draft.wake(retryAt);
    return;
  }
  if (progress.retryAt !== undefined) draft.remember(withoutRetry(progress));
  draft.enter(outcome);
}

export function withoutRetry({ retryAt: _, ...rest }: RunProgress): RunProgress {
  return rest;
}

function rememberGroup(draft: RunDraft, groupId: string, group: { readonly retries: number; readonly retryAt?: number }): void {
  draft.remember({ ...draft.progress, groups: { ...draft.progress.groups, [groupId]: group } });
}

function innerGroups(draft: RunDraft, barrier: number): readonly string[] {
  const { barriers } = draft.dag.flow;
  const found = [...(barriers[barrier]?.children ?? [])];
  for (const child of found) found.push(...(barriers[child]?.children ?? []));
  return found.map((child) => barriers[child]?.groupId ?? '');
}
