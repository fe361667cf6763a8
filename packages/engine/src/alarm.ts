/** One timer for "not before this instant": setting an earlier time moves it forward, a later one is left for the next look. */
import type { Instant } from '@headrace/core';
import type { Clock } from '@headrace/ports';

/** `setTimeout` counts in 32 bits. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | undefined;
  #at: Instant | undefined;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  notLaterThan(at: Instant): void {
    if (this.#at !== undefined && this.#at <= at) return;
    this.cancel();
    this.#at = at;
    // One more: a timer may fire a fraction of a millisecond early.
    const delay = Math.min(Math.max(0, at - this.#clock.now() + 1), LONGEST_TIMEOUT_MS);
    this.#timer = setTimeout(() => {
      this.#at = undefined;
      this.#timer = undefined;
      this.#ring();
    }, delay);
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#at = undefined;
  }
}
