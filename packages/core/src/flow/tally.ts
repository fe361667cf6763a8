/**
 * Per task, how many of its upstream tasks are in which terminal state, in one flat array: a finished task adds one in each
 * of its downstream tasks, and their trigger rules are judged without looking at the other upstream tasks.
 */
import type { Dag } from '../model/compiled-dag.ts';
import { isTerminal, type TaskState, type TaskStatus, type TerminalStatus } from '../model/states.ts';
import type { UpstreamCounts } from './trigger-rule.ts';

/** Where a terminal status is counted within a task's part of the array. */
const COLUMN: Readonly<Record<TerminalStatus, number>> = { success: 0, failed: 1, skipped: 2, upstream_failed: 3, removed: 4 };
const COLUMNS = 5;

export function countUpstream(dag: Dag, tasks: readonly TaskState[]): Uint32Array {
  const tally = new Uint32Array(dag.tasks.length * COLUMNS);
  for (let task = 0; task < tasks.length; task += 1) {
    const state = tasks[task];
    if (state !== undefined && isTerminal(state.status)) recordMove(dag, tally, task, 'none', state.status);
  }
  return tally;
}

/** Changes `tally` in place as `task` moves from one status to another. Costs the task's downstream edges, or nothing. */
export function recordMove(dag: Dag, tally: Uint32Array, task: number, from: TaskStatus, to: TaskStatus): void {
  const minus = isTerminal(from) ? COLUMN[from] : -1;
  const plus = isTerminal(to) ? COLUMN[to] : -1;
  if (minus === plus) return;
  for (const downstream of dag.downstream[task] ?? []) {
    const base = downstream * COLUMNS;
    if (minus >= 0) tally[base + minus] = (tally[base + minus] ?? 0) - 1;
    if (plus >= 0) tally[base + plus] = (tally[base + plus] ?? 0) + 1;
  }
}

export function upstreamCounts(dag: Dag, tally: Uint32Array, task: number): UpstreamCounts {
  const base = task * COLUMNS;
  const at = (column: number): number => tally[base + column] ?? 0;
  return {
    total: (dag.upstream[task]?.length ?? 0) - at(COLUMN.removed),
    success: at(COLUMN.success),
    failed: at(COLUMN.failed),
    skipped: at(COLUMN.skipped),
    upstreamFailed: at(COLUMN.upstream_failed),
  };
}
