/** Deadlines of runs, and how long runs and tasks usually take. */
import type { Instant } from '@headrace/core';
import type { DeadlineStore } from '@headrace/ports';
import type { Database } from '../database.ts';
import { runDurations, taskDurations } from './durations.ts';
import { freshnessExpectations } from './expectations.ts';
import { judgeDeadlines } from './judge-deadlines.ts';
import { unwatchedRuns, watchDeadlines } from './unwatched-runs.ts';

const NEXT_CHECK = `select check_at from deadline where state = 'pending' order by check_at limit 1`;

export function createDeadlineStore(database: Database): DeadlineStore {
  const work = () => database.lane('work');
  /** `judge` asks for durations while it holds a connection of `work`: from another lane, so that it never waits for itself. */
  const reads = () => database.lane('reads');
  return {
    expectations: () => freshnessExpectations(work()),
    unwatched: (limit) => unwatchedRuns(work(), limit),
    watch: (deadlines) => watchDeadlines(work(), deadlines),
    judge: (limit, judge) => judgeDeadlines(work(), limit, judge),
    async nextCheck() {
      const { rows } = await work().query<{ check_at: Instant }>({ name: 'next deadline', text: NEXT_CHECK });
      return rows[0]?.check_at;
    },
    runDurations: (dagId, runs) => runDurations(reads(), dagId, runs),
    taskDurations: (dagId, runs) => taskDurations(reads(), dagId, runs),
  };
}
