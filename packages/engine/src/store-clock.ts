/**
 * The store's time, told by a local clock that is set from time to time.
 *
 * Retries and schedules of all processes are compared with one clock, so that a machine whose clock is wrong neither
 * runs early nor late. Between two settings the local monotonic clock carries the time on.
 */
import type { Instant } from '@headrace/core';
import type { Clock } from '@headrace/ports';

export class StoreClock implements Clock {
  readonly #local: Clock;
  #base: Instant;
  #at: number;

  constructor(local: Clock) {
    this.#local = local;
    this.#base = local.now();
    this.#at = local.monotonic();
  }

  now(): Instant {
    return Math.round(this.#base + (this.#local.monotonic() - this.#at));
  }

  monotonic(): number {
    return this.#local.monotonic();
  }

  /** Sets the clock. The answer is taken to be true for the middle of the call. */
  async set(readStoreTime: () => Promise<Instant>): Promise<void> {
    const before = this.#local.monotonic();
    const base = await readStoreTime();
    const after = this.#local.monotonic();
    this.#base = base;
    this.#at = (before + after) / 2;
  }
}
