/**
 * One run with the scheduler and the worker of production, over a database and a queue in memory.
 *
 * X1. No decision is made here: the engine schedules, the worker runs attempts in task processes.
 * X2. Nobody who tests wants to wait: while no task runs, time jumps to what is due next.
 */
import { randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { type AttemptError, compileDag, type DagSpec, type Instant, isTerminal, type RunStatus, type TaskStatus } from '@headrace/core';
import { createWaitDuty, DagVersions, Scheduler } from '@headrace/engine';
import { type LoadedFile, type Log, noMetrics, type ObjectStore } from '@headrace/ports';
import type { TaskPool } from '@headrace/task-runtime';
import { createMemoryStore, MemoryBroker, type MemoryStore, type TaskInstanceRow } from '@headrace/testing';
import { startWorker } from '@headrace/worker';
import { FailedError } from './failures.ts';
import { SkippingTime } from './skipping-time.ts';

export interface DrivenRun {
  readonly loaded: LoadedFile;
  readonly spec: DagSpec;
  readonly pool: TaskPool;
  readonly objects: ObjectStore;
  readonly bundleDir: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** URL by id: those that the DAG declares. */
  readonly connections: ReadonlyMap<string, string>;
  readonly intervalStart?: Instant;
  readonly intervalEnd?: Instant;
  readonly log: Log;
  tell(line: string): void;
}

export interface RunOfTest {
  readonly status: RunStatus;
  readonly tasks: readonly TestedTask[];
}

interface TestedTask {
  readonly taskId: string;
  /** −1: not mapped. */
  readonly mapIndex: number;
  readonly status: TaskStatus;
  readonly tries: number;
  /** Of the last try. */
  readonly seconds?: number;
  readonly error?: AttemptError;
}

const LEASE_MS = 3_600_000;
/** No event is lost in here: nothing needs to be looked for often, which skipping time would have to stop for. */
const DAY_MS = 86_400_000;
const INTERVALS = {
  heartbeat: DAY_MS,
  membershipTtl: 100 * 365 * DAY_MS,
  sweep: 3_600_000,
  unclaimedAfter: 365 * DAY_MS,
  verifyAfter: DAY_MS,
  verifyAtMost: 30 * DAY_MS,
};
/** After so many turns of the event loop without work, nobody is about to begin any. */
const QUIET_TURNS = 3;

export async function driveRun(test: DrivenRun): Promise<RunOfTest> {
  const { loaded, spec, pool, objects, bundleDir, connections, log } = test;
  const time = new SkippingTime();
  const store = createMemoryStore(time);
  const broker = new MemoryBroker();
  const runKey = await register(store, test);
  const scheduler = new Scheduler({
    schedulerId: 'test',
    store: store.scheduler,
    events: store.events,
    queue: broker.queue(),
    clock: time,
    timers: time,
    dice: Math.random,
    log,
    metrics: noMetrics,
    intervals: INTERVALS,
    duties: [createWaitDuty({ store: store.waits, assets: store.assets, versions: new DagVersions(store.scheduler), metrics: noMetrics })],
  });
  const worker = await startWorker({
    workerId: 'test',
    queues: [...new Set(spec.tasks.map((task) => task.queue))],
    store: store.attempts,
    consumer: broker.consumer(),
    pool,
    objects,
    bundleDir,
    runs: {
      trigger: (request) => store.commands.trigger(request),
      loadRun: (dagId, runId) => store.commands.loadRun(dagId, runId),
      dag: async (dagId) => loaded.dags.find((dag) => dag.spec.dagId === dagId),
    },
    connections: (id) => {
      const url = connections.get(id);
      return url === undefined ? undefined : { id, url };
    },
    leaseMs: LEASE_MS,
    // Task processes read the machine's clock: what was skipped makes the store's run ahead of it.
    clock: { now: () => Date.now(), monotonic: () => time.monotonic() },
    log,
  });
  const endTelling = tellTrouble(store, test);
  try {
    await scheduler.start();
    const status = await untilEnded(store, runKey, time);
    return { status, tasks: tasksOf(store, runKey, spec) };
  } finally {
    endTelling();
    await scheduler.stop();
    await worker.close();
    time.stop();
  }
}

/** Runs are made by hand, or by tasks that trigger them: the DAGs' own schedules would make others as time is skipped. */
async function register(
  { catalog, commands }: MemoryStore,
  { loaded, spec, params, intervalStart, intervalEnd }: DrivenRun,
): Promise<string> {
  const byHand = loaded.dags.map(({ spec: dag, graphHash }) => ({
    spec: { ...dag, schedule: { kind: 'manual' }, pausedUponCreation: false } satisfies DagSpec,
    graphHash,
  }));
  await catalog.saveFile({ ...loaded, dags: byHand });
  const { runKey } = await commands.trigger({
    dagId: spec.dagId,
    runId: `test__${new Date().toISOString()}-${randomUUID().slice(0, 8)}`,
    params,
    runType: 'manual',
    triggeredBy: 'test',
    ...(intervalStart === undefined ? {} : { logicalDate: intervalStart, intervalStart }),
    ...(intervalEnd === undefined ? {} : { intervalEnd }),
  });
  return runKey;
}

async function untilEnded({ db }: MemoryStore, runKey: string, time: SkippingTime): Promise<RunStatus> {
  let quiet = 0;
  for (;;) {
    const status = db.runs.get(runKey)?.status ?? 'failed';
    if (status === 'success' || status === 'failed') return status;
    await turn();
    const working = (['queued', 'running', 'restarting'] as const).some((state) => db.tasksByStatus.count(state) > 0);
    quiet = working ? 0 : quiet + 1;
    if (quiet < QUIET_TURNS) {
      // A task that runs in a process of its own needs no busy loop beside it.
      if (working) await new Promise((resolve) => setTimeout(resolve, 1));
      continue;
    }
    refuseEndless(db);
    time.skip();
    quiet = 0;
  }
}

/** What waits for a person, or for somebody to call, waits for ever here. */
function refuseEndless(db: MemoryStore['db']): void {
  const live = db.runsByStatus.get('running');
  const open = [...live]
    .flatMap((run) => [...db.tasksOfRun.get(run.runKey)])
    .filter(({ state }) => !isTerminal(state.status) && state.status !== 'none');
  const endless = open.filter(
    ({ state }) => (state.status === 'deferred' || state.status === 'awaiting_input') && state.dueAt === undefined,
  );
  if (open.length === 0 || endless.length < open.length) return;
  const names = endless.map(({ taskId, state }) => `${taskId} (${state.status})`).join(', ');
  throw new FailedError(`Nothing more can happen in this test: ${names}. Give the wait a timeout, or test it with a server`);
}

/** Errors and retries, as they come. The answer ends it. */
function tellTrouble({ db }: MemoryStore, { tell }: DrivenRun): () => void {
  return db.watch((changes) => {
    for (const { table, after } of changes) {
      if (table !== 'task_instance' || after === undefined) continue;
      const { taskId, mapIndex, state, triesBefore, maxTries, error } = after as TaskInstanceRow;
      if ((state.status !== 'failed' && state.status !== 'up_for_retry') || error === undefined) continue;
      const name = mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`;
      tell(`${name} | ${error.stack ?? `${error.name}: ${error.message}`}\n`);
      if (state.status === 'up_for_retry')
        tell(`${name} | try ${state.attempt - triesBefore} of ${maxTries} failed; the next one begins now\n`);
    }
  });
}

/** In the order in which they can run. */
function tasksOf({ db }: MemoryStore, runKey: string, spec: DagSpec): readonly TestedTask[] {
  const dag = compileDag(spec);
  const place = new Map(dag.order.map((task, position) => [dag.tasks[task]?.taskId, position]));
  const rows = [...db.tasksOfRun.get(runKey)];
  rows.sort((a, b) => (place.get(a.taskId) ?? 0) - (place.get(b.taskId) ?? 0) || a.mapIndex - b.mapIndex);
  return rows.map(({ taskId, mapIndex, state, triesBefore, startedAt, endedAt, error }) => ({
    taskId,
    mapIndex,
    status: state.status,
    tries: state.attempt - triesBefore,
    ...(startedAt === undefined || endedAt === undefined ? {} : { seconds: (endedAt - startedAt) / 1000 }),
    ...(error === undefined || state.status === 'success' ? {} : { error }),
  }));
}
