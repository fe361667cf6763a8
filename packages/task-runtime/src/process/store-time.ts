import type { Instant } from '@headrace/core';
import type { RunOrder } from '../protocol.ts';

/** Now, by the store's clock, with which whatever is due is compared. */
export function storeTime({ aheadMs = 0 }: Pick<RunOrder, 'aheadMs'>): Instant {
  return Date.now() + aheadMs;
}
