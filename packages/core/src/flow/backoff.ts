/** How long to wait between two tries. */
import type { Milliseconds, RetryPolicy } from '../model/dag.ts';

/**
 * The delay after try `tryNumber` (1 is the first), in whole milliseconds.
 * Exponential: `delayMs × 2^(tryNumber − 1)`, at most `maxDelayMs`; then the jitter takes off up to its share, as `dice` in [0, 1) says.
 * An `override` (from a retry rule or the error itself) is taken as it is: whoever names a time means that time.
 */
export function retryDelay(policy: RetryPolicy, tryNumber: number, dice: number, override?: Milliseconds): Milliseconds {
  if (override !== undefined) return Math.max(0, Math.round(override));
  const full = policy.backoff === 'exponential' ? Math.min(policy.maxDelayMs, policy.delayMs * 2 ** (tryNumber - 1)) : policy.delayMs;
  return Math.round(full * (1 - policy.jitter * dice));
}
