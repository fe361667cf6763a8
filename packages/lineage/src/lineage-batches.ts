/**
 * Events that are on their way at the same time, in one request: for backends that have OpenLineage's `/lineage/batch`.
 *
 * B1. An event waits for others no longer than `waitMs`, and for no more than fit into a request. Nothing but its delivery waits for it.
 * B2. Each event has its own answer: what the backend says of one by its place among them, else what became of the request.
 * B3. No more events are held than deliverers have in hand: whoever gives one waits for its answer.
 */
import { RefusedError } from '@headrace/notices';

export interface BatchLimits {
  /** In one request. */
  readonly most: number;
  readonly waitMs: number;
}

export interface EventOnItsWay {
  readonly event: unknown;
  readonly key: string;
}

/** What the backend says of events that it did not take, by their places. Those that it does not name were taken. */
export type Refusals = ReadonlyMap<number, { readonly reason: string; readonly isFinal: boolean }>;

/** One request. Rejects when it failed as a whole. */
export type SendBatch = (events: readonly EventOnItsWay[], signal: AbortSignal) => Promise<Refusals>;

interface Waiting extends EventOnItsWay {
  readonly signal: AbortSignal;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class LineageBatches {
  readonly #send: SendBatch;
  readonly #limits: BatchLimits;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(send: SendBatch, limits: BatchLimits) {
    this.#send = send;
    this.#limits = limits;
  }

  /** Resolves when the backend has the event. Rejects with RefusedError, and with the reason of the signal. */
  deliver(event: EventOnItsWay, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      this.#waiting.push({ ...event, signal, resolve, reject });
      if (this.#waiting.length >= this.#limits.most) this.#flush();
      else this.#timer ??= setTimeout(() => this.#flush(), this.#limits.waitMs);
    });
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#waiting;
    this.#waiting = [];
    // The first whose time is over ends the request for all: the others are told so, and go again.
    this.#send(batch, AbortSignal.any(batch.map(({ signal }) => signal))).then(
      (refusals) => {
        for (const [place, { resolve, reject }] of batch.entries()) {
          const refusal = refusals.get(place);
          if (refusal === undefined) resolve();
          else reject(new RefusedError(`The lineage backend refused the event: ${refusal.reason}`, { final: refusal.isFinal }));
        }
      },
      (error: unknown) => {
        for (const { reject } of batch) reject(error);
      },
    );
  }
}
