/**
 * Which runs of a user's own timetable are due.
 *
 * W1. The function is asked for one interval after another; what it has not answered yet ends the walk, and is in `asks`.
 * W2. What catchup passes over counts as scheduled, so that the walk never begins anew.
 */
import type { Instant } from '../model/dag.ts';
import { type DueRuns, kept, type ScheduledRun, type ScheduleHistory } from './schedule-history.ts';
import { checkAnswer, type TimetableQuestion } from './timetable-function.ts';

/** Intervals looked at in one go, also when nothing is made of them. */
const STEPS_AT_ONCE = 1_000;

/** @throws TimetableAnswerError */
export function dueOfFunction(name: string, history: ScheduleHistory, now: Instant, limit: number): DueRuns {
  const { catchup, endAt = Infinity, timetables } = history;
  const runs: ScheduledRun[] = [];
  let walked: ScheduleHistory = history;
  let beforeLast: ScheduleHistory = history;
  const known = (more: Pick<DueRuns, 'nextDueAt'>): DueRuns => ({ runs: passOver(runs, history, now), ...kept(walked), ...more });
  // Which run is the newest is known only when the next one is: until then the walk stops short of it.
  const unknown = (more: Pick<DueRuns, 'nextDueAt' | 'asks'>): DueRuns =>
    catchup.kind === 'off' ? { runs: [], ...kept(beforeLast), ...more } : { ...known({}), ...more };
  for (let steps = 0; steps < STEPS_AT_ONCE; steps += 1) {
    const question = nextQuestion(walked);
    const answer = timetables === undefined ? 'pending' : timetables(name, question);
    if (answer === 'pending') return unknown({ asks: { name, question } });
    if (answer === undefined) return known({});
    const { start, end, runAfter } = checkAnswer(name, question, answer);
    if (runAfter > endAt) return known({});
    if (runAfter > now) return known({ nextDueAt: runAfter });
    if (catchup.kind !== 'off' && passOver(runs, history, now).length === limit) return known({ nextDueAt: now });
    runs.push({ logicalDate: start, intervalStart: start, intervalEnd: end, runAfter });
    beforeLast = walked;
    walked = { ...walked, scheduledFrom: start, scheduledUpTo: end };
  }
  return unknown({ nextDueAt: now });
}

/** What the timetable is to be asked next. Pure, and the same whenever it is asked. */
export function nextQuestion(history: ScheduleHistory): TimetableQuestion {
  const { scheduledUpTo: end, scheduledFrom: start = end, startAt, firstSeenAt, activeSince, catchup, endAt: latest } = history;
  const last = start === undefined || end === undefined ? undefined : { start, end };
  // Asked for the first time, it need not tell all that is passed over anyway.
  const skipped = catchup.kind === 'all' ? -Infinity : activeSince - (catchup.kind === 'window' ? catchup.windowMs : 0);
  const earliest = Math.max(startAt ?? firstSeenAt, last === undefined ? skipped : -Infinity);
  return { last, earliest, latest };
}

function passOver(runs: readonly ScheduledRun[], { catchup }: ScheduleHistory, now: Instant): readonly ScheduledRun[] {
  switch (catchup.kind) {
    case 'all':
      return runs;
    case 'window':
      return runs.filter((run) => run.intervalEnd > now - catchup.windowMs);
    case 'off':
      return runs.slice(-1);
  }
}
