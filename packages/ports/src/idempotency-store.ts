/**
 * Requests that carry an Idempotency-Key, and what they were answered with, so that one that is sent again is not done again.
 *
 * ID1. Of several that come at once with one key, one is told to go on.
 * ID2. Who dies while at it is waited for until its lease ends; then the next that comes may do it.
 * ID3. Times are given by the caller.
 */
import type { Instant } from '@headrace/core';

export interface IdempotentRequest {
  /** Who sends it: keys of others are others. */
  readonly scope: string;
  readonly key: string;
  /** By which the same request is known again. */
  readonly requestHash: string;
}

export interface KeptAnswer {
  readonly status: number;
  readonly contentType?: string;
  /** Absent: it was done, but what was answered is kept nowhere. */
  readonly body?: string;
}

export type BegunRequest =
  /** Go on, and say how it ended by this claim. */
  | { readonly kind: 'new'; readonly claim: string }
  | { readonly kind: 'running' }
  | { readonly kind: 'other-request' }
  | { readonly kind: 'answered'; readonly answer: KeptAnswer };

export interface IdempotencyStore {
  begin(
    request: IdempotentRequest,
    at: { readonly now: Instant; readonly leaseUntil: Instant; readonly expiresAt: Instant },
  ): Promise<BegunRequest>;
  /** Nothing happens if the claim is another's by now. */
  answer(request: IdempotentRequest, claim: string, answer: KeptAnswer): Promise<void>;
  /** It failed in a way that may pass: whoever sends it again does it. */
  release(request: IdempotentRequest, claim: string): Promise<void>;
  /** Forgets what has expired, as many as `limit`; answers how many those were. */
  sweep(now: Instant, limit: number): Promise<number>;
}

/** Longer answers are not kept. */
export const LONGEST_KEPT_ANSWER = 65_536;
