/**
 * Why a task instance is not running: every condition between it and a worker, the first blocker first.
 *
 * X1. It asks the functions by which the scheduler decides, so that what it says is what is so.
 * X2. A running task has only passed conditions, unless its worker has gone silent.
 * X3. What is not known is left out, never guessed.
 */
import type { Refusal } from '../admission/admission.ts';
import { judgeDeciders } from '../flow/deciders.ts';
import { judgeNode, waitsForRunBefore } from '../flow/judge-node.ts';
import type { RunState } from '../flow/run.ts';
import { nodesOf } from '../flow/run-index.ts';
import { nodeCounts } from '../flow/tally.ts';
import { describeCounts, judge } from '../flow/trigger-rule.ts';
import type { Dag } from '../model/compiled-dag.ts';
import type { Instant } from '../model/dag.ts';
import { isTerminal, SLOT_STATUSES, type TaskState, type TaskStatus } from '../model/states.ts';
import type { Wait } from '../model/wait-spec.ts';
import { explainRun, type RunStanding } from './explain-run.ts';
import { explainSlot, type SlotStanding } from './explain-slot.ts';
import { describeWait } from './explain-wait.ts';
import { blockersFirst, type Explanation, inWords } from './explanation.ts';

/** What is known beside the run itself. */
export interface ExplainFacts {
  /** Of the run, while it is queued. */
  readonly run?: RunStanding;
  /** The refusals of the last `admit` that concern this task. */
  readonly refusals?: readonly Refusal[];
  readonly slot?: SlotStanding;
  readonly wait?: Wait & { readonly enteredAt: Instant };
  readonly queue?: string;
  /** When its message was sent. */
  readonly queuedAt?: Instant;
  /** All that are known, dead ones too. */
  readonly workers?: readonly KnownWorker[];
  /** Who runs it. */
  readonly workerId?: string;
  /** Why it came into its state, as the scheduler wrote it down. */
  readonly reason?: string;
}

export interface KnownWorker {
  readonly id: string;
  readonly queues: readonly string[];
  readonly alive: boolean;
  readonly heartbeatAt: Instant;
}

const holdsSlot: ReadonlySet<TaskStatus> = new Set(SLOT_STATUSES);
const MOST_NAMED = 5;

/**
 * The conditions in the order in which a task meets them, those that failed before those that passed.
 * @param node of `run.nodes`.
 * @throws RangeError when the run has no such node.
 */
export function explain(dag: Dag, run: RunState, node: number, now: Instant, facts: ExplainFacts = {}): readonly Explanation[] {
  const state = run.tasks[node];
  const spec = dag.tasks[run.nodes[node]?.task ?? -1];
  if (state === undefined || spec === undefined) throw new RangeError(`The run of DAG "${dag.spec.dagId}" has no node ${node}`);
  if (isTerminal(state.status)) {
    const because = facts.reason === undefined ? '' : ` (${facts.reason})`;
    return [{ rule: 'task_status', passed: false, reason: `The task is ${state.status}${because}; clear it to run it again` }];
  }
  return blockersFirst([
    ...runConditions(run, now, facts),
    taskStatus(state),
    ...flowConditions(dag, run, node, state),
    due(state, now),
    ...waiting(state, now, facts),
    ...slot(state, now, facts),
    worker(state, now, facts),
  ]);
}

function runConditions(run: RunState, now: Instant, facts: ExplainFacts): readonly Explanation[] {
  if (run.status === 'running') return [{ rule: 'run_status', passed: true, reason: 'The run is running' }];
  if (facts.run !== undefined) return explainRun(facts.run, now);
  const reason =
    run.status === 'queued'
      ? 'The run is queued: it waits for its time, for the DAG to be un-paused, or for maxActiveRuns'
      : 'The run has ended';
  return [{ rule: 'run_status', passed: false, reason }];
}

function taskStatus({ status }: TaskState): Explanation {
  const stopping = status === 'restarting';
  return { rule: 'task_status', passed: !stopping, reason: stopping ? 'The attempt before it is being stopped' : `The task is ${status}` };
}

/** Once a task has left `none`, all of these were met, whatever was cleared upstream since. */
function flowConditions(dag: Dag, run: RunState, node: number, { status }: TaskState): readonly Explanation[] {
  const task = run.nodes[node]?.task ?? -1;
  const waits = status === 'none';
  const conditions: Explanation[] = [];
  if (dag.flow.pastTasks.has(task)) {
    const past = waits ? waitsForRunBefore(dag, run, node) : undefined;
    conditions.push({
      rule: 'depends_on_past',
      passed: past === undefined,
      reason: past?.reason ?? 'The run before is done with this task',
    });
  }
  if (dag.flow.deciders.has(task)) {
    const decided = waits ? judgeDeciders(dag, run, node) : undefined;
    conditions.push({
      rule: 'decision',
      passed: decided === undefined,
      reason: decided?.reason ?? 'No branch or short circuit is against it',
    });
  }
  const triggered = triggerRule(dag, run, node, waits);
  const whole = waits ? judgeNode(dag, run, node) : undefined;
  const explained = !triggered.passed || conditions.some((one) => !one.passed);
  // What is left are items of a mapped task, iterations of a loop, setups and the end of the run.
  if (whole !== undefined && whole.verdict !== 'run' && !explained) conditions.push({ rule: 'items', passed: false, reason: whole.reason });
  return [...conditions, triggered];
}

function triggerRule(dag: Dag, run: RunState, node: number, waits: boolean): Explanation {
  const task = run.nodes[node]?.task ?? -1;
  const rule = dag.tasks[task]?.triggerRule ?? 'all_success';
  const counts = nodeCounts(dag, run, node);
  const passed = !waits || judge(rule, counts) === 'run';
  const reason = `${rule}: ${describeCounts(counts)}`;
  return { rule: 'trigger_rule', passed, reason: passed ? reason : `${reason}${unfinished(dag, run, task)}` };
}

/** The upstream tasks that keep it waiting, with their states; of a mapped one, how many of its instances are left. */
function unfinished(dag: Dag, run: RunState, task: number): string {
  const open = (dag.upstream[task] ?? []).flatMap((source) => {
    const states = [...nodesOf(run.index, source)].flatMap((node) => run.tasks[node] ?? []);
    const left = states.filter((state) => !isTerminal(state.status));
    const [first] = left;
    if (first === undefined) return [];
    const what = states.length === 1 ? first.status : `${left.length} of ${states.length} instances, the first is ${first.status}`;
    return [`"${dag.tasks[source]?.taskId}" (${what})`];
  });
  if (open.length === 0) return '';
  const more = open.length > MOST_NAMED ? ` and ${open.length - MOST_NAMED} more` : '';
  return `; not finished: ${open.slice(0, MOST_NAMED).join(', ')}${more}`;
}

function due(state: TaskState, now: Instant): Explanation {
  const dueAt = state.status === 'up_for_retry' || state.status === 'up_for_reschedule' ? state.dueAt : undefined;
  if (dueAt === undefined) return { rule: 'due', passed: true, reason: 'It waits for no time' };
  const left = dueAt - now;
  const what = state.status === 'up_for_retry' ? 'next try' : 'next look';
  return { rule: 'due', passed: left <= 0, reason: left > 0 ? `The ${what} is due in ${inWords(left)}` : `The ${what} is due` };
}

function waiting({ status }: TaskState, now: Instant, { wait }: ExplainFacts): readonly Explanation[] {
  if (status !== 'deferred' && status !== 'awaiting_input' && !(status === 'up_for_reschedule' && wait !== undefined)) return [];
  if (wait !== undefined) return [{ rule: 'wait', passed: false, reason: describeWait(wait, now) }];
  return [{ rule: 'wait', passed: false, reason: status === 'deferred' ? 'It waits without a slot' : 'It waits for a person to answer' }];
}

function slot({ status }: TaskState, now: Instant, { refusals, slot: standing }: ExplainFacts): readonly Explanation[] {
  if (holdsSlot.has(status)) return [{ rule: 'slot', passed: true, reason: 'It has its slots' }];
  if (status !== 'scheduled') return [{ rule: 'slot', passed: true, reason: 'It does not need a slot yet' }];
  const limits = standing === undefined ? [] : explainSlot(standing, now);
  const refused = limits.some((one) => !one.passed);
  if (refused) return limits;
  const refusal = refusals?.[0];
  const reason = refusal?.detail ?? 'It waits for its turn: the scheduler gives slots in the order of priority, and fairly among DAGs';
  return [{ rule: 'slot', passed: false, reason }, ...limits];
}

function worker({ status }: TaskState, now: Instant, facts: ExplainFacts): Explanation {
  const rule = 'worker';
  if (status === 'queued') return { rule, passed: false, reason: inQueue(now, facts) };
  if (status !== 'running') return { rule, passed: true, reason: 'It does not need a worker yet' };
  const { workerId, workers } = facts;
  const mine = workers?.find((one) => one.id === workerId);
  if (workerId === undefined || workers === undefined || mine?.alive === true) return { rule, passed: true, reason: 'A worker runs it' };
  const since = mine === undefined ? '' : ` since ${inWords(now - mine.heartbeatAt)}`;
  return { rule, passed: false, reason: `Its worker "${workerId}" is silent${since}: when the attempt's lease ends it is run again` };
}

function inQueue(now: Instant, { queue, queuedAt, workers }: ExplainFacts): string {
  const where = queue === undefined ? 'its queue' : `queue "${queue}"`;
  const since = queuedAt === undefined ? '' : `, for ${inWords(now - queuedAt)}`;
  if (queue === undefined || workers === undefined) return `It is in ${where}${since}: no worker has taken it yet`;
  const serving = workers.filter((one) => one.alive && one.queues.includes(queue));
  if (serving.length === 0) return `No worker serves ${where}: start one with \`headrace worker --queues ${queue}\``;
  const who = serving.length === 1 ? 'the worker that serves it is busy' : `the ${serving.length} workers that serve it are busy`;
  return `It is in ${where}${since}: ${who}, or about to take it`;
}
