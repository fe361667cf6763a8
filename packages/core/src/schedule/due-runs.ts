/**
 * Which scheduled runs are due, for Airflow's cron timetables.
 *
 * U1. A run is due at its fire time, which is also the end of its data interval. Its logical date is the interval's start.
 * U2. Runs come in order, each fire time once: the last one made is remembered as `scheduledUpTo`.
 * U3. With `interval: 'cron'` the intervals abut: each begins where the one before ended.
 *
 * Source: Airflow 3, authoring-and-scheduling/timetable and core-concepts/dag-run.
 */

import type { CatchupPolicy, Instant } from '../model/dag.ts';
import type { ScheduleSpec } from '../model/schedule-spec.ts';
import { parseCron } from './cron.ts';
import { nextFire, previousFire } from './cron-fire.ts';

export interface ScheduledRun {
  readonly logicalDate: Instant;
  readonly intervalStart: Instant;
  readonly intervalEnd: Instant;
  readonly runAfter: Instant;
}

export interface ScheduleHistory {
  /** No interval begins before it. */
  readonly startAt?: Instant;
  /** No run is due after it. */
  readonly endAt?: Instant;
  readonly catchup: CatchupPolicy;
  /** When the DAG was first registered: stands in for `startAt`. */
  readonly firstSeenAt: Instant;
  /** When the DAG was last un-paused, or first registered. */
  readonly activeSince: Instant;
  /** End of the newest interval for which a scheduled run was made. */
  readonly scheduledUpTo?: Instant;
}

export interface DueRuns {
  readonly runs: readonly ScheduledRun[];
  /** To be kept and given back the next time. */
  readonly scheduledUpTo?: Instant;
  /** When to ask again; not after `now` when `limit` cut the answer short. Absent: never. */
  readonly nextDueAt?: Instant;
}

/**
 * The runs that are due at `now`, oldest first, at most `limit`.
 *
 * Catchup `all`: every interval since the start. `window`: those that ended less than `windowMs` ago. `off`: at most the newest
 * one; and for the trigger timetables only if it fell into the time in which the DAG was active, while `interval: 'cron'` also
 * makes the run of the interval that ended last when a DAG is un-paused (the golden cases of Airflow's timetable page).
 * @throws InvalidCronError, InvalidZoneError
 */
export function dueRuns(schedule: ScheduleSpec, history: ScheduleHistory, now: Instant, limit: number): DueRuns {
  const { scheduledUpTo, endAt = Infinity } = history;
  if (schedule.kind !== 'cron') return { runs: [], ...(scheduledUpTo === undefined ? {} : { scheduledUpTo }) };
  const fires = fireTimes(schedule);
  const runs: ScheduledRun[] = [];
  let fire = fires.from(firstFire(schedule, history, fires, now));
  while (fire <= now && fire <= endAt && runs.length < limit) {
    const intervalStart = startOf(schedule.interval, fires, fire);
    runs.push({ logicalDate: intervalStart, intervalStart, intervalEnd: fire, runAfter: fire });
    fire = fires.after(fire);
  }
  const upTo = runs.at(-1)?.intervalEnd ?? scheduledUpTo;
  return { runs, ...(upTo === undefined ? {} : { scheduledUpTo: upTo }), ...(fire <= endAt ? { nextDueAt: fire } : {}) };
}

type CronSchedule = Extract<ScheduleSpec, { kind: 'cron' }>;

interface FireTimes {
  after(instant: Instant): Instant;
  before(instant: Instant): Instant;
  /** The first one not before `instant`. */
  from(instant: Instant): Instant;
}

function fireTimes({ expression, timezone }: CronSchedule): FireTimes {
  const cron = parseCron(expression);
  return {
    after: (instant) => nextFire(cron, timezone, instant),
    before: (instant) => previousFire(cron, timezone, instant),
    from: (instant) => nextFire(cron, timezone, instant - 1),
  };
}

function startOf(interval: CronSchedule['interval'], fires: FireTimes, fire: Instant): Instant {
  if (interval === 'trigger') return fire;
  return interval === 'cron' ? fires.before(fire) : fire - interval.lengthMs;
}

/** No run fires before this instant: the latest of what start, history and catchup each ask for. */
function firstFire(schedule: CronSchedule, history: ScheduleHistory, fires: FireTimes, now: Instant): Instant {
  const { interval } = schedule;
  const start = history.startAt ?? history.firstSeenAt;
  const endOfFirstWhole = (instant: Instant): Instant => fires.after(fires.from(instant));
  const bounds: Instant[] = [];
  if (interval === 'trigger') bounds.push(start);
  else bounds.push(interval === 'cron' ? endOfFirstWhole(start) : start + interval.lengthMs);
  if (history.scheduledUpTo !== undefined) {
    // A changed expression must not make intervals that overlap those already run.
    bounds.push(interval === 'cron' ? endOfFirstWhole(history.scheduledUpTo) : history.scheduledUpTo + 1);
  }
  if (history.catchup.kind === 'window') bounds.push(now - history.catchup.windowMs + 1);
  if (history.catchup.kind === 'off') {
    bounds.push(fires.before(now + 1));
    if (interval !== 'cron') bounds.push(history.activeSince);
  }
  return Math.max(...bounds);
}
