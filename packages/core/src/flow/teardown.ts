/**
 * Setups and teardowns (Airflow, howto/setup-and-teardown).
 *
 * D1. A teardown runs when all that is upstream of it is done, whatever became of it, and at least one of its setups succeeded. If they
 *     were all skipped it is skipped; otherwise it is upstream_failed. Its trigger rule has no say.
 * D2. A task in the scope of a setup (downstream of it and, where the setup has teardowns, upstream of one of them) runs only if
 *     the setup succeeded, whatever its own trigger rule (but `always`): a failed setup makes it upstream_failed, a skipped one skips it.
 * D3. What is downstream of a teardown treats it like any other task.
 */
import type { Dag } from '../model/compiled-dag.ts';
import { isTerminal } from '../model/states.ts';
import { doneOf, type Judgement, WAITS, waitsFor } from './judgement.ts';
import type { RunState } from './run.ts';
import { ALL, COLUMN, countOf, isOver, nodeAt } from './run-index.ts';
import type { UpstreamCounts } from './trigger-rule.ts';

/** @param counts of everything upstream, the setups among it. */
export function judgeTeardown(dag: Dag, run: RunState, node: number, counts: UpstreamCounts): Judgement {
  if (doneOf(counts) < counts.total) return WAITS;
  const { total, success, skipped } = countSetups(dag, run, node);
  const said = `${success} of ${total} setup${total === 1 ? '' : 's'} succeeded`;
  if (total === 0 || success > 0) return { verdict: 'run', reason: `teardown: ${said}` };
  return { verdict: skipped === total ? 'skip' : 'upstream_failed', reason: `teardown: ${said}` };
}

/** How the setups of a teardown's node stand. */
export function countSetups(
  dag: Dag,
  run: RunState,
  node: number,
): { readonly total: number; readonly success: number; readonly skipped: number } {
  const { task, mapIndex } = run.nodes[node] ?? { task: -1, mapIndex: -1 };
  const { spaces, spaceOf } = dag.flow;
  const found = { total: 0, success: 0, skipped: 0 };
  for (const setup of dag.flow.setups.get(task) ?? []) {
    const space = spaceOf[setup] ?? -1;
    const many = space !== -1 && space !== spaceOf[task] && spaces[space]?.loop === undefined;
    if (many) {
      found.total += countOf(run.index, setup, ALL) - countOf(run.index, setup, COLUMN.removed);
      found.success += countOf(run.index, setup, COLUMN.success);
      found.skipped += countOf(run.index, setup, COLUMN.skipped);
      continue;
    }
    const at = nodeAt(dag, run.index, setup, space === spaceOf[task] ? mapIndex : (run.index.iteration[space] ?? 0));
    const status = at === undefined ? 'removed' : run.tasks[at]?.status;
    if (status !== 'removed') found.total += 1;
    if (status === 'success') found.success += 1;
    if (status === 'skipped') found.skipped += 1;
  }
  return found;
}

/** Whether a setup keeps the node from running, or waiting. Undefined: all it needs are there. */
export function judgeSetups(dag: Dag, run: RunState, node: number): Judgement | undefined {
  const { task, mapIndex } = run.nodes[node] ?? { task: -1, mapIndex: -1 };
  let waits: Judgement | undefined;
  let skips: Judgement | undefined;
  for (const setup of dag.flow.guards.get(task) ?? []) {
    const at = nodeAt(dag, run.index, setup, mapIndex);
    const status = at === undefined ? 'removed' : (run.tasks[at]?.status ?? 'none');
    if (status === 'removed') continue;
    const name = dag.tasks[setup]?.taskId;
    if (!isTerminal(status) || !isOver(dag, run.index, setup, task)) waits ??= waitsFor(`its setup "${name}" has not finished`);
    else if (status === 'skipped') skips ??= { verdict: 'skip', reason: `its setup "${name}" was skipped` };
    else if (status !== 'success') return { verdict: 'upstream_failed', reason: `its setup "${name}" is ${status}` };
  }
  return waits ?? skips;
}
