/**
 * A worker: takes messages, claims their attempts, has them run by task processes and writes how they ended.
 *
 * W1. Nothing runs without a claim, and nothing counts without a fenced outcome: a message may come twice or too late.
 * W2. A task process is free as soon as its task ended; its next attempt does not wait for the commit of the last one.
 * W3. User code never runs in this process, and whatever it does to its own costs one attempt.
 */
import { attemptOutcome, type TaskState } from '@headrace/core';
import {
  type AttemptStore,
  type ClaimedAttempt,
  type Clock,
  type Log,
  type Metrics,
  noMetrics,
  type StoredResult,
  systemClock,
  type TaskConsumer,
  type TaskMessage,
} from '@headrace/ports';
import type { ConnectionSettings } from '@headrace/sdk';
import { type AttemptResult, NotStartedError, type TaskPool } from '@headrace/task-runtime';
import { BundleCache, type CachedBundle } from './bundle-cache.ts';
import { type HeldAttempt, Leases } from './leases.ts';
import { persistently } from './persistently.ts';
import { Places } from './places.ts';
import { Registration } from './registration.ts';

export interface WorkerOptions {
  readonly workerId: string;
  readonly queues: readonly string[];
  readonly store: AttemptStore;
  readonly consumer: TaskConsumer;
  readonly pool: TaskPool;
  /** Where bundles are kept as files. */
  readonly bundleDir: string;
  /** Undefined: there is no connection of this id. */
  readonly connections: (id: string) => ConnectionSettings | undefined;
  readonly leaseMs: number;
  readonly log: Log;
  readonly metrics?: Metrics;
  readonly clock?: Clock;
  /** In [0, 1): draws the jitter of retries. Default `Math.random`. */
  readonly dice?: () => number;
  /** Attempts claimed beyond those that run, at most. Default 100. */
  readonly maxAhead?: number;
}

export interface WorkerStatus {
  /** Attempts that are claimed and not yet ended. */
  readonly attempts: number;
  readonly ahead: number;
  readonly draining: boolean;
  /** When this worker last announced itself, epoch milliseconds. */
  readonly registeredAt: number | undefined;
}

export interface Worker {
  status(): WorkerStatus;
  /** Takes nothing new, waits this long for what runs, then interrupts it: an interrupted attempt does not count as a try. */
  drain(graceMs: number): Promise<void>;
  /** Ends it. Without a `drain` before, what runs is interrupted at once. */
  close(): Promise<void>;
}

/** An attempt claimed ahead that cannot begin within this time is given back. */
const START_WITHIN_MS = 250;
const DEFAULT_MAX_AHEAD = 100;
/** Tries to get what an attempt needs before it counts as failed. */
const INPUT_TRIES = 5;

/** Registers the worker and starts taking messages. */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { workerId, queues, store, consumer, pool, leaseMs, log, metrics = noMetrics, clock = systemClock, dice = Math.random } = options;
  const leases = new Leases({ store, workerId, leaseMs, clock, log, metrics });
  const bundles = new BundleCache(store, options.bundleDir);
  let finishing = 0;
  const places = new Places({ size: pool.size, maxAhead: options.maxAhead ?? DEFAULT_MAX_AHEAD, onChange: updateConcurrency });
  let draining: Promise<void> | undefined;
  let closing: Promise<void> | undefined;
  let consuming = false;
  let interrupting = false;

  function updateConcurrency(): void {
    if (consuming && draining === undefined) consumer.setConcurrency(places.total + finishing);
  }

  /** One message, from its arrival to the recorded outcome of its attempt. */
  async function handle({ taskInstanceId, attemptId }: TaskMessage, queue: string): Promise<void> {
    const ref = { taskInstanceId, attemptId };
    for (;;) {
      if (!(await places.take())) return;
      const place = new Place();
      try {
        const arrivedAt = clock.monotonic();
        const claimed = await claim(ref, arrivedAt);
        if (claimed === undefined) return;
        metrics.count('headrace_attempts_started_total', { queue });
        const held = leases.hold(ref, arrivedAt);
        if (interrupting) leases.stop('interrupted', [attemptId]);
        try {
          if ((await perform(claimed, held, place, arrivedAt)) === 'ended') return;
        } finally {
          leases.drop(held);
        }
      } finally {
        place.giveBack();
      }
      // It was given back because no process was free: it waits for one, unclaimed.
    }
  }

  /** A place, given back once: when the attempt's process is free, or else at the end. */
  class Place {
    #taken = true;
    giveBack(): void {
      if (!this.#taken) return;
      this.#taken = false;
      places.release();
    }
  }

  function claim(ref: { taskInstanceId: string; attemptId: string }, since: number): Promise<ClaimedAttempt | undefined> {
    return persistently(
      () => store.claim(ref, workerId, leaseMs),
      () => draining === undefined && clock.monotonic() - since < leaseMs / 2,
      (error) => log.warn({ error, ...ref }, 'an attempt could not be claimed; it is tried again'),
    );
  }

  async function perform(claimed: ClaimedAttempt, held: HeldAttempt, place: Place, arrivedAt: number): Promise<'ended' | 'given_back'> {
    let bundle: CachedBundle | undefined;
    let result: AttemptResult;
    let freed = false;
    const free = (): void => {
      if (freed) return;
      freed = true;
      finishing++;
      place.giveBack();
      updateConcurrency();
    };
    try {
      try {
        const inputs = await inputsOf(claimed);
        bundle = inputs.bundle;
        places.sawRoundTrip(clock.monotonic() - arrivedAt);
        result = await runIn(claimed, inputs, held, free);
      } catch (error) {
        if (!(error instanceof NotStartedError)) result = failedBeforeStart(error);
        else if (held.signal.reason === 'cancelled') result = cancelledBeforeStart;
        else return await giveBack(held);
      }
      free();
      await finish(claimed, held, bundle, result);
      return 'ended';
    } finally {
      if (freed) {
        finishing--;
        updateConcurrency();
      }
    }
  }

  /** What an attempt needs. Tried again while that may help; the error of the last try fails the attempt. */
  async function inputsOf(claimed: ClaimedAttempt): Promise<Inputs> {
    let tries = 0;
    return persistently(
      async () => {
        const bundle = await bundles.get(claimed.versionId);
        const task = bundle.tasks.get(claimed.taskId);
        if (task === undefined)
          throw new MissingInputError('HR_CODE_UNAVAILABLE', `This version of DAG "${claimed.dagId}" has no task "${claimed.taskId}"`);
        const upstream = [...new Set(Object.values(task.inputs))];
        const results = upstream.length === 0 ? NO_RESULTS : await store.results(claimed.runKey, upstream);
        const connections = task.connections.map((id) => {
          const settings = options.connections(id);
          if (settings !== undefined) return settings;
          throw new MissingInputError(
            'HR_CONNECTION_UNKNOWN',
            `Task "${claimed.taskId}" needs the connection "${id}", which this worker does not have: set HEADRACE_CONN_${id.toUpperCase()} to its URL`,
          );
        });
        return { bundle, results, connections, timeoutMs: task.executionTimeoutMs };
      },
      (error) => !(error instanceof MissingInputError) && ++tries < INPUT_TRIES && draining === undefined,
      (error) => log.warn({ error, taskInstanceId: claimed.taskInstanceId }, 'what an attempt needs could not be read; it is tried again'),
    );
  }

  function runIn(
    claimed: ClaimedAttempt,
    { bundle, results, connections, timeoutMs }: Inputs,
    held: HeldAttempt,
    free: () => void,
  ): Promise<AttemptResult> {
    return pool.run(
      { attempt: claimed, bundle, results, connections, timeoutMs },
      {
        signal: held.signal,
        startWithinMs: START_WITHIN_MS,
        onFreed(runMs) {
          free();
          places.sawRun(runMs);
        },
      },
    );
  }

  async function giveBack({ ref, signal, deadline }: HeldAttempt): Promise<'ended' | 'given_back'> {
    if (signal.reason === 'lease_lost') return 'ended';
    places.waitedInVain(START_WITHIN_MS);
    const released = await persistently(
      () => store.release(ref, workerId),
      () => clock.monotonic() < deadline,
      (error) => log.warn({ error, ...ref }, 'an attempt could not be given back; it is tried again'),
    );
    return released ? 'given_back' : 'ended';
  }

  async function finish(
    claimed: ClaimedAttempt,
    held: HeldAttempt,
    bundle: CachedBundle | undefined,
    result: AttemptResult,
  ): Promise<void> {
    const { report, stopped } = result;
    if (stopped === 'lease_lost') return;
    const to = outcomeOf(claimed, bundle, report);
    const recorded = await persistently(
      () =>
        store.finish(
          {
            ...held.ref,
            to,
            ...(report.outcome === 'failed' ? { error: report.error } : {}),
            ...(result.result === undefined ? {} : { result: result.result }),
            ...(result.logKey === undefined ? {} : { logKey: result.logKey }),
          },
          workerId,
        ),
      () => clock.monotonic() < held.deadline,
      (error) => log.warn({ error, ...held.ref }, 'the outcome of an attempt could not be written; it is tried again'),
    );
    if (recorded) {
      metrics.count('headrace_attempts_finished_total', { state: to.status });
      if (to.status === 'up_for_retry') metrics.count('headrace_attempts_retried_total', { dag_id: claimed.dagId });
      if (stopped === 'timeout') metrics.count('headrace_attempts_timed_out_total', { dag_id: claimed.dagId });
    } else if (stopped === undefined) {
      metrics.count('headrace_attempts_fenced_total', { operation: 'finish' });
      log.warn(
        { ...held.ref, dagId: claimed.dagId, runId: claimed.runId, taskId: claimed.taskId },
        'an outcome was dropped because its attempt had been replaced',
      );
    }
  }

  function outcomeOf(claimed: ClaimedAttempt, bundle: CachedBundle | undefined, report: AttemptResult['report']): TaskState {
    const task = bundle?.tasks.get(claimed.taskId);
    // Without the graph nobody knows the retry policy.
    if (task === undefined) return { status: 'failed', attempt: claimed.attempt };
    return attemptOutcome(task, claimed.attempt, report, clock.now(), dice(), claimed.triesBefore);
  }

  const registration = new Registration({ store, workerId, queues, slots: pool.size, clock, log, metrics, leases });
  await registration.announce();
  const unsubscribe = await store.onRevoked((attemptIds) => leases.stop('cancelled', attemptIds));
  await consumer.start(queues, places.total, handle);
  consuming = true;

  function drain(graceMs: number): Promise<void> {
    draining ??= (async () => {
      places.close();
      const settled = consumer.drain();
      const timer = setTimeout(() => {
        interrupting = true;
        leases.stop('interrupted');
      }, graceMs);
      await settled;
      clearTimeout(timer);
    })();
    return draining;
  }

  return {
    status: () => ({
      attempts: leases.size,
      ahead: places.ahead,
      draining: draining !== undefined,
      registeredAt: registration.announcedAt,
    }),
    drain,
    close() {
      closing ??= (async () => {
        await drain(0);
        await unsubscribe();
        await registration.withdraw();
        await leases.close();
        await consumer.close();
      })();
      return closing;
    },
  };
}

interface Inputs {
  readonly bundle: CachedBundle;
  readonly results: ReadonlyMap<string, StoredResult>;
  readonly connections: readonly ConnectionSettings[];
  readonly timeoutMs: number;
}

const NO_RESULTS: ReadonlyMap<string, StoredResult> = new Map();

/** Something that another try in a second would not find either. */
class MissingInputError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'MissingInputError';
    this.code = code;
  }
}

const cancelledBeforeStart: AttemptResult = {
  report: {
    outcome: 'failed',
    error: { name: 'Cancelled', code: 'HR_CANCELLED', message: 'The attempt was taken back before it began', retryable: false },
  },
  stopped: 'cancelled',
};

function failedBeforeStart(error: unknown): AttemptResult {
  const { name, message, code } = error as Error & { code?: unknown };
  return { report: { outcome: 'failed', error: { name, message, ...(typeof code === 'string' ? { code } : {}) } } };
}
