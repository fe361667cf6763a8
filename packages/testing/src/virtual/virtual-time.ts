/**
 * Time that passes only when nothing is left to do now: a clock and its timers.
 *
 * Promises that follow from a timer are all settled before the next timer rings; timers for the same instant ring in the order in
 * which they were set. So the same work gives the same order of events, however fast the machine is.
 */
import { setImmediate as turn } from 'node:timers';
import type { Instant } from '@headrace/core';
import type { Clock, Timers } from '@headrace/ports';
import { Heap } from './heap.ts';

interface Timer {
  readonly at: Instant;
  readonly order: number;
  ring: (() => void) | undefined;
}

export class VirtualTime implements Clock, Timers {
  readonly #timers = new Heap<Timer>((a, b) => a.at < b.at || (a.at === b.at && a.order < b.order));
  #now: Instant;
  #order = 0;
  /** Work in the real world that time must wait for. */
  #held = 0;
  #released: (() => void) | undefined;

  constructor(start: Instant) {
    this.#now = start;
  }

  now(): Instant {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(milliseconds: number, ring: () => void): () => void {
    const timer: Timer = { at: this.#now + Math.max(0, milliseconds), order: this.#order++, ring };
    this.#timers.push(timer);
    return () => {
      timer.ring = undefined;
    };
  }

  /** Ends early when the signal is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        callOff();
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const callOff = this.after(milliseconds, wake);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }

  /** For work that is held: sleeps, and lets time pass meanwhile. Rejects when the signal is aborted. */
  async pause(milliseconds: number, signal: AbortSignal): Promise<void> {
    this.#release();
    try {
      await this.sleep(milliseconds, signal);
    } finally {
      this.#held++;
    }
    signal.throwIfAborted();
  }

  /** Lets no time pass while the work goes on: for what happens in the real world. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    this.#held++;
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  #release(): void {
    this.#held--;
    if (this.#held === 0) this.#released?.();
  }

  /** Resolves when all that can be done now is done. */
  async settle(): Promise<void> {
    await new Promise<void>((resolve) => void turn(resolve));
    while (this.#held > 0) {
      await new Promise<void>((resolve) => {
        this.#released = resolve;
      });
      await new Promise<void>((resolve) => void turn(resolve));
    }
  }

  /** Lets time pass until `end`, or until `enough` says so, or until no timer is left. Answers with whether `enough` was said. */
  async pass(end: Instant, enough: () => boolean = () => false): Promise<boolean> {
    await this.settle();
    while (!enough()) {
      const next = this.#timers.peek();
      if (next === undefined || next.at > end) {
        this.#now = Math.max(this.#now, end);
        return false;
      }
      this.#timers.pop();
      if (next.ring === undefined) continue;
      this.#now = next.at;
      next.ring();
      await this.settle();
    }
    return true;
  }
}
