/**
 * Token buckets, each kept as one number: the instant at which it is full again.
 *
 * B1. A bucket that has been left alone until that instant holds `burst` tokens; before it, one fewer for every `perMs ÷ tokens`
 *     that are still to go. So nothing has to be poured in, and a bucket that is full need not be kept.
 * B2. In any stretch of time `t` no more than `burst + t × tokens ÷ perMs` tokens are taken.
 * B3. Tasks that name different rates for one key share the bucket; each looks at it, and takes from it, by its own rate.
 */
import type { Instant } from '../model/dag.ts';
import type { RateLimit } from '../model/limit-spec.ts';

/** Far below what any clock tells apart: instants are sums of fractions. */
const TOLERANCE_MS = 0.01;

/** When a token is there, in milliseconds; not later than `now`: it is there now. */
export function tokenAt(fullAt: Instant | undefined, rate: RateLimit, now: Instant): Instant {
  const at = (fullAt ?? now) - (rate.burst - 1) * interval(rate);
  return at <= now + TOLERANCE_MS ? now : at;
}

/** When the bucket is full again after a token was taken from it. */
export function fullAfterTaking(fullAt: Instant | undefined, rate: RateLimit, now: Instant): Instant {
  return Math.max(fullAt ?? now, now) + interval(rate);
}

function interval({ perMs, tokens }: RateLimit): number {
  return perMs / tokens;
}
