import { cron, dag, task } from '@headrace/sdk';

/** A balance needs the balance of the day before: its run waits for that run's task, and for what came directly after it. */
export default dag(
  'example_past',
  { schedule: cron('@daily'), start: '2026-01-01', catchup: { window: '30 days' }, paused: true, tags: ['example'] },
  () => {
    const balance = task('balance', { dependsOnPast: true, waitForDownstream: true }, ({ interval }) => interval.day);
    task('publish', { in: { balance } }, ({ balance }) => balance);
  },
);
