/**
 * A store and a queue in memory, for the engine's own tests: the same compare-and-set rules as the real one, no SQL.
 * A test plays the worker with `claim` and `finish`, and fate with `lose` and `gap`.
 */
import type { AttemptReport, Candidate, DagSpec, Instant, TaskState } from '@headrace/core';
import { attemptOutcome, compileDag } from '@headrace/core';
import type {
  Dispatch,
  DueDag,
  LoadedRun,
  LostAttempt,
  PlannedRun,
  QueuedTask,
  RunBefore,
  RunDecision,
  RunEvents,
  RunEventsListener,
  SchedulerStore,
  StoreEvent,
  TaskQueue,
} from '@headrace/ports';

interface TaskRow {
  id: string;
  taskId: string;
  queue: string;
  pool: string;
  poolSlots: number;
  priorityWeight: number;
  state: TaskState;
  attemptId: string;
  sequence: number;
  leaseEnded: boolean;
  readyAt: number;
}

interface RunRow {
  key: string;
  dagId: string;
  runId: string;
  status: LoadedRun['status'];
  revision: number;
  runAfter: Instant;
  tasks: TaskRow[];
}

export class MemoryStore implements SchedulerStore {
  time = 1_000_000;
  poolSlots = 128;
  /** Of four: those of the scheduler that is tested. */
  shards: readonly number[] = [0, 1, 2, 3];
  failNext: Error | undefined;
  readonly runs = new Map<string, RunRow>();
  readonly specs = new Map<string, DagSpec>();
  readonly due: DueDag[] = [];
  readonly planned: PlannedRun[] = [];
  decisions = 0;
  #ids = 0;
  #listener: RunEventsListener | undefined;
  #early: Promise<unknown> | undefined;
  #onLeasesSeen: (() => void) | undefined;

  readonly events: RunEvents = {
    listen: async (listener) => {
      this.#listener = listener;
      return async () => {
        this.#listener = undefined;
      };
    },
  };

  addDag(spec: DagSpec): void {
    this.specs.set(spec.dagId, spec);
  }

  addRun(dagId: string, runAfter = this.time): RunRow {
    const key = String(++this.#ids);
    const run: RunRow = { key, dagId, runId: `run-${key}`, status: 'queued', revision: 0, runAfter, tasks: [] };
    this.runs.set(key, run);
    this.#tell([{ type: 'run', runKey: key }]);
    return run;
  }

  /** Lets this happen once leases were looked at that have ended, before it is told which. */
  onceLeasesAreSeen(happen: () => void): void {
    this.#onLeasesSeen = happen;
  }

  /** Lets events that a read provokes arrive before the read's answer does, and whatever `happen` promises. */
  duringNextRead(happen: () => unknown): void {
    this.#early = Promise.resolve().then(happen);
  }

  /** Of which nobody is told. */
  claim(attemptId: string): boolean {
    const found = this.#byAttempt(attemptId);
    if (found?.task.state.status !== 'queued') return false;
    found.task.state = { status: 'running', attempt: found.task.state.attempt };
    return true;
  }

  giveBack(attemptId: string): boolean {
    const found = this.#byAttempt(attemptId);
    if (found?.task.state.status !== 'running') return false;
    found.task.leaseEnded = false;
    this.#move(found.run, found.task, { status: 'queued', attempt: found.task.state.attempt });
    return true;
  }

  finish(attemptId: string, report: AttemptReport): boolean {
    const found = this.#byAttempt(attemptId);
    if (found?.task.state.status !== 'running') return false;
    const spec = this.specs.get(found.run.dagId)?.tasks.find((task) => task.taskId === found.task.taskId);
    if (spec === undefined) return false;
    this.#move(found.run, found.task, attemptOutcome(spec, found.task.state.attempt, report, this.time, 0));
    return true;
  }

  lose(attemptId: string): void {
    const found = this.#byAttempt(attemptId);
    if (found !== undefined) found.task.leaseEnded = true;
  }

  /** Moves a task without telling anybody, as if the event connection had been away. */
  finishSilently(attemptId: string): void {
    const found = this.#byAttempt(attemptId);
    if (found !== undefined) found.task.state = { status: 'success', attempt: found.task.state.attempt };
  }

  /** Another scheduler, whose run it is just then, gives the slot, and a worker claims. Answers with the attempt. */
  beginElsewhere(task: TaskRow): string {
    const attempt = task.state.attempt + 1;
    Object.assign(task, { state: { status: 'running', attempt }, attemptId: `${task.id}-${attempt}`, sequence: 1 });
    return task.attemptId;
  }

  gap(): void {
    this.#listener?.onGap();
  }

  tell(events: readonly StoreEvent[]): void {
    this.#tell(events);
  }

  statuses(run: RunRow): Record<string, string> {
    return Object.fromEntries(run.tasks.map((task) => [task.taskId, task.state.status]));
  }

  async now(): Promise<Instant> {
    return this.time;
  }

  async heartbeat(): Promise<readonly number[]> {
    return this.shards;
  }

  async leave(): Promise<void> {}

  async activeRuns(shards: readonly number[]): Promise<readonly string[]> {
    return [...this.runs.values()].filter((run) => run.status === 'running' && shards.includes(Number(run.key) % 4)).map((run) => run.key);
  }

  async loadRuns(runKeys: readonly string[]): Promise<readonly LoadedRun[]> {
    const loaded = runKeys.flatMap((key) => {
      const run = this.runs.get(key);
      return run === undefined ? [] : [this.#loaded(run)];
    });
    await this.#early;
    return loaded;
  }

  async runsBefore(): Promise<ReadonlyMap<string, RunBefore>> {
    return new Map<string, RunBefore>();
  }

  async loadVersion(versionId: string): Promise<DagSpec> {
    const spec = this.specs.get(versionId);
    if (spec === undefined) throw new Error(`no version ${versionId}`);
    return spec;
  }

  async startRuns(
    _shards: readonly number[],
    limit: number,
    tasksOf: Parameters<SchedulerStore['startRuns']>[2],
  ): Promise<readonly LoadedRun[]> {
    this.#failIfAsked();
    const started: LoadedRun[] = [];
    for (const run of this.runs.values()) {
      if (run.status !== 'queued' || run.runAfter > this.time || started.length === limit) continue;
      const active = [...this.runs.values()].filter((other) => other.dagId === run.dagId && other.status === 'running').length;
      if (active >= (this.specs.get(run.dagId)?.maxActiveRuns ?? 0)) continue;
      run.status = 'running';
      if (run.tasks.length === 0) {
        const tasks = await tasksOf({ runKey: run.key, dagId: run.dagId, versionId: run.dagId });
        run.tasks = tasks.map((task) => ({
          ...task,
          id: String(++this.#ids),
          attemptId: '',
          sequence: 0,
          leaseEnded: false,
          readyAt: this.#ids,
        }));
      }
      started.push(this.#loaded(run));
    }
    await this.#early;
    return started;
  }

  async decide(
    batch: { runs: readonly RunDecision[] },
    admit: Parameters<SchedulerStore['decide']>[1],
  ): Promise<Awaited<ReturnType<SchedulerStore['decide']>>> {
    this.#failIfAsked();
    this.decisions++;
    const stale = batch.runs.filter((decision) => !this.#save(decision)).map((decision) => decision.runKey);
    const all = [...this.runs.values()].flatMap((run) => run.tasks.map((task) => ({ run, task })));
    const waiting = all.filter(({ task }) => task.state.status === 'scheduled');
    const used = all.filter(({ task }) => task.state.status === 'queued' || task.state.status === 'running').length;
    const candidates = waiting.map(({ run, task }): Candidate => ({ ...task, taskInstanceId: task.id, dagId: run.dagId }));
    const { admitted } = admit(candidates, {
      pools: new Map([['default_pool', this.poolSlots - used]]),
      dags: new Map([...this.specs.values()].map((spec) => [spec.dagId, spec.maxActiveTasks])),
      queues: new Map([['default', 1_000]]),
    });
    const queued = admitted.flatMap(({ taskInstanceId }): QueuedTask[] => {
      const found = waiting.find(({ task }) => task.id === taskInstanceId);
      if (found === undefined) return [];
      const { run, task } = found;
      const attempt = task.state.attempt + 1;
      task.state = { status: 'queued', attempt };
      task.attemptId = `${task.id}-${attempt}`;
      task.sequence = 1;
      return [
        {
          runKey: run.key,
          taskInstanceId,
          attempt,
          attemptId: task.attemptId,
          sequence: 1,
          queue: task.queue,
          priority: task.priorityWeight,
        },
      ];
    });
    return { stale, created: [], queued, backlog: waiting.length > queued.length };
  }

  async planDueDags(
    _limit: number,
    plan: Parameters<SchedulerStore['planDueDags']>[1],
  ): Promise<{ created: readonly string[]; looked: number }> {
    const created: string[] = [];
    const due = this.due.splice(0);
    for (const dag of due) {
      const { runs } = plan(dag, this.time);
      this.planned.push(...runs);
      created.push(...runs.map((run) => this.addRun(run.dagId, run.runAfter).key));
    }
    return { created, looked: due.length };
  }

  async nextDue(): Promise<Instant | undefined> {
    return undefined;
  }

  async expiredLeases(): Promise<readonly LostAttempt[]> {
    const seen = [...this.runs.values()].flatMap((run) =>
      run.tasks
        .filter((task) => task.leaseEnded && task.state.status === 'running')
        .map(
          (task): LostAttempt => ({
            runKey: run.key,
            taskInstanceId: task.id,
            attempt: task.state.attempt,
            triesBefore: 0,
            why: 'lease_expired',
          }),
        ),
    );
    if (seen.length > 0) {
      this.#onLeasesSeen?.();
      this.#onLeasesSeen = undefined;
    }
    return seen;
  }

  async unclaimed(): Promise<readonly QueuedTask[]> {
    return [...this.runs.values()].flatMap((run) =>
      run.tasks
        .filter((task) => task.state.status === 'queued')
        .map((task) => ({
          runKey: run.key,
          taskInstanceId: task.id,
          attempt: task.state.attempt,
          attemptId: task.attemptId,
          sequence: task.sequence,
          queue: task.queue,
          priority: task.priorityWeight,
        })),
    );
  }

  async redispatch(attempts: readonly QueuedTask[], cap: number): Promise<{ send: readonly QueuedTask[]; lost: readonly LostAttempt[] }> {
    const send: QueuedTask[] = [];
    const lost: LostAttempt[] = [];
    for (const attempt of attempts) {
      const found = this.#byAttempt(attempt.attemptId);
      if (found?.task.state.status !== 'queued') continue;
      if (found.task.sequence >= cap) {
        lost.push({
          runKey: attempt.runKey,
          taskInstanceId: attempt.taskInstanceId,
          attempt: attempt.attempt,
          triesBefore: 0,
          why: 'never_claimed',
        });
        continue;
      }
      send.push({ ...attempt, sequence: ++found.task.sequence });
    }
    return { send, lost };
  }

  async forgetDead(): Promise<number> {
    return 0;
  }

  #loaded(run: RunRow): LoadedRun {
    const { key, dagId, runId, status, revision } = run;
    const tasks = run.tasks.map((task) => ({ taskInstanceId: task.id, taskId: task.taskId, mapIndex: -1, state: task.state }));
    return { runKey: key, dagId, runId, versionId: dagId, status, revision, progress: {}, tasks };
  }

  /** All of the decision or nothing. */
  #save(decision: RunDecision): boolean {
    const run = this.runs.get(decision.runKey);
    if (run === undefined || run.revision !== decision.revision) return false;
    const moves = decision.changes.map((change) => ({ change, task: run.tasks.find((task) => task.id === change.taskInstanceId) }));
    const fits = moves.every(({ change, task }) => task?.state.status === change.from && task.state.attempt === change.fromAttempt);
    if (!fits) return false;
    for (const { change, task } of moves)
      if (task !== undefined) Object.assign(task, { state: change.to, leaseEnded: false, readyAt: ++this.#ids });
    if (decision.status !== undefined) run.status = decision.status;
    return true;
  }

  #byAttempt(attemptId: string): { run: RunRow; task: TaskRow } | undefined {
    for (const run of this.runs.values()) {
      const task = run.tasks.find((candidate) => candidate.attemptId === attemptId);
      if (task !== undefined) return { run, task };
    }
    return undefined;
  }

  #move(run: RunRow, task: TaskRow, to: TaskState): void {
    task.state = to;
    this.#tell([{ type: 'task', runKey: run.key, taskInstanceId: task.id, to }]);
  }

  #tell(events: readonly StoreEvent[]): void {
    this.#listener?.onEvents(events);
  }

  #failIfAsked(): void {
    const error = this.failNext;
    this.failNext = undefined;
    if (error !== undefined) throw error;
  }
}

export class MemoryQueue implements TaskQueue {
  readonly sent: Dispatch[] = [];
  away = false;
  /** What is asked of it is answered only then. */
  answers: Promise<void> = Promise.resolve();

  async send(batch: readonly Dispatch[]): Promise<void> {
    if (this.away) throw new Error('the queue is away');
    this.sent.push(...batch);
  }

  async missing(messages: readonly Dispatch[]): Promise<readonly Dispatch[]> {
    await this.answers;
    return messages.filter(
      (message) => !this.sent.some((sent) => sent.attemptId === message.attemptId && sent.sequence === message.sequence),
    );
  }

  async depth(): Promise<ReadonlyMap<string, number>> {
    return new Map([['default', this.sent.length]]);
  }

  async close(): Promise<void> {}

  /** What a worker would now take. */
  take(): Dispatch[] {
    return this.sent.splice(0);
  }
}

/** A DAG of plain tasks: each task's upstream. */
export function dagOf(dagId: string, upstream: Readonly<Record<string, readonly string[]>>, retries = 0): DagSpec {
  const spec: DagSpec = {
    formatVersion: 1,
    dagId,
    tags: [],
    owners: [],
    schedule: { kind: 'manual' },
    catchup: { kind: 'off' },
    maxActiveRuns: 16,
    maxActiveTasks: 16,
    pausedUponCreation: false,
    paramsDefault: {},
    tasks: Object.keys(upstream)
      .sort()
      .map((taskId) => ({
        taskId,
        kind: 'task',
        upstream: [...(upstream[taskId] ?? [])].sort(),
        triggerRule: 'all_success',
        retries: { max: retries, delayMs: 0, backoff: 'fixed', maxDelayMs: 0, jitter: 0, rules: [] },
        executionTimeoutMs: 60_000,
        queue: 'default',
        pool: 'default_pool',
        poolSlots: 1,
        priorityWeight: 1,
        inputs: {},
        connections: [],
      })),
  };
  compileDag(spec);
  return spec;
}
