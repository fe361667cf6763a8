/**
 * Takes messages of one queue, one BullMQ worker session at a time.
 *
 * R1. A message is taken only when there is a place to run it: none waits inside a busy worker while another worker is idle.
 * R2. The reader never ends by itself: an error, an outage or a hung connection leads to a new session.
 * R3. BullMQ's lock guards nothing. A message whose lock was lost is delivered again, and the claim in the store refuses it.
 *
 * BullMQ's own main loop is not used, because its concurrency is per queue and ours is per worker.
 */
import type { Log, Metrics, TaskHandler } from '@headrace/ports';
import { Job } from 'bullmq';
import type { Backend, WorkerSession } from './backend.ts';
import { AbortedError, pause, unlessAborted, withDeadline } from './deadline.ts';
import { decodeJob } from './message.ts';
import type { Places } from './places.ts';

export interface ReaderTiming {
  /** How long one wait at an empty queue lasts before it is looked at anyway. */
  readonly idleMs: number;
  /** How long a message that announced itself may wait for a place before other workers are told. */
  readonly patienceMs: number;
  /** BullMQ's lock on a message in a handler; it is renewed at a third of it. */
  readonly lockMs: number;
  /** How often messages of dead workers are looked for. */
  readonly stalledIntervalMs: number;
}

export interface ReaderContext {
  readonly backend: Backend;
  readonly places: Places;
  readonly timing: ReaderTiming;
  readonly workerId: string;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly handle: TaskHandler;
}

interface Session extends WorkerSession {
  readonly abort: AbortController;
  /** Lock tokens of the jobs in handlers. */
  readonly held: Map<string, string>;
}

const errorsBeforeNewSession = 3;
const errorPauseMs = 250;
const interruptMs = 1_000;

export class QueueReader {
  readonly queue: string;
  readonly #context: ReaderContext;
  readonly #stop = new AbortController();
  /** Raised when a stop has waited long enough for an answer of the server. */
  readonly #abandon = new AbortController();
  readonly #lanes = new Set<Promise<void>>();
  #session: Session | undefined;
  #running: Promise<void> | undefined;
  #tokens = 0;
  /** When the questions were asked to which the server owes an answer. */
  readonly #asked = new Set<{ readonly at: number }>();

  constructor(queue: string, context: ReaderContext) {
    this.queue = queue;
    this.#context = context;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** For how many milliseconds the server has owed an answer, the oldest if several. */
  silentFor(): number {
    const [oldest] = this.#asked;
    return oldest === undefined ? 0 : performance.now() - oldest.at;
  }

  /** Gives up the present session; a new one follows. Handlers in flight go on. */
  renew(): void {
    this.#session?.abort.abort();
  }

  /** Takes no more. Resolves when no message can be taken any more; handlers may still be in flight. */
  async stop(): Promise<void> {
    this.#stop.abort();
    const session = this.#session;
    // Ends a wait at the empty queue, so that this worker does not swallow the sign of a new message.
    const interrupted = session?.worker.getBackend().disconnectBlocking(false);
    const ended = Promise.all([interrupted, this.#running]);
    // A server that is away may hold up both for as long as it stays away.
    await withDeadline(ended, interruptMs, 'Ending a wait at the queue').catch(() => this.#abandon.abort());
    await this.#running;
  }

  /** Resolves when every message taken has been handled and, if the server answers, struck off. */
  async settled(): Promise<void> {
    while (this.#lanes.size > 0) await Promise.all(this.#lanes);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#abandon.abort();
    this.#session?.abort.abort();
    await this.#running;
    await this.#session?.close();
  }

  async #run(): Promise<void> {
    const { log } = this.#context;
    while (!this.#stop.signal.aborted) {
      const session = this.#open();
      try {
        await this.#consume(session);
      } catch (error) {
        if (!(error instanceof AbortedError)) log.warn({ err: error, queue: this.queue }, 'Reading the queue failed; connecting anew');
      }
      // On a stop the session stays open for handlers in flight, until `close`.
      if (this.#stop.signal.aborted) return;
      session.abort.abort();
      await session.close();
      await pause(errorPauseMs, this.#stop.signal);
    }
  }

  #open(): Session {
    const { backend, timing, log } = this.#context;
    const session: Session = { ...backend.openWorker(this.queue, timing), abort: new AbortController(), held: new Map() };
    const renewal = setInterval(() => {
      if (session.held.size === 0) return;
      session.worker
        .extendJobLocks([...session.held.keys()], [...session.held.values()], timing.lockMs)
        .catch((error: unknown) => log.debug({ err: error, queue: this.queue }, 'Renewing locks on messages failed'));
    }, timing.lockMs / 3);
    session.abort.signal.addEventListener('abort', () => clearInterval(renewal), { once: true });
    this.#session = session;
    return session;
  }

  async #consume(session: Session): Promise<void> {
    const { worker } = session;
    const { places, timing } = this.#context;
    const signal = AbortSignal.any([this.#stop.signal, session.abort.signal]);
    await unlessAborted(worker.waitUntilReady(), signal);
    await worker.startStalledCheckTimer();

    let mayHoldMessages = true;
    let errors = 0;
    while (!signal.aborted) {
      try {
        if (!mayHoldMessages) {
          const signed = await this.#ask(worker.getBackend().waitForJob(timing.idleMs / 1_000), session);
          if (signed !== null && !(await places.take(this.queue, signal, timing.patienceMs))) {
            await this.#passOn(session);
            if (!(await places.take(this.queue, signal))) break;
          } else if (signed === null && !(await places.take(this.queue, signal))) break;
        } else if (!(await places.take(this.queue, signal))) break;
        mayHoldMessages = await this.#takeOne(session);
        errors = 0;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof AbortedError || ++errors >= errorsBeforeNewSession) throw error;
        this.#context.log.debug({ err: error, queue: this.queue }, 'Reading the queue failed; trying again');
        await pause(errorPauseMs, signal);
      }
    }
  }

  /** With a place in hand: takes a message into a lane of its own, or gives the place back. */
  async #takeOne(session: Session): Promise<boolean> {
    const token = `${this.#context.workerId}:${++this.#tokens}`;
    let job: Job | undefined;
    try {
      job = await this.#ask(session.worker.getNextJob(token, { block: false }), session);
    } finally {
      if (job === undefined) this.#context.places.release();
    }
    if (job === undefined) return false;
    const lane = this.#handleFrom(job, token, session).finally(() => {
      this.#context.places.release();
      this.#lanes.delete(lane);
    });
    this.#lanes.add(lane);
    return true;
  }

  /** Handles the message and those that follow it in the same place. Never rejects. */
  async #handleFrom(first: Job, token: string, session: Session): Promise<void> {
    const { log, metrics } = this.#context;
    let job: Job | undefined = first;
    while (job !== undefined) {
      const message = decodeJob(job.id, job.data);
      const id = job.id ?? '';
      session.held.set(id, token);
      let isPassedOn = false;
      const passOn = (): void => {
        isPassedOn = true;
      };
      if (message === undefined) {
        log.warn({ queue: this.queue, jobId: id.slice(0, 100) }, 'Dropped a message that the scheduler cannot have sent');
        metrics.count('headrace_queue_invalid_messages_total', { queue: this.queue });
      } else {
        try {
          await this.#context.handle(message, this.queue, passOn);
        } catch (error) {
          log.error({ err: error, queue: this.queue, ...message }, 'The handler of a message failed; the message is dropped');
        }
      }
      session.held.delete(id);
      job = isPassedOn ? await this.#putBack(job, token, session) : await this.#strikeOff(job, token, session);
    }
  }

  /** Removes a handled job and takes the next one in the same round trip, if this place may be kept. */
  async #strikeOff(job: Job, token: string, session: Session): Promise<Job | undefined> {
    const { places, log } = this.#context;
    if (session.abort.signal.aborted) return undefined;
    const takeNext = !this.#stop.signal.aborted && places.mayKeep(this.queue);
    job.opts.removeOnComplete = true;
    try {
      const next = await this.#ask(job.moveToCompleted(null, token, takeNext), session, true);
      const [data, id] = Array.isArray(next) ? next : [];
      if (!data || id === undefined) return undefined;
      const taken = Job.fromJSON(session.worker, data, String(id));
      taken.token = token;
      return taken;
    } catch (error) {
      // Flushed, or delivered again to another worker meanwhile: it is theirs to strike off.
      log.debug({ err: error, queue: this.queue }, 'A handled message was no longer in the queue');
      return undefined;
    }
  }

  /** Of a message that its handler passed on. Its place is free for another one only then: it must not come back at once to be passed on again. */
  async #putBack(job: Job, token: string, session: Session): Promise<undefined> {
    if (session.abort.signal.aborted) return;
    try {
      await this.#ask(job.moveToWait(token), session, true);
    } catch (error) {
      this.#context.log.debug({ err: error, queue: this.queue }, 'A message that was passed on was no longer in the queue');
    }
  }

  /** Wakes another worker for a message that this one has no place for: taking it and putting it back repeats the sign. */
  async #passOn(session: Session): Promise<void> {
    const token = `${this.#context.workerId}:${++this.#tokens}`;
    const job = await this.#ask(session.worker.getNextJob(token, { block: false }), session);
    if (job !== undefined) await this.#ask(job.moveToWait(token), session);
  }

  /** Gives up when the session does, and, unless handlers depend on it, when a stop does. */
  async #ask<T>(answer: Promise<T>, session: Session, isOfHandler = false): Promise<T> {
    const question = { at: performance.now() };
    this.#asked.add(question);
    try {
      const answered = unlessAborted(answer, session.abort.signal);
      return await (isOfHandler ? answered : unlessAborted(answered, this.#abandon.signal));
    } finally {
      this.#asked.delete(question);
    }
  }
}
