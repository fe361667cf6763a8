/**
 * What a backfill does next.
 *
 * BA1. Of its runs no more run at once than its own limit says; whoever starts runs sees to that. So that a place that becomes free is
 *      taken at once, as many again are made ahead and wait.
 * BA2. What is done about a date is decided when its turn comes, from the run that is there then.
 */
import type { RunStatus } from '../model/states.ts';
import { actionFor, type BackfillAction, type ReprocessBehavior } from './plan-backfill.ts';

export interface BackfillProgress {
  readonly backfillId: string;
  readonly reprocess: ReprocessBehavior;
  readonly maxActiveRuns: number;
  /** Its runs that are queued or running, and those about to be cleared. */
  readonly live: number;
  /** The next dates that nothing was done about, in order. */
  readonly waiting: readonly WaitingDate[];
}

export interface WaitingDate {
  readonly position: number;
  readonly run?: { readonly runId: string; readonly status: RunStatus };
}

export interface BackfillMove {
  readonly position: number;
  readonly action: BackfillAction;
}

/** In the order of the dates; what is skipped takes no place. */
export function advanceBackfill({ reprocess, maxActiveRuns, live, waiting }: BackfillProgress): readonly BackfillMove[] {
  const moves: BackfillMove[] = [];
  let places = 2 * maxActiveRuns - live;
  for (const { position, run } of waiting) {
    const action = actionFor(run, reprocess);
    if (action.kind !== 'skip') {
      if (places <= 0) break;
      places -= 1;
    }
    moves.push({ position, action });
  }
  return moves;
}
