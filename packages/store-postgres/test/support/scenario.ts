/** DAGs and runs in the states that tests begin with, made through the store itself. */
import { createHash } from 'node:crypto';
import { admit, type DagSpec, type TaskSpec } from '@headrace/core';
import type { ClaimedAttempt, LoadedRun, LoadedTask, NewTaskInstance, QueuedTask, RunDecision } from '@headrace/ports';
import { dagOf, taskOf } from '@headrace/ports/conformance/store-world';
import type { PostgresStore } from '../../src/index.ts';

export const ALL_SHARDS = Array.from({ length: 32 }, (_, shard) => shard);
const SCHEDULER = 'scheduler-1';
export const WORKER = 'worker-1';
export const LEASE_MS = 60_000;

/** Not tried again when it fails. */
export function taskSpec(taskId: string, overrides: Partial<TaskSpec> = {}): TaskSpec {
  return taskOf(taskId, { retries: { max: 0, delayMs: 0, backoff: 'fixed', maxDelayMs: 0, jitter: 0, rules: [] }, ...overrides });
}

export function dagSpec(dagId: string, tasks: readonly TaskSpec[], overrides: Partial<DagSpec> = {}): DagSpec {
  return dagOf(dagId, tasks, { maxActiveRuns: 1_000, maxActiveTasks: 1_000, paramsDefault: {}, ...overrides });
}

export function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

export async function saveDag(store: PostgresStore, spec: DagSpec, code = 'export default 1'): Promise<void> {
  await store.catalog.saveFile({
    file: `${spec.dagId}.ts`,
    dags: [{ spec, graphHash: hash(spec) }],
    bundle: { hash: hash(code), code },
  });
}

/** All of them ready to run. */
export function instancesOf(spec: DagSpec, status: 'scheduled' | 'none' = 'scheduled'): readonly NewTaskInstance[] {
  return spec.tasks.map((task) => ({
    taskId: task.taskId,
    state: { status, attempt: 0 },
    queue: task.queue,
    pool: task.pool,
    poolSlots: task.poolSlots,
    priorityWeight: task.priorityWeight,
    maxTries: task.retries.max + 1,
    ...(task.limits === undefined ? {} : { limits: task.limits }),
  }));
}

/** A running run of the DAG. */
export async function startedRun(store: PostgresStore, spec: DagSpec, status: 'scheduled' | 'none' = 'scheduled'): Promise<LoadedRun> {
  const { runKey } = await store.commands.trigger({ dagId: spec.dagId, params: { day: 1 }, runType: 'manual', triggeredBy: 'test' });
  const started = await store.scheduler.startRuns(ALL_SHARDS, 1_000, async () => instancesOf(spec, status));
  const run = started.find((one) => one.runKey === runKey);
  if (run === undefined) throw new Error(`run ${runKey} did not start`);
  return run;
}

/** Gives slots to whatever waits, and saves the decisions. */
export function decide(store: PostgresStore, ...runs: readonly RunDecision[]) {
  return store.scheduler.decide({ schedulerId: SCHEDULER, runs }, admit);
}

export interface Claimed {
  readonly run: LoadedRun;
  readonly task: LoadedTask;
  readonly queued: QueuedTask;
}

/** A run of one task that has a slot. */
export async function queuedTask(store: PostgresStore, spec: DagSpec): Promise<Claimed> {
  const run = await startedRun(store, spec);
  const { queued } = await decide(store);
  const [task] = run.tasks;
  const given = queued.find((one) => one.taskInstanceId === task?.taskInstanceId);
  if (task === undefined || given === undefined) throw new Error('the task got no slot');
  return { run, task, queued: given };
}

export async function claimed(store: PostgresStore, queued: QueuedTask, worker = WORKER, leaseMs = LEASE_MS): Promise<ClaimedAttempt> {
  const attempt = await store.attempts.claim(queued, worker, leaseMs);
  if (attempt === undefined) throw new Error('the attempt could not be claimed');
  return attempt;
}

export async function loaded(store: PostgresStore, runKey: string): Promise<LoadedRun> {
  const [run] = await store.scheduler.loadRuns([runKey]);
  if (run === undefined) throw new Error(`there is no run ${runKey}`);
  return run;
}

/** The states of the run's tasks, by id. */
export async function states(store: PostgresStore, runKey: string): Promise<Record<string, string>> {
  const run = await loaded(store, runKey);
  return Object.fromEntries(run.tasks.map((task) => [task.taskId, `${task.state.status} ${task.state.attempt}`]));
}
