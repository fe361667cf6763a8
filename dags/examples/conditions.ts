import { files, http, postgres, waitForFile, waitForHttp, waitForRows } from '@headrace/connectors';
import { dag, every, task, text } from '@headrace/sdk';

/** Waits for what other systems bring. None of these needs a function, and none holds a slot between two looks. */
export default dag(
  'example_conditions',
  { schedule: every('1 day'), start: '2026-01-01', paused: true, tags: ['example'], defaults: { retries: { max: 3, delay: '1 minute' } } },
  ({ interval }) => {
    // All files of the day, at least three of them, once nobody has written to any for two minutes. Under `file:///…` or `s3://…`.
    const tills = waitForFile('till_files', {
      in: files('landing'),
      glob: text`${interval.day}/*.csv`,
      min: 3,
      unchangedFor: '2 minutes',
      every: '5 minutes',
      timeout: '6 hours',
    });

    // The first row of a query, as soon as its first column is neither null, 0, '0', empty nor false.
    const closing = waitForRows('day_is_closed', {
      in: postgres('pos'),
      sql: 'select closed_by, baskets from closings where day = $day::date',
      values: { day: interval.day },
      columns: { closed_by: 'text', baskets: 'int4' },
      timeout: '1 day',
    });

    // An answer with status 200 and {"state": "done"}. 404 means "not yet". Who asks is in the connection, not in this file.
    const partner = waitForHttp('partner_is_done', {
      in: http('partner'),
      path: text`exports/${interval.day}`,
      json: { at: 'state', is: 'done' },
      every: '2 minutes',
      timeout: '3 hours',
      softFail: true,
    });

    task('load', { in: { tills, closing }, after: partner, triggerRule: 'none_failed' }, ({ tills = [], closing }) => ({
      files: tills.map(({ path }) => path),
      baskets: closing?.baskets,
    }));
  },
);
