/**
 * What people change in a run: clearing and marking its nodes.
 *
 * K1. Only what was named moves, and after a mark what had failed downstream of it. Nothing is decided in the same step: it is made by
 *     whoever gives the command, and the store must see the changed state. The next tick goes on.
 * K2. A finished run in which something is open now goes back to `queued`.
 */
import type { Dag } from '../model/compiled-dag.ts';
import { type RunStatus, SLOT_STATUSES, type TaskStatus } from '../model/states.ts';
import { expandNodes } from './expand-nodes.ts';
import { withoutRetry } from './repeat.ts';
import type { RunProgress, Step } from './run.ts';
import type { RunDraft } from './run-draft.ts';
import { runOutcome } from './run-outcome.ts';
import { sync } from './settle.ts';

const holdsSlot: ReadonlySet<TaskStatus> = new Set(SLOT_STATUSES);

export function clearNodes(draft: RunDraft, nodes: readonly number[]): Step {
  let cleared = false;
  for (const node of new Set(nodes)) {
    const known = draft.tasks[node];
    if (known === undefined) return unknownNode(draft.dag, draft.tasks.length, node);
    const { status, attempt } = known;
    if (status === 'none' || status === 'restarting') continue;
    cleared = true;
    if (status === 'running') {
      draft.move(node, { status: 'restarting', attempt }, 'cleared while running');
      draft.revoke(node, attempt);
    } else {
      draft.move(node, { status: 'none', attempt }, 'cleared');
    }
  }
  if (cleared) {
    const finished = isFinished(draft.status);
    draft.remember(anew(draft, nodes, finished));
    if (finished) draft.enter('queued');
    else if (draft.status === 'running') draft.wake(draft.now);
  }
  sync(draft);
  return draft.finish();
}

/** What a run still remembers when nodes of it are run anew: groups and, when it had finished, the run get all their retries again. */
function anew({ dag, nodes, progress }: RunDraft, cleared: readonly number[], finished: boolean): RunProgress {
  const { ending: _, retries, groups, ...rest } = withoutRetry(progress);
  const again = new Set(
    cleared.flatMap((node) => dag.flow.barriersOf[nodes[node]?.task ?? -1] ?? []).map((barrier) => dag.flow.barriers[barrier]?.groupId),
  );
  const kept = Object.entries(groups ?? {}).filter(([groupId]) => !again.has(groupId));
  return {
    ...rest,
    ...(retries === undefined || finished ? {} : { retries }),
    ...(kept.length === 0 ? {} : { groups: Object.fromEntries(kept) }),
  };
}

export function markNodes(draft: RunDraft, nodes: readonly number[], to: 'success' | 'failed'): Step {
  const { dag } = draft;
  const marked: number[] = [];
  for (const node of new Set(nodes)) {
    const known = draft.tasks[node];
    if (known === undefined) return unknownNode(dag, draft.tasks.length, node);
    const { status, attempt } = known;
    if (status === to || status === 'removed') continue;
    marked.push(node);
    draft.move(node, { status: to, attempt }, 'marked by a person');
    if (holdsSlot.has(status)) draft.revoke(node, attempt);
  }
  if (marked.length === 0) return draft.finish();
  if (to === 'success') {
    const named = new Set(nodes);
    for (const node of expandNodes(dag, draft, marked, { downstream: true })) {
      const { status, attempt } = draft.state(node);
      if ((status !== 'failed' && status !== 'upstream_failed') || named.has(node)) continue;
      draft.move(node, { status: 'none', attempt }, 'cleared: what is upstream of it was marked success');
    }
  }
  if (!isFinished(draft.status)) {
    if (draft.status === 'running') draft.wake(draft.now);
    sync(draft);
    return draft.finish();
  }
  sync(draft);
  if (draft.open > 0) {
    draft.remember(anew(draft, [], true));
    sync(draft);
    draft.enter('queued');
  } else {
    const outcome = draft.progress.ending?.status ?? runOutcome(dag, draft);
    if (outcome !== draft.status) draft.enter(outcome);
  }
  return draft.finish();
}

export function isFinished(status: RunStatus): status is 'success' | 'failed' {
  return status === 'success' || status === 'failed';
}

export function unknownNode(dag: Dag, nodes: number, node: number): Step {
  return {
    kind: 'rejected',
    why: 'unknown_task',
    detail: `The run of DAG "${dag.spec.dagId}" has ${nodes} task instances and none with index ${node}`,
  };
}
