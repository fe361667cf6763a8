/**
 * How many items a mapped task or group has.
 *
 * E1. They are known when all their sources have ended. A failed source makes all instances upstream_failed, a skipped one skips
 *     them, whatever their trigger rules; so does having no items.
 * E2. Of a mapped source the items are the results of its instances that succeeded.
 */
import type { Dag } from '../model/compiled-dag.ts';
import type { ItemsSource } from '../model/flow-spec.ts';
import { MOST_INSTANCES } from '../model/spaces.ts';
import { isTerminal, type TaskState } from '../model/states.ts';
import type { RunState } from './run.ts';
import { ALL, COLUMN, countOf, isOver, nodeAt, WAITING } from './run-index.ts';

/** A number: so many items, at least one. */
export type Items =
  | { readonly verdict: 'items'; readonly length: number }
  | { readonly verdict: 'wait' | 'skip' | 'upstream_failed'; readonly reason: string };

/** What the sources of a mapped space have come to. */
export function itemsOf(dag: Dag, run: RunState, space: number): Items {
  const { expand, tasks } = dag.flow.spaces[space] ?? {};
  if (expand === undefined) return { verdict: 'items', length: 1 };
  let waits: Items | undefined;
  let skips: Items | undefined;
  const lengths: number[] = [];
  for (const { argument, source } of expand.over) {
    const one = fromSource(dag, run, source, tasks?.[0] ?? -1);
    if (one.verdict === 'items') lengths.push(one.length);
    else if (one.verdict === 'upstream_failed') return { verdict: one.verdict, reason: `${argument}: ${one.reason}` };
    else if (one.verdict === 'wait') waits ??= one;
    else skips ??= { verdict: one.verdict, reason: `${argument}: ${one.reason}` };
  }
  if (waits !== undefined) return waits;
  if (skips !== undefined) return skips;
  const length = expand.combine === 'zip' ? Math.min(...lengths) : lengths.reduce((product, one) => product * one, 1);
  if (length === 0) return { verdict: 'skip', reason: 'there are no items' };
  if (length <= MOST_INSTANCES) return { verdict: 'items', length };
  return { verdict: 'upstream_failed', reason: `${length} items are more than the ${MOST_INSTANCES} that a task can be mapped over` };
}

function fromSource(dag: Dag, run: RunState, source: ItemsSource, target: number): Items {
  if (source.kind === 'literal') return { verdict: 'items', length: source.length };
  const task = dag.indexOf(source.taskId) ?? -1;
  const name = `"${source.taskId}"`;
  const space = dag.flow.spaceOf[task] ?? -1;
  const waits: Items = { verdict: 'wait', reason: `its items come from ${name}, which has not finished` };
  if (!isOver(dag, run.index, task, target)) return waits;
  if (space !== -1 && dag.flow.spaces[space]?.loop === undefined) return fromInstances(run, task, name) ?? waits;
  const node = nodeAt(dag, run.index, task, run.index.iteration[space] ?? 0);
  return (node === undefined ? undefined : fromResult(run.tasks[node], name)) ?? waits;
}

function fromResult(state: TaskState | undefined, name: string): Items | undefined {
  if (state === undefined || !isTerminal(state.status)) return undefined;
  if (state.status === 'skipped' || state.status === 'removed') return { verdict: 'skip', reason: `${name} was ${state.status}` };
  if (state.status !== 'success') return { verdict: 'upstream_failed', reason: `${name} is ${state.status}` };
  const length = state.decision?.items;
  if (length === undefined) return { verdict: 'upstream_failed', reason: `the result of ${name} has no items` };
  return { verdict: 'items', length };
}

function fromInstances({ index }: RunState, task: number, name: string): Items | undefined {
  const count = (column: number): number => countOf(index, task, column);
  const success = count(COLUMN.success);
  const bad = count(COLUMN.failed) + count(COLUMN.upstream_failed);
  const ended = success + bad + count(COLUMN.skipped) + count(COLUMN.removed);
  if (count(WAITING) > 0 || ended < count(ALL)) return undefined;
  if (success > 0) return { verdict: 'items', length: success };
  if (bad > 0) return { verdict: 'upstream_failed', reason: `no instance of ${name} succeeded` };
  return { verdict: 'skip', reason: `all instances of ${name} were skipped` };
}
