/** What is tidied up now and then, by the clock on the wall: node-cron calls, the store does it, any number of schedulers may. */
import type { Log, ProgressStore, SchedulerStore } from '@headrace/ports';
import { schedule } from 'node-cron';

const EVERY_TEN_MINUTES = '*/10 * * * *';
/** Long enough that a person who looks for a dead worker still finds it. */
const FORGET_DEAD_AFTER_MS = 24 * 60 * 60 * 1_000;

export interface HousekeepingOptions {
  readonly store: Pick<SchedulerStore, 'forgetDead'>;
  readonly progress: Pick<ProgressStore, 'forgetEnded'>;
  readonly log: Log;
}

export function startHousekeeping({ store, progress, log }: HousekeepingOptions): { stop(): Promise<void> } {
  const task = schedule(
    EVERY_TEN_MINUTES,
    async () => {
      try {
        const forgotten = await store.forgetDead(FORGET_DEAD_AFTER_MS);
        await progress.forgetEnded();
        if (forgotten > 0) log.info({ forgotten }, 'workers and schedulers that died long ago were forgotten');
      } catch (error) {
        log.warn({ error }, 'housekeeping failed and will be done again');
      }
    },
    { name: 'housekeeping', noOverlap: true },
  );
  return {
    async stop() {
      await task.destroy();
    },
  };
}
