import { cron, dag, deadline, notify, RetryTask, task } from '@headrace/sdk';

const page = notify.run('page_somebody', (notice) => console.error('somebody should look at', notice));

/** Retries by error, of the task, of the run; who is told; by when it must be done; when to give up. */
export default dag(
  'example_trouble',
  {
    schedule: cron('0 1 * * *'),
    start: '2026-01-01',
    paused: true,
    tags: ['example'],
    retries: { max: 3, delay: '30s', backoff: 'exponential', jitter: true, on: [{ error: 'TypeError', action: 'fail' }] },
    runRetries: { max: 1, delay: '10 minutes', from: 'failed' },
    runTimeout: '6 hours',
    maxConsecutiveFailedRuns: 3,
    onFailure: [page, notify.email({ to: ['data@example.org'] })],
    deadlines: [deadline('before_breakfast', { from: 'interval_end', within: '6 hours', notify: notify.webhook('alerts') })],
  },
  () => {
    const called = task('call_an_api', { onRetry: page }, ({ attempt }) => {
      if (attempt < 3) throw new RetryTask({ after: '5s', message: 'not yet' });
      return attempt;
    });
    task('report', { in: { called } }, ({ called }) => called);
  },
);
