/**
 * Time that does not make anybody wait: while nothing works, it jumps to when something is due next.
 *
 * `dags test` runs on it, so that a retry after an hour, or a wait until tomorrow, comes at once and in its order.
 */
import type { Clock, Timers } from '@headrace/ports';

interface Waiting {
  readonly at: number;
  readonly ring: () => void;
  readonly timer: NodeJS.Timeout;
}

export class SkippingTime implements Clock, Timers {
  /** Milliseconds skipped so far. */
  #skipped = 0;
  readonly #waiting = new Set<Waiting>();

  now(): number {
    return Date.now() + this.#skipped;
  }

  monotonic(): number {
    return performance.now() + this.#skipped;
  }

  after(milliseconds: number, ring: () => void): () => void {
    const waiting: Waiting = {
      at: this.monotonic() + milliseconds,
      ring: () => {
        this.#waiting.delete(waiting);
        ring();
      },
      timer: setTimeout(() => waiting.ring(), Math.min(milliseconds + 1, 2 ** 31 - 1)),
    };
    this.#waiting.add(waiting);
    return () => {
      clearTimeout(waiting.timer);
      this.#waiting.delete(waiting);
    };
  }

  /** Goes to when the next timer rings, and rings it. False: nobody waits. */
  skip(): boolean {
    let next: Waiting | undefined;
    for (const waiting of this.#waiting) if (next === undefined || waiting.at < next.at) next = waiting;
    if (next === undefined) return false;
    this.#skipped += Math.max(0, next.at - this.monotonic());
    clearTimeout(next.timer);
    next.ring();
    return true;
  }

  stop(): void {
    for (const { timer } of this.#waiting) clearTimeout(timer);
    this.#waiting.clear();
  }
}
