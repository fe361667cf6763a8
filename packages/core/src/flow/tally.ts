/**
 * Per task, how many nodes are upstream of it over outer edges and in which terminal state, in one flat array: a finished node adds
 * one in each downstream task, and trigger rules are judged without looking at the other upstream nodes. Edges within a space are
 * not counted here: those few neighbours are looked at.
 *
 * Y1. Of a loop only the last iteration counts. Y2. What is behind a barrier that is not over counts as not finished.
 */
import type { Dag } from '../model/compiled-dag.ts';
import { isTerminal } from '../model/states.ts';
import type { RunIndex, RunState } from './run.ts';
import { ALL, COLUMN, COUNT_COLUMNS, isOver, nodeAt } from './run-index.ts';
import type { UpstreamCounts } from './trigger-rule.ts';

/** A column for each terminal status (`COLUMN`), and one for how many there are in all. */
export const TALLY_COLUMNS = 6;
export const TOTAL = 5;

type Known = Pick<RunState, 'tasks' | 'nodes' | 'progress'>;

export function countTally(dag: Dag, run: Known, index: RunIndex): Uint32Array {
  const tally = new Uint32Array(dag.tasks.length * TALLY_COLUMNS);
  for (const [task, sources] of dag.flow.outerUpstream.entries()) {
    for (const source of sources) {
      const base = task * TALLY_COLUMNS;
      tally[base + TOTAL] = (tally[base + TOTAL] ?? 0) + shownNodes(dag, index, source);
      if (isOver(dag, index, source, task)) addShown(dag, run, index, tally, source, task, 1);
    }
  }
  return tally;
}

/** How many nodes of a task count for tasks outside of its space: of a loop one, else all. */
function shownNodes(dag: Dag, index: RunIndex, task: number): number {
  const space = dag.flow.spaceOf[task] ?? -1;
  if (space === -1 || dag.flow.spaces[space]?.loop !== undefined) return 1;
  return index.counts[task * COUNT_COLUMNS + ALL] ?? 0;
}

/** Adds what has become of `source` to the tally of `target`, or takes it away, as it stands now. */
export function addShown(dag: Dag, run: Known, index: RunIndex, tally: Uint32Array, source: number, target: number, by: 1 | -1): void {
  const base = target * TALLY_COLUMNS;
  const space = dag.flow.spaceOf[source] ?? -1;
  if (space === -1 || dag.flow.spaces[space]?.loop !== undefined) {
    const node = nodeAt(dag, index, source, index.iteration[space] ?? 0);
    const status = node === undefined ? 'removed' : (run.tasks[node]?.status ?? 'none');
    if (!isTerminal(status)) return;
    const column = base + COLUMN[status];
    tally[column] = (tally[column] ?? 0) + by;
    return;
  }
  for (const column of Object.values(COLUMN)) {
    tally[base + column] = (tally[base + column] ?? 0) + by * (index.counts[source * COUNT_COLUMNS + column] ?? 0);
  }
}

/** What is upstream of every node of the task, from outside of its space. */
function outerCounts(tally: Uint32Array, task: number): UpstreamCounts {
  const base = task * TALLY_COLUMNS;
  const at = (column: number): number => tally[base + column] ?? 0;
  return {
    total: at(TOTAL) - at(COLUMN.removed),
    success: at(COLUMN.success),
    failed: at(COLUMN.failed),
    skipped: at(COLUMN.skipped),
    upstreamFailed: at(COLUMN.upstream_failed),
  };
}

/** What is upstream of a node. Costs its edges within its space. */
export function nodeCounts(dag: Dag, run: RunState, node: number): UpstreamCounts {
  const { task, mapIndex } = run.nodes[node] ?? { task: -1, mapIndex: -1 };
  const outer = outerCounts(run.tally, task);
  const inner = dag.flow.innerUpstream[task];
  if (inner === undefined || inner.length === 0) return outer;
  let { total, success, failed, skipped, upstreamFailed } = outer;
  for (const source of inner) {
    const other = nodeAt(dag, run.index, source, mapIndex);
    const status = other === undefined ? 'removed' : (run.tasks[other]?.status ?? 'none');
    if (status !== 'removed') total += 1;
    if (!isOver(dag, run.index, source, task)) continue;
    if (status === 'success') success += 1;
    else if (status === 'failed') failed += 1;
    else if (status === 'skipped') skipped += 1;
    else if (status === 'upstream_failed') upstreamFailed += 1;
  }
  return { total, success, failed, skipped, upstreamFailed };
}
