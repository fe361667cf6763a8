/** What the production core and engine tell, in a year's time or a week's. */
import { cron, dag, notify, task } from '@headrace/sdk';
import { describe, expect, test } from '@jest/globals';
import { simulate } from '../src/index.ts';

const pager = notify.webhook('pager');
const flaky = dag(
  'flaky',
  { schedule: cron('@daily'), start: '2026-01-01', catchup: 'all', onFailure: pager, onSuccess: pager, maxConsecutiveFailedRuns: 2 },
  () => {
    const rows = task('extract', { retries: 1, onRetry: pager, onFailure: pager }, () => 1);
    task('load', { in: { rows }, onFailure: pager }, () => 2);
  },
);

describe('simulated runs', () => {
  test('tell retries, failures and their end, each once; the DAG pauses itself after two failed runs', async () => {
    const result = await simulate(flaky, {
      from: '2026-01-01',
      to: '2026-01-08',
      outcomes: { extract: ({ interval }) => (interval.start.getUTCDate() >= 2 ? 'failed' : 'success') },
    });
    const told = result.notices.map(({ payload }) => payload as { readonly event: string; readonly runId?: string });
    expect(told.map(({ event, runId }) => `${event} ${runId?.slice(11, 21) ?? ''}`.trim())).toEqual([
      'run.success 2026-01-01',
      'task.retry 2026-01-02',
      'task.failure 2026-01-02',
      'run.failure 2026-01-02',
      'task.retry 2026-01-03',
      'task.failure 2026-01-03',
      'run.failure 2026-01-03',
      'dag.paused',
    ]);
    expect(new Set(result.notices.map((one) => one.key)).size).toBe(result.notices.length);
    // What was made before the pause, nothing after it.
    expect(result.runs.filter((run) => run.status === 'failed')).toHaveLength(2);
    expect(result.runs.filter((run) => run.status === 'success')).toHaveLength(1);
  });
});
