/**
 * Ending a run before its time: cancelled, timed out, or marked by a person.
 *
 * W1. Live attempts are revoked and failed, what has not begun is skipped. W2. A teardown of which a setup succeeded goes on, or still
 * comes, and the run takes its status when the last one has ended. W3. `progress.ending` stays until something is cleared.
 */
import { isTerminal, SLOT_STATUSES, type TaskStatus } from '../model/states.ts';
import { ENDINGS } from './judge-node.ts';
import type { RunProgress } from './run.ts';
import type { RunDraft } from './run-draft.ts';
import { settle } from './settle.ts';
import { countSetups } from './teardown.ts';

const holdsSlot: ReadonlySet<TaskStatus> = new Set(SLOT_STATUSES);

/** @param teardowns whether they still run. */
export function endRun(draft: RunDraft, ending: NonNullable<RunProgress['ending']>, teardowns = true): void {
  const { dag, progress, doubts } = draft;
  if (progress.ending?.status !== ending.status) draft.remember({ ...progress, ending });
  for (const [node, { status, attempt }] of draft.tasks.entries()) {
    if (isTerminal(status) || draft.isSettled(node)) continue;
    const task = draft.nodes[node]?.task ?? -1;
    if (teardowns && dag.tasks[task]?.role === 'teardown' && countSetups(dag, draft, node).success > 0) {
      if (status === 'none') doubts.node(task, node);
      continue;
    }
    const live = holdsSlot.has(status);
    draft.move(node, { status: live ? 'failed' : 'skipped', attempt }, ENDINGS[ending.why]);
    if (live) draft.revoke(node, attempt);
  }
  for (let space = 0; space < dag.flow.spaces.length; space += 1) doubts.spaces.add(space);
  for (let barrier = 0; barrier < dag.flow.barriers.length; barrier += 1) doubts.barriers.add(barrier);
  settle(draft);
  // A run that is queued decides nothing; with nothing open it need not even begin.
  if (draft.status === 'queued' && draft.open === 0) draft.enter(ending.status);
}

/** Ends a run that has taken too long; wakes for when it will have. */
export function timeOut(draft: RunDraft): void {
  const { runTimeoutMs } = draft.dag.spec;
  const { startedAt, ending } = draft.progress;
  if (runTimeoutMs === undefined || startedAt === undefined || ending !== undefined) return;
  if (startedAt + runTimeoutMs > draft.now) draft.wake(startedAt + runTimeoutMs);
  else endRun(draft, { why: 'timed_out', status: 'failed' });
}
