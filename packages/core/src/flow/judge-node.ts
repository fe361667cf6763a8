/**
 * What is to become of a node in `none`, from the state of its run alone.
 *
 * N1. Any verdict but `wait` stands whatever the rest of the run does, as long as nobody clears or marks anything: so the order of
 *     events never matters.
 * N2. When everything that a node can wait for has ended, the verdict is not `wait`.
 * N3. First come the run before, then deciders and items, then setups, at last the trigger rule. In a mapped group the items come
 *     before the deciders, as its tasks get their instances together.
 */
import type { Dag } from '../model/compiled-dag.ts';
import { judgeDeciders } from './deciders.ts';
import { itemsOf } from './items.ts';
import { type Judgement, WAITS, waitsFor } from './judgement.ts';
import type { RunState } from './run.ts';
import { nodeCounts } from './tally.ts';
import { judgeSetups, judgeTeardown } from './teardown.ts';
import { describeCounts, judge } from './trigger-rule.ts';

export function judgeNode(dag: Dag, run: RunState, node: number): Judgement {
  const { task } = run.nodes[node] ?? { task: -1 };
  const spec = dag.tasks[task];
  if (spec === undefined) return WAITS;
  const { flow } = dag;
  const teardown = spec.role === 'teardown';
  const { ending } = run.progress;
  if (ending !== undefined && !teardown) return { verdict: 'skip', reason: ENDINGS[ending.why] };
  const past = waitsForRunBefore(dag, run, node);
  if (past !== undefined) return past;
  const hasDeciders = flow.deciders.has(task);
  const space = flow.spaceOf[task] ?? -1;
  const mapped = space === -1 ? undefined : flow.spaces[space];
  if (mapped?.group === undefined && hasDeciders) {
    const decided = judgeDeciders(dag, run, node);
    if (decided !== undefined) return decided;
  }
  if (mapped !== undefined) {
    const waits = waitsForPlace(dag, run, node, space);
    if (waits !== undefined) return waits;
    if (mapped.group !== undefined && hasDeciders) {
      const decided = judgeDeciders(dag, run, node);
      if (decided !== undefined) return decided;
    }
  }
  const counts = nodeCounts(dag, run, node);
  if (teardown) {
    const verdict = judgeTeardown(dag, run, node, counts);
    return ending !== undefined && verdict.verdict === 'upstream_failed' ? { verdict: 'skip', reason: ENDINGS[ending.why] } : verdict;
  }
  const rule = spec.triggerRule;
  if (rule !== 'always' && flow.guards.has(task)) {
    const guarded = judgeSetups(dag, run, node);
    if (guarded !== undefined) return guarded;
  }
  const verdict = judge(rule, counts);
  return verdict === 'wait' ? WAITS : { verdict, reason: `${rule}: ${describeCounts(counts)}` };
}

/** Why what has not begun is skipped in a run that is being ended. */
export const ENDINGS = { cancelled: 'run cancelled', timed_out: 'run timed out', marked: 'run marked' } as const;

/** Whether the node waits until the run before is done with its task. */
export function waitsForRunBefore(dag: Dag, run: RunState, node: number): Judgement | undefined {
  const task = run.nodes[node]?.task ?? -1;
  if (!dag.flow.pastTasks.has(task) || run.progress.ending !== undefined) return undefined;
  if (run.pastUnmet === undefined) return waitsFor('it is not known yet how the run before stands');
  return run.pastUnmet.has(node) ? waitsFor('the run before is not done with this task') : undefined;
}

/** Whether it is not yet certain that an instance with this map index is wanted. */
function waitsForPlace(dag: Dag, run: RunState, node: number, space: number): Judgement | undefined {
  const mapIndex = run.nodes[node]?.mapIndex ?? -1;
  if (dag.flow.spaces[space]?.loop !== undefined) {
    return mapIndex > (run.index.iteration[space] ?? 0) ? waitsFor('the iteration before it has not decided yet') : undefined;
  }
  const items = itemsOf(dag, run, space);
  if (items.verdict === 'wait') return waitsFor(items.reason);
  if (items.verdict !== 'items' || mapIndex < 0 || mapIndex >= items.length) return waitsFor('its items were not yet given out');
  return undefined;
}
