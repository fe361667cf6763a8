/**
 * The judge of the judge: Airflow's trigger rules and run outcome, written down from its manual as naive sentences over upstream
 * states, with no counters, no order of events and nothing imported from the core.
 *
 * Manual: Airflow 3, core-concepts/dags ("Trigger Rules"), core-concepts/dag-run ("DAG Run Status").
 */
export type Final = 'success' | 'failed' | 'skipped' | 'upstream_failed' | 'removed';
/** A final state, or undefined while the task is not finished. */
export type Upstream = Final | undefined;
export type OracleVerdict = 'wait' | 'run' | 'skip' | 'upstream_failed';

type Sentence = (upstream: readonly Upstream[]) => OracleVerdict;

const isBad = (state: Upstream): boolean => state === 'failed' || state === 'upstream_failed';
const isDone = (state: Upstream): boolean => state !== undefined;
const is =
  (...states: readonly Upstream[]) =>
  (state: Upstream): boolean =>
    states.includes(state);

const SENTENCES: Readonly<Record<string, Sentence>> = {
  // "All upstream tasks have succeeded."
  all_success: (up) => {
    if (up.some(isBad)) return 'upstream_failed';
    if (up.every(is('success'))) return 'run';
    return up.every(isDone) ? 'skip' : 'wait';
  },
  // "All upstream tasks are in a failed or upstream_failed state."
  all_failed: (up) => {
    if (up.some(is('success', 'skipped'))) return 'skip';
    return up.every(isBad) ? 'run' : 'wait';
  },
  // "All upstream tasks are done with their execution."
  all_done: (up) => (up.every(isDone) ? 'run' : 'wait'),
  // "All non-skipped upstream tasks are done and at least one has succeeded"; a skipped one skips the task.
  all_done_min_one_success: (up) => {
    if (up.some(is('skipped'))) return 'skip';
    if (!up.every(isDone)) return 'wait';
    return up.some(is('success')) ? 'run' : 'upstream_failed';
  },
  // "All upstream tasks are in a skipped state."
  all_skipped: (up) => {
    if (up.some((state) => isDone(state) && state !== 'skipped')) return 'skip';
    return up.every(is('skipped')) ? 'run' : 'wait';
  },
  // "At least one upstream task has failed (does not wait for all upstream tasks to be done)."
  one_failed: (up) => {
    if (up.some(isBad)) return 'run';
    return up.every(isDone) ? 'skip' : 'wait';
  },
  // "At least one upstream task has succeeded (does not wait for all upstream tasks to be done)."
  one_success: (up) => {
    if (up.some(is('success'))) return 'run';
    if (!up.every(isDone)) return 'wait';
    return up.every(is('skipped')) ? 'skip' : 'upstream_failed';
  },
  // "At least one upstream task succeeded or failed."
  one_done: (up) => {
    if (up.some(is('success', 'failed'))) return 'run';
    return up.every(isDone) ? 'skip' : 'wait';
  },
  // "All upstream tasks have not failed or upstream_failed - that is, all have succeeded or been skipped."
  none_failed: (up) => {
    if (up.some(isBad)) return 'upstream_failed';
    return up.every(is('success', 'skipped')) ? 'run' : 'wait';
  },
  // "… and at least one upstream task has succeeded."
  none_failed_min_one_success: (up) => {
    if (up.some(isBad)) return 'upstream_failed';
    if (!up.every(isDone)) return 'wait';
    return up.some(is('success')) ? 'run' : 'skip';
  },
  // "No upstream task is in a skipped state - that is, all are in success, failed or upstream_failed."
  none_skipped: (up) => {
    if (up.some(is('skipped'))) return 'skip';
    return up.every(isDone) ? 'run' : 'wait';
  },
  // "No dependencies at all, run this task at any time."
  always: () => 'run',
};

export const RULES = Object.keys(SENTENCES);

export function oracleVerdict(rule: string, upstream: readonly Upstream[]): OracleVerdict {
  const there = upstream.filter((state) => state !== 'removed');
  const sentence = SENTENCES[rule];
  if (sentence === undefined) throw new Error(`The manual has no rule ${rule}`);
  return there.length === 0 ? 'run' : sentence(there);
}

/** What every task comes to when each that runs ends as `plan` says. `upstream` may be in any order. */
export function oracleFinals(upstream: readonly (readonly number[])[], rules: readonly string[], plan: readonly Final[]): readonly Final[] {
  const finals: Upstream[] = upstream.map(() => undefined);
  for (let round = 0; round < upstream.length; round += 1) {
    for (const [task, sources] of upstream.entries()) {
      const states = sources.map((source) => finals[source]);
      if (finals[task] !== undefined || !states.every(isDone)) continue;
      const verdict = oracleVerdict(rules[task] ?? '', states);
      finals[task] = verdict === 'run' ? plan[task] : verdict === 'skip' ? 'skipped' : 'upstream_failed';
    }
  }
  return finals.map((state) => {
    if (state === undefined) throw new Error('The graph has a cycle');
    return state;
  });
}

/** "The DAG run is failed if any leaf node is failed or upstream_failed, otherwise it is a success." */
export function oracleOutcome(upstream: readonly (readonly number[])[], finals: readonly Final[]): 'success' | 'failed' {
  const there = finals.flatMap((state, task) => (state === 'removed' ? [] : [task]));
  const leaves = there.filter((task) => !there.some((other) => upstream[other]?.includes(task)));
  return leaves.some((leaf) => isBad(finals[leaf])) ? 'failed' : 'success';
}
