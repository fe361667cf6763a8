/** Time as an attempt sees it: in a task process that of the machine. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Instant } from '@headrace/core';
import type { RunOrder } from '../protocol.ts';

export interface AttemptTime {
  now(): Instant;
  /** Rejects when the signal is aborted. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export const machineTime: AttemptTime = {
  now: () => Date.now(),
  sleep: (milliseconds, signal) => delay(milliseconds, undefined, { signal }),
};

/** Now, by the store's clock, with which whatever is due is compared. */
export function storeTime({ aheadMs = 0 }: Pick<RunOrder, 'aheadMs'>, time: AttemptTime): Instant {
  return time.now() + aheadMs;
}
