/**
 * What a run must come to, worked out anew from the words of the documentation, with nothing of the core: for each task, given how
 * those before it ended and what its own execution came to.
 */

export interface OracleTask {
  readonly taskId: string;
  readonly upstream: readonly string[];
  readonly rule: string;
}

export type Ended = 'success' | 'failed' | 'skipped' | 'upstream_failed';

/** What the rule says when all upstream tasks have ended so. */
function verdict(rule: string, upstream: readonly string[]): 'run' | 'skipped' | 'upstream_failed' {
  if (upstream.length === 0) return 'run';
  const is =
    (...wanted: readonly string[]) =>
    (state: string) =>
      wanted.includes(state);
  const succeeded = is('success');
  const bad = is('failed', 'upstream_failed');
  const skipped = is('skipped');
  switch (rule) {
    case 'all_success':
      if (upstream.some(bad)) return 'upstream_failed';
      return upstream.every(succeeded) ? 'run' : 'skipped';
    case 'all_failed':
      return upstream.every(bad) ? 'run' : 'skipped';
    case 'all_done':
    case 'always':
      return 'run';
    case 'all_done_min_one_success':
      if (upstream.some(skipped)) return 'skipped';
      return upstream.some(succeeded) ? 'run' : 'upstream_failed';
    case 'all_skipped':
      return upstream.every(skipped) ? 'run' : 'skipped';
    case 'one_failed':
      return upstream.some(bad) ? 'run' : 'skipped';
    case 'one_success':
      if (upstream.some(succeeded)) return 'run';
      return upstream.every(skipped) ? 'skipped' : 'upstream_failed';
    case 'one_done':
      return upstream.some(is('success', 'failed')) ? 'run' : 'skipped';
    case 'none_failed':
      return upstream.some(bad) ? 'upstream_failed' : 'run';
    case 'none_failed_min_one_success':
      if (upstream.some(bad)) return 'upstream_failed';
      return upstream.some(succeeded) ? 'run' : 'skipped';
    case 'none_skipped':
      return upstream.some(skipped) ? 'skipped' : 'run';
    default:
      throw new RangeError(`"${rule}" is no trigger rule`);
  }
}

/**
 * Whether a task may begin while its upstream tasks stand so; `undefined` for one that has not ended. It may as soon as the rule says
 * `run` whatever the others will come to.
 */
export function mayBegin(rule: string, upstream: readonly (Ended | undefined)[]): boolean {
  if (rule === 'always') return true;
  const open = upstream.indexOf(undefined);
  if (open === -1) return verdict(rule, upstream as readonly Ended[]) === 'run';
  const endings: readonly Ended[] = ['success', 'failed', 'skipped', 'upstream_failed'];
  return endings.every((ending) => mayBegin(rule, upstream.with(open, ending)));
}

/**
 * The final states of all tasks.
 * @param executed what the execution of a task comes to, if it is executed.
 */
export function finalStates(tasks: readonly OracleTask[], executed: (taskId: string) => Ended): ReadonlyMap<string, Ended> {
  const states = new Map<string, Ended>();
  const byId = new Map(tasks.map((task) => [task.taskId, task]));
  const stateOf = (taskId: string): Ended => {
    const known = states.get(taskId);
    if (known !== undefined) return known;
    const { rule, upstream } = byId.get(taskId) ?? { rule: 'all_success', upstream: [] };
    const says = verdict(rule, upstream.map(stateOf));
    const state = says === 'run' ? executed(taskId) : says;
    states.set(taskId, state);
    return state;
  };
  for (const { taskId } of tasks) stateOf(taskId);
  return states;
}

/** The leaf rule. */
export function runOutcome(tasks: readonly OracleTask[], states: ReadonlyMap<string, string>): 'success' | 'failed' {
  const hasDownstream = new Set(tasks.flatMap((task) => task.upstream));
  const leaves = tasks.filter((task) => !hasDownstream.has(task.taskId));
  return leaves.some(({ taskId }) => ['failed', 'upstream_failed'].includes(states.get(taskId) ?? '')) ? 'failed' : 'success';
}
