/**
 * A worker that runs no code: it claims, waits as long as the attempt is said to take, and records what it is said to come to, with the
 * core's own decision on what becomes of the task.
 */
import { attemptNotices, attemptOutcome, type DagSpec, type Instant, type Milliseconds, type TaskSpec } from '@headrace/core';
import type { AttemptStore, ClaimedAttempt, TaskConsumer, TaskMessage } from '@headrace/ports';
import type { VirtualTime } from '../virtual/virtual-time.ts';
import type { Ending } from './outcomes.ts';

export interface SimulatedWorkerOptions {
  readonly workerId: string;
  readonly store: AttemptStore;
  readonly consumer: TaskConsumer;
  readonly time: VirtualTime;
  readonly queues: readonly string[];
  readonly slots: number;
  /** In [0, 1), for the jitter of retries. */
  readonly dice: () => number;
  readonly ending: (claimed: ClaimedAttempt, task: TaskSpec, signal: AbortSignal) => Promise<Ending>;
  /** A test's own code threw. */
  readonly onError: (error: unknown) => void;
}

/** No attempt is lost in a simulation without faults. */
const NEVER_ENDS_MS = 1_000 * 365 * 86_400_000;

export class SimulatedWorker {
  readonly #options: SimulatedWorkerOptions;
  readonly #running = new Map<string, AbortController>();
  readonly #specs = new Map<string, ReadonlyMap<string, TaskSpec>>();

  constructor(options: SimulatedWorkerOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { workerId, store, consumer, queues, slots } = this.#options;
    await store.register({ workerId, hostname: 'simulation', pid: 1, queues, slots }, NEVER_ENDS_MS);
    await store.onRevoked((attemptIds) => {
      for (const attemptId of attemptIds) this.#running.get(attemptId)?.abort('cancelled');
    });
    await consumer.start(queues, slots, (message) => this.#handle(message));
  }

  async #handle(message: TaskMessage): Promise<void> {
    const { store, workerId, onError } = this.#options;
    const claimed = await store.claim(message, workerId, NEVER_ENDS_MS);
    if (claimed === undefined) return;
    const controller = new AbortController();
    this.#running.set(claimed.attemptId, controller);
    try {
      await this.#attempt(claimed, controller.signal);
    } catch (error) {
      onError(error);
    } finally {
      this.#running.delete(claimed.attemptId);
    }
  }

  async #attempt(claimed: ClaimedAttempt, signal: AbortSignal): Promise<void> {
    const { store, workerId, time, dice, ending } = this.#options;
    const task = await this.#task(claimed);
    const planned = await ending(claimed, task, signal);
    const ended = planned.durationMs > task.executionTimeoutMs ? timedOut(task.executionTimeoutMs) : planned;
    await this.#pass(ended.durationMs, signal);
    const { report, result, assetEvents } = signal.aborted ? CANCELLED : ended;
    const to = attemptOutcome(task, claimed.attempt, report, time.now(), dice(), claimed.triesBefore);
    const notices = attemptNotices(task, claimed, report, to);
    const json = result === undefined ? undefined : storedJson(result.value);
    await store.finish(
      {
        taskInstanceId: claimed.taskInstanceId,
        attemptId: claimed.attemptId,
        to,
        ...(report.outcome === 'failed' ? { error: report.error } : {}),
        ...(json === undefined ? {} : { result: { kind: 'inline', json } }),
        ...(assetEvents.length === 0 ? {} : { assetEvents }),
        ...(notices.length === 0 ? {} : { notices }),
      },
      workerId,
    );
  }

  async #task({ versionId, taskId }: ClaimedAttempt): Promise<TaskSpec> {
    let tasks = this.#specs.get(versionId);
    if (tasks === undefined) {
      const { spec } = await this.#options.store.bundle(versionId);
      tasks = tasksById(spec);
      this.#specs.set(versionId, tasks);
    }
    const task = tasks.get(taskId);
    if (task === undefined) throw new RangeError(`Version ${versionId} has no task "${taskId}"`);
    return task;
  }

  /** Ends early when the attempt is taken back. */
  #pass(milliseconds: Milliseconds, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const callOff = this.#options.time.after(milliseconds, () => resolve());
      signal.addEventListener('abort', () => {
        callOff();
        resolve();
      });
    });
  }
}

const CANCELLED: Ending = {
  report: {
    outcome: 'failed',
    error: { name: 'Cancelled', code: 'HR_CANCELLED', message: 'The attempt was taken back', retryable: false },
  },
  durationMs: 0,
  assetEvents: [],
};

function timedOut(durationMs: Milliseconds): Ending {
  const error = { name: 'ExecutionTimeout', code: 'HR_EXECUTION_TIMEOUT', message: `The attempt took longer than ${durationMs} ms` };
  return { report: { outcome: 'failed', error }, durationMs, assetEvents: [] };
}

function tasksById(spec: DagSpec): ReadonlyMap<string, TaskSpec> {
  return new Map(spec.tasks.map((task) => [task.taskId, task]));
}

/** What the store shows of a result; what JSON lacks is written as text. */
function storedJson(value: unknown): string | undefined {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner));
}

/** Instants as tests give them. @throws RangeError */
export function instantOf(what: string, time: string | number | Date): Instant {
  const instant = new Date(time).getTime();
  if (Number.isNaN(instant)) throw new RangeError(`${what}: ${String(time)} is not a date`);
  return instant;
}
