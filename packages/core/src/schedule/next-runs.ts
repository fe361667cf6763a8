/** The runs that follow from when a DAG is due next, without its history: for people who ask what comes. */
import type { DagSpec, Instant } from '../model/dag.ts';
import { anchorOf, timetableOf } from './due-runs.ts';
import { fireTimesOf, isKnown } from './fire-times.ts';
import { jitterOf } from './jitter.ts';
import { emptyRun, type ScheduledRun } from './schedule-history.ts';

/**
 * The run that is due at `nextDueAt` and those after it, at most `count`. Of a timetable that must be asked, or that waits for runs to
 * end, none is known but the one of `once`.
 * @throws InvalidCronError, InvalidZoneError
 */
export function runsFromDue(
  spec: Pick<DagSpec, 'dagId' | 'schedule' | 'startAt' | 'endAt'>,
  firstSeenAt: Instant,
  nextDueAt: Instant,
  count: number,
): readonly ScheduledRun[] {
  const timetable = timetableOf(spec.schedule);
  const anchor = anchorOf({ firstSeenAt, ...(spec.startAt === undefined ? {} : { startAt: spec.startAt }) });
  if (timetable?.kind === 'once') return [emptyRun(anchor, nextDueAt)].slice(0, count);
  if (timetable === undefined || !isKnown(timetable)) return [];
  const fires = fireTimesOf(timetable, anchor);
  const runs: ScheduledRun[] = [];
  // Jitter never reaches the next fire time.
  let fire = fires.before(nextDueAt + 1);
  for (; fire !== undefined && fire <= (spec.endAt ?? Infinity) && runs.length < count; fire = fires.after(fire)) {
    const intervalStart = fires.startOf(fire);
    const runAfter = fire + jitterOf(spec.dagId, intervalStart, fire, fires.after(fire), timetable.jitterMs ?? 0);
    runs.push({ logicalDate: intervalStart, intervalStart, intervalEnd: fire, runAfter });
  }
  return runs;
}
