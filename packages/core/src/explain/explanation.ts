/** One condition between a task, or a run, and a worker. */

export interface Explanation {
  readonly rule: ExplainedRule;
  readonly passed: boolean;
  /** For people: what is so, and, when it is not passed, what has to happen. */
  readonly reason: string;
}

export type ExplainedRule =
  // Of the run, in the order in which they are met.
  | 'run_status'
  | 'dag_paused'
  | 'run_after'
  | 'assets'
  | 'overlap'
  | 'max_active_runs'
  // Of the task.
  | 'task_status'
  | 'depends_on_past'
  | 'decision'
  | 'items'
  | 'trigger_rule'
  | 'due'
  | 'wait'
  // Of its slot.
  | 'slot'
  | 'pool'
  | 'dag_limit'
  | 'task_limit'
  | 'run_task_limit'
  | 'concurrency'
  | 'rate'
  // Of its worker.
  | 'worker';

/** The blockers first, in the order in which they have to go; then what is passed. */
export function blockersFirst(conditions: readonly Explanation[]): readonly Explanation[] {
  return [...conditions.filter((one) => !one.passed), ...conditions.filter((one) => one.passed)];
}

/** `250 ms`, `90 s`, `3 min`, `2 h`, `4 d`: lengths of time for reading, not for reckoning. */
export function inWords(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}
