import { describe, expect, test } from '@jest/globals';
import { BUGS, type Bug } from './adversary/bugs.ts';
import { runSchedule } from './adversary/run-schedule.ts';
import { faultSchedule } from './adversary/schedule.ts';

/** Each was found by trying the seeds from 1 on; the search begins here so that the test is short. */
const FOUND_AT: Readonly<Record<Bug, number>> = {
  'claim without compare-and-set': 5,
  'enqueue without outbox': 1,
  'pool counted outside the transaction': 3,
  'no re-dispatch of stale queued': 2,
  'finish without fence': 2,
  'renewal without fence': 76,
  'release without state check': 72,
  'worker ignores a lost lease': 1,
  'retry off by one': 2,
  'terminal overwritten by a late cancel': 246,
  'leases compared with a process clock': 1,
  'message id reused': 5,
  'catch-up before the start of the DAG': 1,
  'schedule saved apart from its runs': 1,
  'decision on an outdated revision': 307,
  'trigger rule judged too early': 9,
  'lost attempts are not looked for': 11,
  'shards of the dead are not taken over': 1,
  'active runs counted outside the transaction': 3,
  'gap in events ignored': 2,
};

/** Within so many schedules every bug must be found. */
const BUDGET = 5_000;

async function firstSeed(bug: Bug, from: number): Promise<number | undefined> {
  for (let seed = from; seed <= BUDGET; seed++) if ((await runSchedule(faultSchedule(seed), { bug })).violations.length > 0) return seed;
  return undefined;
}

describe('a planted bug is found', () => {
  test.each(BUGS)(
    '%s',
    async (bug) => {
      const from = FOUND_AT[bug];
      expect(await firstSeed(bug, from)).toBe(from);
      // It is the bug that is found: without it the same schedule goes well.
      expect((await runSchedule(faultSchedule(from))).violations).toEqual([]);
    },
    10 * 60_000,
  );
});
