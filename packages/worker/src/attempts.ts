/**
 * The way of an attempt through a worker, from its message to its recorded outcome.
 *
 * W1. Nothing runs without a claim, and nothing counts without a fenced outcome: a message may come twice or too late.
 * W2. An attempt is in hand once. The store answers the same worker the same again, so a second message of an attempt is dropped here.
 *     A message whose attempt cannot begin here is not kept: it is passed on, for whoever has a place.
 * W3. A task process is free as soon as its task ended; its next attempt does not wait for the commit of the last one.
 */
import type { TaskState } from '@headrace/core';
import type { AttemptRef, AttemptStore, ClaimedAttempt, Metrics, TaskMessage } from '@headrace/ports';
import { type AttemptResult, NotStartedError, type TaskPool } from '@headrace/task-runtime';
import type { FinishedSpan } from '@headrace/tracing';
import { type AttemptInputs, attemptInputs, type InputSources, MissingInputError } from './attempt-inputs.ts';
import type { AttemptTraces } from './attempt-traces.ts';
import type { HeldAttempt, Leases } from './leases.ts';
import { persistently } from './persistently.ts';
import type { Places } from './places.ts';
import type { ProgressBoard } from './progress-board.ts';
import { type OutcomeRecorder, recordOutcome, storeTime } from './record-outcome.ts';
import { type TriggeredRuns, triggerRun } from './trigger-run.ts';

export interface AttemptsOptions extends OutcomeRecorder, InputSources {
  readonly store: AttemptStore;
  readonly pool: TaskPool;
  readonly leases: Leases;
  readonly places: Places;
  readonly leaseMs: number;
  /** Undefined: nobody is told how far attempts are. */
  readonly progress?: ProgressBoard;
  /** Undefined: nobody wants them. */
  readonly traces?: AttemptTraces;
  /** Undefined: tasks that want runs of other DAGs fail. */
  readonly runs?: TriggeredRuns;
  /** Called when an attempt begins or ceases to be finished: to hold no process any more, but its message. */
  onFinishing(): void;
}

/** A message that finds no place within this time is passed on, and an attempt claimed ahead that cannot begin within it is given back. */
const START_WITHIN_MS = 250;
/** Tries to get what an attempt needs before it counts as failed. */
const INPUT_TRIES = 5;
/** Lost attempts whose late messages are still known. */
const MAX_LOST = 10_000;

export class Attempts {
  readonly #options: AttemptsOptions;
  readonly #inHand = new Set<string>();
  /** Begun here and given up while the store holds them for ours: until their lease ends a further message would be answered with a claim. */
  readonly #lost = new Set<string>();
  #finishing = 0;
  #stopping = false;
  #interrupting = false;

  constructor(options: AttemptsOptions) {
    this.#options = options;
  }

  /** Attempts that hold no process any more and are being stored. */
  get finishing(): number {
    return this.#finishing;
  }

  /** What has not begun is not begun. */
  stop(): void {
    this.#stopping = true;
    this.#options.places.close();
  }

  /** What runs, or is just being claimed, is stopped. It does not count as a try. */
  interrupt(): void {
    this.#interrupting = true;
    this.#options.leases.stop('interrupted');
  }

  /** Resolves when the attempt of this message is over, is none of ours, or cannot begin here. */
  async handle({ taskInstanceId, attemptId }: TaskMessage, queue: string, passOn: () => void): Promise<void> {
    if (this.#inHand.has(attemptId) || this.#lost.has(attemptId)) return;
    this.#inHand.add(attemptId);
    try {
      if ((await this.#attend({ taskInstanceId, attemptId }, queue)) === 'not_begun') passOn();
    } finally {
      this.#inHand.delete(attemptId);
    }
  }

  async #attend(ref: AttemptRef, queue: string): Promise<'over' | 'not_begun'> {
    const { places, leases, clock, metrics, log } = this.#options;
    if (!(await places.take(START_WITHIN_MS))) return 'not_begun';
    const place = new Place(places);
    try {
      const arrivedAt = clock.monotonic();
      let claimed: ClaimedAttempt | undefined;
      try {
        claimed = await this.#claim(ref, arrivedAt);
      } catch (error) {
        // Perhaps it is ours and nobody told us: then a further claim of ours is answered.
        log.error({ error, ...ref }, 'an attempt could not be claimed; its message is passed on');
        return 'not_begun';
      }
      if (claimed === undefined) return 'over';
      observeStart(metrics, claimed, queue);
      const held = leases.hold(ref, arrivedAt);
      if (this.#interrupting) leases.stop('interrupted', [ref.attemptId]);
      try {
        return await this.#perform(claimed, held, place, arrivedAt);
      } finally {
        leases.drop(held);
      }
    } finally {
      place.giveBack();
    }
  }

  #claim(ref: AttemptRef, since: number): Promise<ClaimedAttempt | undefined> {
    const { store, workerId, leaseMs, clock, log } = this.#options;
    return persistently(
      this.#options,
      () => store.claim(ref, workerId, leaseMs),
      () => !this.#stopping && clock.monotonic() - since < leaseMs / 2,
      (error) => log.warn({ error, ...ref }, 'an attempt could not be claimed; it is tried again'),
    );
  }

  async #perform(claimed: ClaimedAttempt, held: HeldAttempt, place: Place, arrivedAt: number): Promise<'over' | 'not_begun'> {
    const { places, clock, traces, onFinishing } = this.#options;
    let inputs: AttemptInputs | undefined;
    let result: AttemptResult;
    let finishing = false;
    const free = (): void => {
      if (finishing) return;
      finishing = true;
      this.#finishing++;
      place.giveBack();
      onFinishing();
    };
    try {
      try {
        inputs = await this.#inputs(claimed);
        this.#options.lineage?.started(claimed, inputs.bundle.tasks.get(claimed.taskId));
        places.sawRoundTrip(clock.monotonic() - arrivedAt);
        result = await this.#run(claimed, inputs, held, free);
      } catch (error) {
        if (!(error instanceof NotStartedError)) result = failedBeforeStart(error);
        else if (held.signal.reason === 'cancelled') result = CANCELLED_BEFORE_START;
        else return await this.#giveBack(held);
      }
      free();
      if (result.trigger !== undefined)
        result = await triggerRun(
          claimed,
          result.trigger,
          result,
          this.#options.runs,
          storeTime(claimed, held, clock),
          traces?.parentFor(claimed),
        );
      if (result.stopped === 'lease_lost') this.#forget(held.ref.attemptId);
      else {
        const to = await this.#record(claimed, held, inputs, result);
        if (to !== undefined) traces?.ended(claimed, result, to, storeTime(claimed, held, clock));
      }
      return 'over';
    } finally {
      if (finishing) {
        this.#finishing--;
        onFinishing();
      }
    }
  }

  async #record(
    claimed: ClaimedAttempt,
    held: HeldAttempt,
    inputs: AttemptInputs | undefined,
    result: AttemptResult,
  ): Promise<TaskState | undefined> {
    try {
      return await recordOutcome(this.#options, claimed, held, inputs?.bundle, result, inputs?.connections);
    } catch (error) {
      this.#forget(held.ref.attemptId);
      throw error;
    }
  }

  /** Tried again while that may help; the error of the last try fails the attempt. */
  #inputs(claimed: ClaimedAttempt): Promise<AttemptInputs> {
    const { log } = this.#options;
    const { taskInstanceId, attemptId } = claimed;
    let tries = 0;
    return persistently(
      this.#options,
      () => attemptInputs(claimed, this.#options),
      (error) => !(error instanceof MissingInputError) && ++tries < INPUT_TRIES && !this.#stopping,
      (error) => log.warn({ error, taskInstanceId, attemptId }, 'what an attempt needs could not be read; it is tried again'),
    );
  }

  #run(claimed: ClaimedAttempt, inputs: AttemptInputs, held: HeldAttempt, free: () => void): Promise<AttemptResult> {
    const { pool, places, progress, traces, clock } = this.#options;
    const aheadMs = storeTime(claimed, held, clock) - clock.now();
    const trace = traces?.context(claimed);
    return pool.run(
      { attempt: claimed, ...inputs, aheadMs, ...(trace === undefined ? {} : { trace }) },
      {
        ...(trace === undefined ? {} : { onSpan: (span: FinishedSpan) => traces?.span(span, trace.flags, aheadMs) }),
        signal: held.signal,
        startWithinMs: START_WITHIN_MS,
        onProgress: (told, runMs) => progress?.tell(held.ref, told, runMs),
        onFreed(runMs) {
          progress?.end(held.ref);
          free();
          places.sawRun(runMs);
        },
      },
    );
  }

  /** Nothing of it has run here. If its lease has ended meanwhile, it is ours for as long as nobody took it for lost. */
  async #giveBack({ ref, deadline }: HeldAttempt): Promise<'over' | 'not_begun'> {
    const { store, workerId, places, clock, log } = this.#options;
    places.waitedInVain(START_WITHIN_MS);
    try {
      const released = await persistently(
        this.#options,
        () => store.release(ref, workerId),
        () => clock.monotonic() < deadline,
        (error) => log.warn({ error, ...ref }, 'an attempt could not be given back; it is tried again'),
      );
      return released ? 'not_begun' : 'over';
    } catch (error) {
      log.error({ error, ...ref }, 'an attempt could not be given back; its message is passed on');
      return 'not_begun';
    }
  }

  #forget(attemptId: string): void {
    this.#lost.add(attemptId);
    const [oldest] = this.#lost;
    if (this.#lost.size > MAX_LOST && oldest !== undefined) this.#lost.delete(oldest);
  }
}

/** How long it has waited for a slot, and then for a worker, by the store's clock. */
function observeStart(metrics: Metrics, { scheduledAt, queuedAt, claimedAt }: ClaimedAttempt, queue: string): void {
  metrics.count('headrace_attempts_started_total', { queue });
  if (queuedAt === undefined) return;
  metrics.observe('headrace_task_queue_delay_seconds', Math.max(0, claimedAt - queuedAt) / 1_000, { queue });
  if (scheduledAt !== undefined)
    metrics.observe('headrace_task_slot_delay_seconds', Math.max(0, queuedAt - scheduledAt) / 1_000, { queue });
}

/** A place, given back once: when the attempt's process is free, or else at the end. */
class Place {
  readonly #places: Places;
  #taken = true;

  constructor(places: Places) {
    this.#places = places;
  }

  giveBack(): void {
    if (!this.#taken) return;
    this.#taken = false;
    this.#places.release();
  }
}

const CANCELLED_BEFORE_START: AttemptResult = {
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
