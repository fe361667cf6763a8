/** One timer for "not before this instant": setting an earlier time moves it forward, a later one is left for the next look. */
import type { Instant } from '@headrace/core';
import type { Clock, Timers } from '@headrace/ports';

/** `setTimeout` counts in 32 bits, and the timers may add one. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 2;

/** What is due by this clock may not yet be due by the store's: whoever asks again must not do so without a break. */
const OVERDUE_MS = 10;

export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  readonly #timers: Timers;
  #callOff: (() => void) | undefined;
  #at: Instant | undefined;

  constructor(clock: Clock, ring: () => void, timers: Timers) {
    this.#clock = clock;
    this.#ring = ring;
    this.#timers = timers;
  }

  notLaterThan(at: Instant): void {
    if (this.#at !== undefined && this.#at <= at) return;
    this.cancel();
    this.#at = at;
    const left = at - this.#clock.now();
    const delay = left > 0 ? Math.min(left, LONGEST_TIMEOUT_MS) : OVERDUE_MS;
    this.#callOff = this.#timers.after(delay, () => {
      this.#at = undefined;
      this.#callOff = undefined;
      this.#ring();
    });
  }

  cancel(): void {
    this.#callOff?.();
    this.#callOff = undefined;
    this.#at = undefined;
  }
}
