/**
 * Takes backfills forward: makes and clears runs, a few ahead of what may run at once, until nothing is left to do.
 *
 * BD1. What is made and what is claimed for clearing is decided by the core and saved in one transaction; clearing itself is a command
 *      like a person's, done afterwards and again after a crash.
 * BD2. How many of the runs really run is up to whoever starts runs.
 */
import { advanceBackfill } from '@headrace/core';
import type { BackfillStore, Log, Metrics, RunCommands, RunToClear, StoreEvent } from '@headrace/ports';
import type { Duty, DutyReport } from './duty.ts';

export interface BackfillDutyOptions {
  readonly store: Pick<BackfillStore, 'advance' | 'noteCleared' | 'cancelledRuns'>;
  readonly commands: Pick<RunCommands, 'clear' | 'cancelRun'>;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Dates of one backfill looked at in one step. */
const DATES_AT_ONCE = 100;
const CANCELLED_AT_ONCE = 50;

export function createBackfillDuty({ store, commands, log, metrics }: BackfillDutyOptions): Duty {
  let isOpen = false;

  async function clear({ backfillId, position, dagId, runId, onLatestVersion }: RunToClear): Promise<void> {
    const answer = await commands.clear(dagId, { runId }, { onLatestVersion });
    const cleared = answer !== 'not_found' && answer.affected.length > 0;
    await store.noteCleared(backfillId, position, cleared ? undefined : 'nothing to clear');
  }

  async function cancelRest(): Promise<boolean> {
    const runs = await store.cancelledRuns(CANCELLED_AT_ONCE);
    for (const { dagId, runId } of runs) await commands.cancelRun(dagId, runId);
    return runs.length === CANCELLED_AT_ONCE;
  }

  return {
    name: 'backfill',
    /** A run that ends may leave a place. */
    concerns: (event: StoreEvent) => isOpen && event.type === 'run',
    async perform(): Promise<DutyReport> {
      let moves = 0;
      const { open, created, toClear, completed } = await store.advance(DATES_AT_ONCE, (progress) => {
        const next = advanceBackfill(progress);
        moves += next.length;
        return next;
      });
      isOpen = open > 0;
      for (const run of toClear) await clear(run);
      if (created.length > 0) metrics.count('headrace_runs_created_total', { run_type: 'backfill' }, created.length);
      if (created.length + toClear.length > 0) log.info({ created: created.length, cleared: toClear.length }, 'backfills went on');
      for (const backfillId of completed) log.info({ backfillId }, 'a backfill is complete');
      const more = await cancelRest();
      // Until nothing can be done: dates that were skipped made room for others to be looked at.
      return { more: more || moves > 0 };
    },
  };
}
