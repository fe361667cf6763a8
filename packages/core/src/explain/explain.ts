/** Why a task is not running: every condition between it and a worker, the first blocker first. */
import type { Refusal } from '../admission/admission.ts';
import type { RunState } from '../flow/run.ts';
import { upstreamCounts } from '../flow/tally.ts';
import { describeCounts, judge } from '../flow/trigger-rule.ts';
import type { Dag } from '../model/compiled-dag.ts';
import type { Instant } from '../model/dag.ts';
import { isTerminal, type TaskState } from '../model/states.ts';

export interface Explanation {
  readonly rule: 'run_status' | 'task_status' | 'trigger_rule' | 'due' | 'slot' | 'worker';
  readonly passed: boolean;
  readonly reason: string;
}

/**
 * The conditions in the order in which a task meets them, those that failed before those that passed. A running task has
 * only passed ones.
 * @param admission the refusals of the last `admit` that concern this task.
 * @throws RangeError when the DAG has no such task.
 */
export function explain(
  dag: Dag,
  run: RunState,
  taskIndex: number,
  now: Instant,
  admission?: { readonly refusals: readonly Refusal[] },
): readonly Explanation[] {
  const state = run.tasks[taskIndex];
  const spec = dag.tasks[taskIndex];
  if (state === undefined || spec === undefined) throw new RangeError(`DAG "${dag.spec.dagId}" has no task with index ${taskIndex}`);
  if (isTerminal(state.status)) {
    return [{ rule: 'task_status', passed: false, reason: `The task is ${state.status}; clear it to run it again` }];
  }
  const all = [
    runStatus(run),
    taskStatus(state),
    triggerRule(dag, run, taskIndex, state),
    due(state, now),
    slot(state, admission),
    worker(state),
  ];
  return [...all.filter((one) => !one.passed), ...all.filter((one) => one.passed)];
}

function runStatus(run: RunState): Explanation {
  const reasons = {
    running: 'The run is running',
    queued: 'The run is queued: it waits for its time, for the DAG to be un-paused, or for maxActiveRuns',
    success: 'The run has ended',
    failed: 'The run has ended',
  };
  return { rule: 'run_status', passed: run.status === 'running', reason: reasons[run.status] };
}

function taskStatus({ status }: TaskState): Explanation {
  const waits: Partial<Record<TaskState['status'], string>> = {
    restarting: 'The attempt before it is being stopped',
    deferred: 'It waits for its trigger',
    awaiting_input: 'It waits for a person to answer',
  };
  const wait = waits[status];
  return { rule: 'task_status', passed: wait === undefined, reason: wait ?? `The task is ${status}` };
}

function triggerRule(dag: Dag, run: RunState, task: number, { status }: TaskState): Explanation {
  const rule = dag.tasks[task]?.triggerRule ?? 'all_success';
  const counts = upstreamCounts(dag, run.tally, task);
  const unfinished = (dag.upstream[task] ?? []).filter((source) => !isTerminal(run.tasks[source]?.status ?? 'none'));
  const names = unfinished.slice(0, 5).map((source) => `"${dag.tasks[source]?.taskId}" (${run.tasks[source]?.status})`);
  const more = unfinished.length > names.length ? ` and ${unfinished.length - names.length} more` : '';
  const waitsFor = names.length > 0 ? `; not finished: ${names.join(', ')}${more}` : '';
  // Once a task has left `none`, its rule was met, whatever was cleared upstream since.
  const passed = status !== 'none' || judge(rule, counts) === 'run';
  return { rule: 'trigger_rule', passed, reason: `${rule}: ${describeCounts(counts)}${passed ? '' : waitsFor}` };
}

function due(state: TaskState, now: Instant): Explanation {
  const dueAt = state.status === 'up_for_retry' || state.status === 'up_for_reschedule' ? state.dueAt : undefined;
  if (dueAt === undefined) return { rule: 'due', passed: true, reason: 'It waits for no time' };
  const left = dueAt - now;
  const what = state.status === 'up_for_retry' ? 'next try' : 'next look';
  return { rule: 'due', passed: left <= 0, reason: left > 0 ? `The ${what} is due in ${left} ms` : `The ${what} is due` };
}

function slot({ status }: TaskState, admission?: { readonly refusals: readonly Refusal[] }): Explanation {
  const hasSlot = status === 'queued' || status === 'running' || status === 'restarting';
  if (hasSlot) return { rule: 'slot', passed: true, reason: 'It has its slots' };
  const refusal = admission?.refusals[0];
  if (refusal !== undefined) return { rule: 'slot', passed: false, reason: refusal.detail };
  if (status === 'scheduled') return { rule: 'slot', passed: false, reason: 'It waits for the scheduler to give it a slot' };
  return { rule: 'slot', passed: true, reason: 'It does not need a slot yet' };
}

function worker({ status }: TaskState): Explanation {
  if (status === 'queued') return { rule: 'worker', passed: false, reason: 'It is in its queue: no worker has taken it yet' };
  return { rule: 'worker', passed: true, reason: status === 'running' ? 'A worker runs it' : 'It does not need a worker yet' };
}
