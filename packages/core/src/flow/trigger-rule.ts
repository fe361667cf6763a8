/**
 * The twelve trigger rules: what the states of a task's upstream tasks say about the task.
 *
 * G1. A verdict other than `wait` is final: whatever the remaining upstream tasks do, it would be the same. So the order in
 *     which upstream tasks end never matters. (Airflow breaks this in one place: under `all_success` it skips the task at the
 *     first skipped upstream task, and a failure that comes later is hidden. Here a failure counts whenever it comes.)
 * G2. When all upstream tasks are done the verdict is not `wait`: a run cannot get stuck.
 * G3. A removed upstream task counts as if it had never been there; a task without upstream tasks runs.
 *
 * Source: Airflow 3, core-concepts/dags, "Trigger Rules", and the behaviour of its trigger rule dependency.
 */
import type { TriggerRule } from '../model/dag.ts';

/** How many of a task's upstream tasks are in each terminal state. `total` counts all that are not removed. */
export interface UpstreamCounts {
  readonly total: number;
  readonly success: number;
  readonly failed: number;
  readonly skipped: number;
  readonly upstreamFailed: number;
}

export type Verdict = 'wait' | 'run' | 'skip' | 'upstream_failed';

type Judge = (counts: UpstreamCounts, bad: number, allDone: boolean) => Verdict;

/** By rule. `bad` counts failed and upstream_failed together. */
const JUDGES: Readonly<Record<TriggerRule, Judge>> = {
  all_success: ({ skipped }, bad, allDone) => {
    if (bad > 0) return 'upstream_failed';
    if (!allDone) return 'wait';
    return skipped > 0 ? 'skip' : 'run';
  },
  all_failed: ({ success, skipped }, _bad, allDone) => {
    if (success + skipped > 0) return 'skip';
    return allDone ? 'run' : 'wait';
  },
  all_done: (_counts, _bad, allDone) => (allDone ? 'run' : 'wait'),
  // A skipped upstream task does not count as done under this rule, so it skips the task at once.
  all_done_min_one_success: ({ success, skipped }, _bad, allDone) => {
    if (skipped > 0) return 'skip';
    if (!allDone) return 'wait';
    return success > 0 ? 'run' : 'upstream_failed';
  },
  all_skipped: ({ success }, bad, allDone) => {
    if (success + bad > 0) return 'skip';
    return allDone ? 'run' : 'wait';
  },
  one_failed: (_counts, bad, allDone) => {
    if (bad > 0) return 'run';
    return allDone ? 'skip' : 'wait';
  },
  one_success: ({ total, success, skipped }, _bad, allDone) => {
    if (success > 0) return 'run';
    if (!allDone) return 'wait';
    return skipped === total ? 'skip' : 'upstream_failed';
  },
  // Success or failure of its own: an upstream task that never ran (`upstream_failed`, `skipped`) is not enough.
  one_done: ({ success, failed }, _bad, allDone) => {
    if (success + failed > 0) return 'run';
    return allDone ? 'skip' : 'wait';
  },
  none_failed: (_counts, bad, allDone) => {
    if (bad > 0) return 'upstream_failed';
    return allDone ? 'run' : 'wait';
  },
  none_failed_min_one_success: ({ success }, bad, allDone) => {
    if (bad > 0) return 'upstream_failed';
    if (!allDone) return 'wait';
    return success > 0 ? 'run' : 'skip';
  },
  none_skipped: ({ skipped }, _bad, allDone) => {
    if (skipped > 0) return 'skip';
    return allDone ? 'run' : 'wait';
  },
  always: () => 'run',
};

/** The names of the trigger rules. */
export const TRIGGER_RULES = Object.keys(JUDGES) as readonly TriggerRule[];

/** What `rule` says of a task whose upstream tasks stand so. */
export function judge(rule: TriggerRule, counts: UpstreamCounts): Verdict {
  if (counts.total === 0) return 'run';
  const bad = counts.failed + counts.upstreamFailed;
  const done = counts.success + counts.skipped + bad;
  return JUDGES[rule](counts, bad, done === counts.total);
}

/** `3 upstream tasks: 1 success, 2 not finished`, for reasons that people read. */
export function describeCounts(counts: UpstreamCounts): string {
  const { total, success, failed, skipped, upstreamFailed } = counts;
  if (total === 0) return 'no upstream tasks';
  const parts: readonly (readonly [number, string])[] = [
    [success, 'success'],
    [failed, 'failed'],
    [skipped, 'skipped'],
    [upstreamFailed, 'upstream_failed'],
    [total - success - failed - skipped - upstreamFailed, 'not finished'],
  ];
  const shown = parts.filter(([count]) => count > 0).map(([count, name]) => `${count} ${name}`);
  return `${total} upstream task${total === 1 ? '' : 's'}: ${shown.join(', ')}`;
}
