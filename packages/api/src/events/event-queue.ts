/**
 * What one reader has not taken yet.
 *
 * Q1. It holds at most `MOST_WAITING` events: a reader that is slower than what happens loses them all, and is told so by one `reset`.
 */
import type { FeedEvent } from './change-feed.ts';

const MOST_WAITING = 1_000;

export type Waiting =
  | { readonly type: 'event'; readonly event: FeedEvent }
  | { readonly type: 'reset'; readonly number: number; readonly reason: string };

export class EventQueue {
  readonly #most: number;
  #waiting: Waiting[] = [];
  #wake: () => void = () => {};

  constructor(most = MOST_WAITING) {
    this.#most = most;
  }

  push(event: FeedEvent): void {
    if (this.#waiting.length >= this.#most) this.reset(event.number, `More than ${this.#most} events waited for this reader`);
    else {
      this.#waiting.push({ type: 'event', event });
      this.#wake();
    }
  }

  clear(): void {
    this.#waiting = [];
  }

  /** Whatever waits is dropped. */
  reset(number: number, reason: string): void {
    this.#waiting = [{ type: 'reset', number, reason }];
    this.#wake();
  }

  /** All that waits, as soon as something does; nothing after `ms`, or when the signal says so. */
  async take(ms: number, signal: AbortSignal): Promise<readonly Waiting[]> {
    if (this.#waiting.length === 0 && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = setTimeout(resolve, ms);
      timer.unref();
      const stop = (): void => resolve();
      signal.addEventListener('abort', stop, { once: true });
      await promise;
      signal.removeEventListener('abort', stop);
      clearTimeout(timer);
    }
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }
}
