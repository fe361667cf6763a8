import type { Instant } from '@headrace/core';

/** The wall clock and the dice, so that a decision never reads them itself. */
export interface Clock {
  /** Milliseconds since the epoch. Only for what a person sees and for schedules: leases use the store's own time. */
  now(): Instant;
  /** Milliseconds that never go backwards, for local deadlines. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
