/**
 * The smallest shell around the core: it starts what is scheduled, reports what ended, and asks what follows.
 *
 * X1. No decision is made here. X2. A retry does not wait for its delay: nobody who tests wants to.
 */
import { randomUUID } from 'node:crypto';
import {
  type AttemptError,
  attemptOutcome,
  type Dag,
  type Instant,
  newRun,
  type RunEvent,
  type RunState,
  type RunStatus,
  step,
  type TaskState,
  type TaskStatus,
} from '@headrace/core';
import type { StoredResult } from '@headrace/ports';
import type { AttemptResult, TaskPool } from '@headrace/task-runtime';

export interface DrivenRun {
  readonly dag: Dag;
  readonly pool: Pick<TaskPool, 'run'>;
  readonly bundle: { readonly hash: string; readonly path: string };
  readonly params: Readonly<Record<string, unknown>>;
  /** URL by id: those that the DAG declares. */
  readonly connections: ReadonlyMap<string, string>;
  readonly intervalStart?: Instant;
  readonly intervalEnd?: Instant;
  tell(line: string): void;
}

export interface RunOfTest {
  readonly status: RunStatus;
  readonly tasks: readonly TestedTask[];
}

interface TestedTask {
  readonly taskId: string;
  readonly status: TaskStatus;
  readonly tries: number;
  /** Of the last try. */
  readonly seconds?: number;
  readonly error?: AttemptError;
}

interface Ended {
  readonly task: number;
  readonly attempt: number;
  readonly seconds: number;
  readonly outcome: AttemptResult;
}

export async function driveRun(test: DrivenRun): Promise<RunOfTest> {
  const { dag, tell } = test;
  const runAfter = Date.now();
  const results = new Map<string, StoredResult>();
  const last = new Map<number, { seconds: number; error?: AttemptError }>();
  const live = new Map<number, Promise<Ended>>();
  let run: RunState = newRun(dag);

  function apply(event: RunEvent): void {
    const made = step(dag, run, event, Date.now());
    if (made.kind === 'rejected') throw new Error(`The core refused ${event.type}: ${made.why}, ${made.detail}`);
    if (made.kind === 'applied') run = made.run;
  }

  function start(task: number, attempt: number): void {
    apply({ type: 'task.moved', task, to: { status: 'queued', attempt } });
    apply({ type: 'task.moved', task, to: { status: 'running', attempt } });
    const startedAt = performance.now();
    const running = test.pool.run(requestOf(test, task, attempt, runAfter, results));
    live.set(
      task,
      running.then((outcome) => ({ task, attempt, outcome, seconds: (performance.now() - startedAt) / 1000 })),
    );
  }

  function end({ task, attempt, seconds, outcome }: Ended): void {
    const spec = dag.tasks[task];
    if (spec === undefined) return;
    const { report, result } = outcome;
    const decided = attemptOutcome(spec, attempt, report, Date.now(), Math.random());
    const to: TaskState = decided.status === 'up_for_retry' ? { ...decided, dueAt: Date.now() } : decided;
    if (report.outcome === 'success' && result !== undefined) results.set(spec.taskId, result);
    last.set(task, { seconds, ...(report.outcome === 'failed' ? { error: report.error } : {}) });
    if (report.outcome === 'failed') tell(`${spec.taskId} | ${report.error.stack ?? `${report.error.name}: ${report.error.message}`}\n`);
    if (to.status === 'up_for_retry') tell(`${spec.taskId} | try ${attempt} of ${spec.retries.max + 1} failed; the next one begins now\n`);
    apply({ type: 'task.moved', task, to });
    if (to.status === 'up_for_retry') apply({ type: 'tick' });
  }

  apply({ type: 'run.started' });
  while (run.status === 'running') {
    for (const [task, { status, attempt }] of run.tasks.entries()) if (status === 'scheduled') start(task, attempt + 1);
    if (live.size === 0) throw new Error(`Nothing runs and nothing can start, but the run is ${run.status}`);
    const ended = await Promise.race(live.values());
    live.delete(ended.task);
    end(ended);
  }
  const tasks = dag.order.map((task) => {
    const state = run.tasks[task] ?? { status: 'none' as const, attempt: 0 };
    return { taskId: dag.tasks[task]?.taskId ?? '', status: state.status, tries: state.attempt, ...last.get(task) };
  });
  return { status: run.status, tasks };
}

function requestOf(
  test: DrivenRun,
  task: number,
  attempt: number,
  runAfter: Instant,
  results: ReadonlyMap<string, StoredResult>,
): Parameters<TaskPool['run']>[0] {
  const { dag, bundle, params, intervalStart, intervalEnd } = test;
  const spec = dag.tasks[task];
  if (spec === undefined) throw new RangeError(`DAG "${dag.spec.dagId}" has no task with index ${task}`);
  return {
    attempt: {
      taskInstanceId: String(task + 1),
      attemptId: randomUUID(),
      runKey: '1',
      dagId: dag.spec.dagId,
      runId: `test__${new Date(runAfter).toISOString()}`,
      taskId: spec.taskId,
      mapIndex: -1,
      attempt,
      triesBefore: 0,
      maxTries: spec.retries.max + 1,
      versionId: '1',
      runType: 'manual',
      runAfter,
      params,
      ...(intervalStart === undefined ? {} : { logicalDate: intervalStart, intervalStart }),
      ...(intervalEnd === undefined ? {} : { intervalEnd }),
    },
    bundle,
    results: new Map(spec.upstream.flatMap((taskId) => (results.has(taskId) ? [[taskId, results.get(taskId) as StoredResult]] : []))),
    connections: spec.connections.map((id) => ({ id, url: test.connections.get(id) ?? '' })),
    timeoutMs: spec.executionTimeoutMs,
  };
}
