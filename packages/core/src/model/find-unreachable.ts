/**
 * Tasks that can never run: for no combination of outcomes of their ancestors is their trigger rule met.
 *
 * The question is as hard as any puzzle of logic, so it is answered in full only where few ancestors matter; elsewhere a task is
 * given the benefit of the doubt. What is reported is always true.
 */

import { judge } from '../flow/trigger-rule.ts';
import type { TriggerRule } from './dag.ts';
import { type Edges, reverseEdges, topologicalOrder } from './edges.ts';

/** What a task that runs may come to, and what may become of one that does not. */
const RUN_OUTCOMES = ['success', 'failed', 'skipped'] as const;
type Fate = (typeof RUN_OUTCOMES)[number] | 'upstream_failed';

/** A task with more ancestors gets the benefit of the doubt: each one has three outcomes, so this makes 6,561 combinations. */
const MAX_ANCESTORS = 8;
/** Judgements for the whole DAG; beyond it every remaining task gets the benefit of the doubt. */
const BUDGET = 500_000;

const NONE: ReadonlySet<number> = new Set();

/**
 * Indexes of tasks that certainly never run, ascending. The graph must be without cycles.
 * @param upstream per task the indexes of its upstream tasks.
 * @param unclear tasks whose fate more decides than their trigger rule: nothing is said of them, nor of what comes after them.
 */
export function findUnreachable(upstream: Edges, rules: readonly TriggerRule[], unclear: ReadonlySet<number> = NONE): readonly number[] {
  const order = topologicalOrder(upstream, reverseEdges(upstream));
  const rank = new Map(order.map((task, position) => [task, position]));
  // Nearly every task runs when all goes well: only the others are looked at closely.
  const fates = new Map<number, Fate>();
  const runsWhenAllSucceed = new Set(order.filter((task) => settle(upstream, rules, fates, task, 'success')));
  const unreachable: number[] = [];
  let budget = BUDGET;
  for (let task = 0; task < rules.length; task += 1) {
    if (runsWhenAllSucceed.has(task)) continue;
    const ancestors = fewAncestors(upstream, task);
    if (ancestors === undefined || unclear.has(task) || [...ancestors].some((ancestor) => unclear.has(ancestor))) continue;
    const combinations = 3 ** ancestors.size;
    const cost = combinations * (ancestors.size + 1);
    if (cost > budget) continue;
    budget -= cost;
    const line = [...ancestors].sort((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0));
    if (!canRun(upstream, rules, [...line, task], combinations)) unreachable.push(task);
  }
  return unreachable;
}

/** The ancestors of a task, or undefined when there are more than can be tried. */
function fewAncestors(upstream: Edges, task: number): ReadonlySet<number> | undefined {
  const found = new Set(upstream[task]);
  for (const ancestor of found) {
    if (found.size > MAX_ANCESTORS) return undefined;
    for (const source of upstream[ancestor] ?? []) found.add(source);
  }
  return found.size > MAX_ANCESTORS ? undefined : found;
}

/** Whether the last task of the line, which is its ancestors upstream first and then itself, runs in any combination. */
function canRun(upstream: Edges, rules: readonly TriggerRule[], line: readonly number[], combinations: number): boolean {
  for (let combination = 0; combination < combinations; combination += 1) {
    const fates = new Map<number, Fate>();
    let digits = combination;
    let runs = false;
    for (const task of line) {
      runs = settle(upstream, rules, fates, task, RUN_OUTCOMES[digits % 3] ?? 'success');
      digits = Math.floor(digits / 3);
    }
    if (runs) return true;
  }
  return false;
}

/** Gives the task its fate, which is `outcome` if it runs. True: it runs. */
function settle(upstream: Edges, rules: readonly TriggerRule[], fates: Map<number, Fate>, task: number, outcome: Fate): boolean {
  const sources = (upstream[task] ?? []).map((source) => fates.get(source));
  const count = (fate: Fate): number => sources.filter((one) => one === fate).length;
  const verdict = judge(rules[task] ?? 'all_success', {
    total: sources.length,
    success: count('success'),
    failed: count('failed'),
    skipped: count('skipped'),
    upstreamFailed: count('upstream_failed'),
  });
  if (verdict === 'run') fates.set(task, outcome);
  else fates.set(task, verdict === 'skip' ? 'skipped' : 'upstream_failed');
  return verdict === 'run';
}
