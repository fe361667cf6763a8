/** What the suites of the store's ports begin with: a store, a DAG in it, and runs in the states that tests need. */
import type { Admission, Candidate, Capacity, DagSpec, Refusal, TaskSpec, TaskState } from '@headrace/core';
import type {
  AttemptStore,
  CatalogStore,
  ClaimedAttempt,
  CommandStore,
  LoadedRun,
  NewTaskInstance,
  QueuedTask,
  RunDecision,
  RunEvents,
  SchedulerStore,
} from '@headrace/ports';

export type TestFunctions = Pick<typeof import('@jest/globals'), 'describe' | 'test' | 'expect' | 'beforeAll' | 'afterAll'>;

export interface StoreHarness {
  readonly scheduler: SchedulerStore;
  readonly attempts: AttemptStore;
  readonly commands: CommandStore;
  readonly catalog: CatalogStore;
  readonly events: RunEvents;
  /** `default_pool` has this many slots from now on. */
  resizePool(slots: number): Promise<void>;
  close(): Promise<void>;
}

export interface StoreConformanceOptions {
  readonly name: string;
  readonly open: () => Promise<StoreHarness>;
}

export const ALL_SHARDS = Array.from({ length: 32 }, (_, shard) => shard);
export const LEASE_MS = 60_000;
const SCHEDULER = 'scheduler-of-the-suite';

export function taskOf(taskId: string, more: Partial<TaskSpec> = {}): TaskSpec {
  return {
    taskId,
    kind: 'task',
    upstream: [],
    triggerRule: 'all_success',
    retries: { max: 2, delayMs: 0, backoff: 'fixed', maxDelayMs: 0, jitter: 0, rules: [] },
    executionTimeoutMs: 60_000,
    queue: 'default',
    pool: 'default_pool',
    poolSlots: 1,
    priorityWeight: 1,
    inputs: {},
    connections: [],
    ...more,
  };
}

export function dagOf(dagId: string, tasks: readonly TaskSpec[], more: Partial<DagSpec> = {}): DagSpec {
  return {
    formatVersion: 1,
    dagId,
    tags: [],
    owners: [],
    schedule: { kind: 'manual' },
    catchup: { kind: 'off' },
    maxActiveRuns: 100,
    maxActiveTasks: 100,
    pausedUponCreation: false,
    paramsDefault: { day: 1 },
    tasks,
    ...more,
  };
}

/** Everybody whom `wanted` wants gets a slot, but no more than the pool has. */
export function admitAll(
  candidates: readonly Candidate[],
  capacity: Capacity,
  wanted: (candidate: Candidate) => boolean = () => true,
): Admission {
  const free = new Map(capacity.pools);
  const admitted: Candidate[] = [];
  const refused: Refusal[] = [];
  for (const candidate of candidates) {
    const left = free.get(candidate.pool) ?? 0;
    if (left < candidate.poolSlots || !wanted(candidate)) {
      refused.push({ taskInstanceId: candidate.taskInstanceId, reason: 'pool_full', detail: 'as the test says' });
      continue;
    }
    free.set(candidate.pool, left - candidate.poolSlots);
    admitted.push(candidate);
  }
  return { admitted, refused };
}

/** Nobody gets a slot. */
export function admitNone(candidates: readonly Candidate[], capacity: Capacity): Admission {
  return admitAll(candidates, capacity, () => false);
}

export class StoreWorld {
  readonly store: StoreHarness;
  readonly #suite: string;
  #dags = 0;

  constructor(store: StoreHarness, suite: string) {
    this.store = store;
    this.#suite = suite;
  }

  async dag(tasks: readonly TaskSpec[], more: Partial<DagSpec> = {}): Promise<DagSpec> {
    const spec = dagOf(`${this.#suite}_${++this.#dags}`, tasks, more);
    await this.save(spec);
    return spec;
  }

  async save(spec: DagSpec, version = 1): Promise<void> {
    const hash = `${spec.dagId}-${version}`;
    await this.store.catalog.saveFile({
      file: `${spec.dagId}.ts`,
      dags: [{ spec, graphHash: hash }],
      bundle: { hash, code: `export default ${version}` },
    });
  }

  async trigger(spec: DagSpec): Promise<string> {
    return (await this.store.commands.trigger({ dagId: spec.dagId, params: { day: 2 }, runType: 'manual', triggeredBy: 'test' })).runKey;
  }

  /** A running run, its tasks in `status`. */
  async running(spec: DagSpec, status: 'scheduled' | 'none' = 'none'): Promise<LoadedRun> {
    const runKey = await this.trigger(spec);
    await this.store.scheduler.startRuns(ALL_SHARDS, 1_000, async ({ dagId }) => (dagId === spec.dagId ? newTasks(spec, status) : []));
    return this.loaded(runKey);
  }

  async loaded(runKey: string): Promise<LoadedRun> {
    const [run] = await this.store.scheduler.loadRuns([runKey]);
    if (run === undefined) throw new Error(`there is no run ${runKey}`);
    return run;
  }

  async states(runKey: string): Promise<Readonly<Record<string, string>>> {
    const { tasks } = await this.loaded(runKey);
    return Object.fromEntries(
      tasks.map(({ taskId, mapIndex, state }) => [mapIndex === -1 ? taskId : `${taskId}[${mapIndex}]`, `${state.status} ${state.attempt}`]),
    );
  }

  decide(
    runs: readonly RunDecision[] = [],
    admit: Parameters<SchedulerStore['decide']>[1] = (candidates, capacity) => admitAll(candidates, capacity),
  ) {
    return this.store.scheduler.decide({ schedulerId: SCHEDULER, runs }, admit);
  }

  /** The run's first task with a slot. */
  async queued(spec: DagSpec): Promise<{ readonly run: LoadedRun; readonly queued: QueuedTask }> {
    const run = await this.running(spec, 'scheduled');
    const { queued } = await this.decide();
    const given = queued.find((task) => task.taskInstanceId === run.tasks[0]?.taskInstanceId);
    if (given === undefined) throw new Error('the task got no slot');
    return { run: await this.loaded(run.runKey), queued: given };
  }

  async claimed(
    spec: DagSpec,
    leaseMs = LEASE_MS,
  ): Promise<{ readonly run: LoadedRun; readonly attempt: ClaimedAttempt; readonly workerId: string }> {
    const { run, queued } = await this.queued(spec);
    const workerId = 'worker-1';
    const attempt = await this.store.attempts.claim(queued, workerId, leaseMs);
    if (attempt === undefined) throw new Error('the attempt could not be claimed');
    return { run, attempt, workerId };
  }
}

export function newTasks(spec: DagSpec, status: 'scheduled' | 'none' = 'none'): readonly NewTaskInstance[] {
  return spec.tasks.map(({ taskId, queue, pool, poolSlots, priorityWeight, retries }) => ({
    taskId,
    state: { status, attempt: 0 },
    queue,
    pool,
    poolSlots,
    priorityWeight,
    maxTries: retries.max + 1,
  }));
}

/** The decision to move the task instance with this place in the run. */
export function move(run: LoadedRun, place: number, to: TaskState): RunDecision['changes'][number] {
  const task = run.tasks[place];
  if (task === undefined) throw new RangeError(`run ${run.runKey} has no task instance ${place}`);
  return { taskInstanceId: task.taskInstanceId, from: task.state.status, fromAttempt: task.state.attempt, to, reason: 'as the test says' };
}
