/** At most so many requests begin within any span of so long: stricter than a bucket, which lets twice as many pass at a span's edge. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds from any beginning. */
export interface LimitClock {
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<unknown>;
}

const REAL: LimitClock = { now: () => performance.now(), sleep: (ms, signal) => sleep(ms, undefined, { signal }) };

export class RateLimit {
  readonly #clock: LimitClock;
  readonly #requests: number;
  readonly #perMs: number;
  /** When the last requests began, oldest first. */
  readonly #begun: number[] = [];

  constructor({ requests, perMs }: { readonly requests: number; readonly perMs: number }, clock: LimitClock = REAL) {
    this.#clock = clock;
    this.#requests = requests;
    this.#perMs = perMs;
  }

  /** Resolves when the caller may begin a request. */
  async turn(signal: AbortSignal): Promise<void> {
    for (;;) {
      const now = this.#clock.now();
      const oldest = this.#begun.length < this.#requests ? undefined : this.#begun[0];
      if (oldest === undefined || now - oldest >= this.#perMs) {
        if (oldest !== undefined) this.#begun.shift();
        this.#begun.push(now);
        return;
      }
      await this.#clock.sleep(Math.ceil(this.#perMs - (now - oldest)), signal);
    }
  }
}
