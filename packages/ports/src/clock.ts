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

/** Timers, so that a virtual clock can stand behind them. */
export interface Timers {
  /** Calls back once, when so long has passed and never before. The answer calls it off. */
  after(milliseconds: number, ring: () => void): () => void;
}

export const systemTimers: Timers = {
  after(milliseconds, ring) {
    // One more: a timer of Node may ring a fraction of a millisecond early.
    const timer = setTimeout(ring, milliseconds + 1);
    return () => clearTimeout(timer);
  },
};
