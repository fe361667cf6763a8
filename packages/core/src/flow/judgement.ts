/** What is to become of a node that waits, and why. */
import type { UpstreamCounts, Verdict } from './trigger-rule.ts';

export interface Judgement {
  readonly verdict: Verdict;
  /** For people. Of `wait` it says what is waited for. */
  readonly reason: string;
}

export function waitsFor(reason: string): Judgement {
  return { verdict: 'wait', reason };
}

/** Waits as its counts say; nobody reads that often enough to write it down each time. */
export const WAITS: Judgement = { verdict: 'wait', reason: 'upstream tasks are not finished' };

export function doneOf(counts: UpstreamCounts): number {
  return counts.success + counts.failed + counts.skipped + counts.upstreamFailed;
}
