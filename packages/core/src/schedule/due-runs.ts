/**
 * Which scheduled runs are due, for every timetable.
 *
 * U1. A run is due at its fire time (plus jitter), which is also the end of its data interval. Its logical date is the interval's start.
 * U2. Runs come in order, each fire time once: the last one made is remembered as `scheduledUpTo`.
 * U3. Where intervals abut, each begins where the one before ended.
 *
 * Source: Airflow 3, authoring-and-scheduling/timetable and core-concepts/dag-run. What differs on purpose is said where it does.
 */

import type { Instant } from '../model/dag.ts';
import type { Jitter, ScheduleSpec, Timetable } from '../model/schedule-spec.ts';
import { dueOfFunction } from './due-of-function.ts';
import { type FireTimes, fireTimesOf, isKnown } from './fire-times.ts';
import { jitterOf } from './jitter.ts';
import { type DueRuns, emptyRun, kept, type ScheduledRun, type ScheduleHistory } from './schedule-history.ts';

/** The part of a schedule that lies in time. Undefined: it has none. */
export function timetableOf(schedule: ScheduleSpec): (Timetable & Jitter) | undefined {
  switch (schedule.kind) {
    case 'manual':
    case 'assets':
      return undefined;
    case 'assets_and_time':
    case 'assets_or_time':
      return schedule.time;
    default:
      return schedule;
  }
}

/**
 * The runs that are due at `now`, oldest first, at most `limit`.
 *
 * Catchup `all`: every interval since the start. `window`: those that ended less than `windowMs` ago. `off`: at most the newest
 * one; and where intervals do not abut only if it fell into the time in which the DAG was active, while abutting ones also
 * make the run of the interval that ended last when a DAG is un-paused (the golden cases of Airflow's timetable page).
 * @throws InvalidCronError, InvalidZoneError, TimetableAnswerError
 */
export function dueRuns(schedule: ScheduleSpec, history: ScheduleHistory, now: Instant, limit: number): DueRuns {
  const timetable = timetableOf(schedule);
  if (timetable === undefined) return { runs: [], ...kept(history) };
  if (isKnown(timetable)) return dueOfFires(fireTimesOf(timetable, anchorOf(history)), timetable.jitterMs ?? 0, history, now, limit);
  switch (timetable.kind) {
    case 'once':
      return dueOnce(history, timetable.jitterMs ?? 0, now);
    case 'continuous':
      return dueContinuously(history, now);
    case 'custom':
      return dueOfFunction(timetable.name, history, now, limit);
  }
}

/** From where steps are counted. */
export function anchorOf({ startAt, firstSeenAt }: Pick<ScheduleHistory, 'startAt' | 'firstSeenAt'>): Instant {
  return startAt ?? firstSeenAt;
}

function dueOfFires(fires: FireTimes, jitterMs: number, history: ScheduleHistory, now: Instant, limit: number): DueRuns {
  const { endAt = Infinity, dagId = '' } = history;
  const dueAt = (at: Instant): Instant => (jitterMs === 0 ? at : at + jitterOf(dagId, fires.startOf(at), at, fires.after(at), jitterMs));
  const runs: ScheduledRun[] = [];
  let fire = fires.after(firstFire(fires, history, dueAt, now) - 1);
  while (fire !== undefined && fire <= endAt && runs.length < limit && dueAt(fire) <= now) {
    const intervalStart = fires.startOf(fire);
    runs.push({ logicalDate: intervalStart, intervalStart, intervalEnd: fire, runAfter: dueAt(fire) });
    fire = fires.after(fire);
  }
  return { ...after(runs, history), ...(fire !== undefined && fire <= endAt ? { nextDueAt: dueAt(fire) } : {}) };
}

function after(runs: readonly ScheduledRun[], history: ScheduleHistory): DueRuns {
  const last = runs.at(-1);
  return { runs, ...kept(history), ...(last === undefined ? {} : { scheduledUpTo: last.intervalEnd }) };
}

/** No run fires before this instant: the latest of what start, history and catchup each ask for. */
function firstFire(fires: FireTimes, history: ScheduleHistory, dueAt: (fire: Instant) => Instant, now: Instant): Instant {
  const start = anchorOf(history);
  const endOfFirstWhole = (instant: Instant): Instant => fires.after(fires.after(instant - 1) ?? Infinity) ?? Infinity;
  const bounds: Instant[] = [fires.abutting ? endOfFirstWhole(start) : start + fires.leadMs];
  if (history.scheduledUpTo !== undefined) {
    // A changed schedule must not make intervals that overlap those already run.
    bounds.push(fires.abutting ? endOfFirstWhole(history.scheduledUpTo) : history.scheduledUpTo + 1);
  }
  if (history.catchup.kind === 'window') bounds.push(now - history.catchup.windowMs + 1);
  if (history.catchup.kind === 'off') {
    bounds.push(newestDue(fires, dueAt, now));
    if (!fires.abutting) bounds.push(history.activeSince);
  }
  return Math.max(...bounds);
}

/** The last fire time whose run is due. With jitter the newest fire time may not be there yet. */
function newestDue(fires: FireTimes, dueAt: (fire: Instant) => Instant, now: Instant): Instant {
  const newest = fires.before(now + 1);
  if (newest === undefined) return -Infinity;
  return dueAt(newest) <= now ? newest : (fires.before(newest) ?? newest);
}

/** One run, at the start, whatever the catchup says (as Airflow's OnceTimetable). */
function dueOnce(history: ScheduleHistory, jitterMs: number, now: Instant): DueRuns {
  const { scheduledUpTo, endAt = Infinity, dagId = '' } = history;
  const at = anchorOf(history);
  if (scheduledUpTo !== undefined || at > endAt) return { runs: [], ...kept(history) };
  const dueAt = at + jitterOf(dagId, at, at, undefined, jitterMs);
  return dueAt <= now ? after([emptyRun(at, dueAt)], history) : { runs: [], nextDueAt: dueAt };
}

/**
 * A run whenever none is active. Its interval begins where the one before ended, and is never empty, so that no two have the same
 * logical date. What passed while the DAG was paused belongs to the next interval, whatever the catchup says.
 */
function dueContinuously(history: ScheduleHistory, now: Instant): DueRuns {
  const { scheduledUpTo, activeRuns = 0, endAt = Infinity } = history;
  const start = Math.max(anchorOf(history), scheduledUpTo ?? -Infinity);
  if (start + 1 > endAt) return { runs: [], ...kept(history) };
  if (activeRuns > 0) return { runs: [], ...kept(history), whenIdle: true };
  if (now <= start) return { runs: [], ...kept(history), nextDueAt: start + 1 };
  if (now > endAt) return { runs: [], ...kept(history) };
  return { ...after([{ logicalDate: start, intervalStart: start, intervalEnd: now, runAfter: now }], history), whenIdle: true };
}
