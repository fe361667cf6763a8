/**
 * Tasks that can never run: for no combination of outcomes of their ancestors is their trigger rule met.
 *
 * The question is as hard as any puzzle of logic, so it is answered in full only where few ancestors matter; elsewhere a task is
 * given the benefit of the doubt. What is reported is always true.
 */
import type { TriggerRule } from './dag.ts';
import { judge } from './trigger-rule.ts';

/** What a task that runs may come to, and what may become of one that does not. */
const RUN_OUTCOMES = ['success', 'failed', 'skipped'] as const;
type Fate = (typeof RUN_OUTCOMES)[number] | 'upstream_failed';

/** Combinations tried for one task, 3 per ancestor: up to eight ancestors. */
const MAX_COMBINATIONS = 3 ** 8;
/** Judgements for the whole DAG; beyond it every remaining task gets the benefit of the doubt. */
const BUDGET = 500_000;

/**
 * Indexes of tasks that certainly never run, ascending. The graph must be without cycles.
 * @param upstream per task the indexes of its upstream tasks.
 */
export function findUnreachable(upstream: readonly (readonly number[])[], rules: readonly TriggerRule[]): readonly number[] {
  const suspects = rules.flatMap((rule, task) => (rule === 'all_success' || rule === 'always' ? [] : [task]));
  if (suspects.length === 0) return [];
  const everySuccess = new Set(runnable(upstream, rules));
  const unreachable: number[] = [];
  let budget = BUDGET;
  for (let task = 0; task < rules.length; task += 1) {
    if (everySuccess.has(task)) continue;
    const ancestors = ancestorsOf(upstream, task);
    const combinations = 3 ** (ancestors.length - 1);
    const cost = combinations * ancestors.length;
    if (combinations > MAX_COMBINATIONS || cost > budget) continue;
    budget -= cost;
    if (!canRun(upstream, rules, ancestors, combinations)) unreachable.push(task);
  }
  return unreachable;
}

/** The tasks that run when every task that runs succeeds. */
function runnable(upstream: readonly (readonly number[])[], rules: readonly TriggerRule[]): readonly number[] {
  const order = upstreamFirst(upstream, [...upstream.keys()]);
  const fates = new Map<number, Fate>();
  return order.filter((task) => settle(upstream, rules, fates, task, 'success'));
}

/** The task and all its ancestors, upstream first: the task comes last. */
function ancestorsOf(upstream: readonly (readonly number[])[], task: number): readonly number[] {
  return upstreamFirst(upstream, [task]);
}

function upstreamFirst(upstream: readonly (readonly number[])[], roots: readonly number[]): readonly number[] {
  const order = new Set<number>();
  const open = [...roots];
  while (open.length > 0) {
    const task = open.at(-1) ?? -1;
    const missing = order.has(task) ? [] : (upstream[task] ?? []).filter((source) => !order.has(source));
    if (missing.length === 0) {
      order.add(task);
      open.pop();
    } else {
      open.push(...missing);
    }
  }
  return [...order];
}

function canRun(
  upstream: readonly (readonly number[])[],
  rules: readonly TriggerRule[],
  ancestors: readonly number[],
  combinations: number,
): boolean {
  for (let combination = 0; combination < combinations; combination += 1) {
    const fates = new Map<number, Fate>();
    let digits = combination;
    let runs = false;
    for (const task of ancestors) {
      runs = settle(upstream, rules, fates, task, RUN_OUTCOMES[digits % 3] ?? 'success');
      digits = Math.floor(digits / 3);
    }
    if (runs) return true;
  }
  return false;
}

/** Gives the task its fate, which is `outcome` if it runs. True: it runs. */
function settle(
  upstream: readonly (readonly number[])[],
  rules: readonly TriggerRule[],
  fates: Map<number, Fate>,
  task: number,
  outcome: Fate,
): boolean {
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
