/** What a schedule says of itself, and of runs that it did not make. */
import type { Instant } from '../model/dag.ts';
import type { CalendarStep, IntervalLength, ScheduleSpec, Timetable } from '../model/schedule-spec.ts';
import type { RunType } from '../model/states.ts';
import { stepsFrom } from './calendar-steps.ts';
import { dueRuns, timetableOf } from './due-runs.ts';
import { fireTimesOf, isKnown } from './fire-times.ts';
import type { ScheduledRun, ScheduleHistory } from './schedule-history.ts';

/** The zone in which the schedule's days are days. `UTC` where it names none. */
export function timezoneOf(schedule: ScheduleSpec): string {
  const timetable = timetableOf(schedule);
  switch (timetable?.kind) {
    case 'cron':
    case 'crons':
      return timetable.timezone;
    case 'interval':
    case 'delta':
      return timetable.every.unit === 'ms' ? 'UTC' : timetable.every.timezone;
    default:
      return 'UTC';
  }
}

/**
 * The data interval of a manual run at a logical date, as Airflow's timetables infer it: the last whole interval before that date, or an
 * empty one at the date. `restrict`ed events: the newest event that has come, or the first.
 * @throws InvalidCronError, InvalidZoneError
 */
export function intervalFor(schedule: ScheduleSpec, at: Instant): { readonly start: Instant; readonly end: Instant } {
  const timetable = timetableOf(schedule);
  if (timetable === undefined || !isKnown(timetable)) return { start: at, end: at };
  switch (timetable.kind) {
    case 'interval':
      // It ends at the date, also where that is none of the timetable's own: those depend on the DAG's start.
      return { start: stepsFrom(at, timetable.every).before(at) ?? at, end: at };
    case 'events': {
      if (!timetable.restrict) return { start: at, end: at };
      const event = timetable.at.findLast((one) => one <= at) ?? timetable.at[0] ?? at;
      return { start: event, end: event };
    }
    default: {
      const fires = fireTimesOf(timetable, at);
      const end = fires.abutting ? (fires.before(at + 1) ?? at) : at;
      return { start: fires.startOf(end), end };
    }
  }
}

/**
 * The data interval of which a run is asked for by its start: up to the next fire time, or as long as the timetable says.
 * @throws InvalidCronError, InvalidZoneError
 */
export function intervalFrom(schedule: ScheduleSpec, start: Instant): { readonly start: Instant; readonly end: Instant } {
  const timetable = timetableOf(schedule);
  if (timetable === undefined || !isKnown(timetable)) return { start, end: start };
  const fires = fireTimesOf(timetable, start);
  return { start, end: fires.abutting ? (fires.after(start) ?? start) : start + fires.leadMs };
}

/**
 * The next runs that the schedule will make, oldest first, those that are due already among them. A timetable whose function has not
 * answered, or that waits for runs to end, gives fewer.
 * @throws InvalidCronError, InvalidZoneError, TimetableAnswerError
 */
export function upcomingRuns(schedule: ScheduleSpec, history: ScheduleHistory, now: Instant, count: number): readonly ScheduledRun[] {
  const runs: ScheduledRun[] = [];
  let known = history;
  for (let at = now; runs.length < count; ) {
    const due = dueRuns(schedule, known, at, count - runs.length);
    runs.push(...due.runs);
    if (due.nextDueAt === undefined) break;
    at = Math.max(at, due.nextDueAt);
    known = {
      ...known,
      ...(due.scheduledUpTo === undefined ? {} : { scheduledUpTo: due.scheduledUpTo }),
      ...(due.scheduledFrom === undefined ? {} : { scheduledFrom: due.scheduledFrom }),
      activeRuns: (known.activeRuns ?? 0) + due.runs.length,
    };
  }
  return runs;
}

/**
 * Whether no later scheduled run is due yet: what latest-only asks (core-concepts/dags, "Latest Only"). Manual and asset-triggered runs
 * always are. `start`: the DAG's start, from which steps are counted; without it they are counted from the run.
 * @throws InvalidCronError, InvalidZoneError
 */
export function isLatestRun(
  schedule: ScheduleSpec,
  run: { readonly runType: RunType; readonly intervalEnd?: Instant },
  now: Instant,
  start?: Instant,
): boolean {
  const timetable = timetableOf(schedule);
  if ((run.runType !== 'scheduled' && run.runType !== 'backfill') || run.intervalEnd === undefined) return true;
  if (timetable === undefined || !isKnown(timetable)) return true;
  const next = fireTimesOf(timetable, start ?? run.intervalEnd).after(run.intervalEnd);
  return next === undefined || now < next;
}

/** In a few characters, for lists: a cron expression, `every 2 days`. Null: it has none. */
export function summarizeSchedule(schedule: ScheduleSpec): string | null {
  switch (schedule.kind) {
    case 'manual':
      return null;
    case 'assets':
      return 'assets';
    case 'assets_and_time':
      return `assets and ${summarizeTimetable(schedule.time)}`;
    case 'assets_or_time':
      return `assets or ${summarizeTimetable(schedule.time)}`;
    default:
      return summarizeTimetable(schedule);
  }
}

function summarizeTimetable(timetable: Timetable): string {
  switch (timetable.kind) {
    case 'cron':
      return timetable.expression;
    case 'crons':
      return timetable.expressions.join(', ');
    case 'interval':
    case 'delta':
      return `every ${stepInWords(timetable.every)}`;
    case 'once':
      return '@once';
    case 'continuous':
      return '@continuous';
    case 'events':
      return timetable.description ?? `${timetable.at.length} events`;
    case 'custom':
      return timetable.description ?? timetable.name;
  }
}

/** In a sentence, for people. */
export function describeSchedule(schedule: ScheduleSpec): string {
  switch (schedule.kind) {
    case 'manual':
      return 'Never, external triggers only';
    case 'assets':
      return 'When its assets have events';
    case 'assets_and_time':
      return `${describeTimetable(schedule.time)}, and then when its assets have events`;
    case 'assets_or_time':
      return `${describeTimetable(schedule.time)}, or when its assets have events`;
    default:
      return describeTimetable(schedule);
  }
}

function describeTimetable(timetable: Timetable & { readonly jitterMs?: number }): string {
  const jitter = timetable.jitterMs === undefined ? '' : `, up to ${lengthInWords(timetable.jitterMs)} later`;
  return `${plainWords(timetable)}${jitter}`;
}

function plainWords(timetable: Timetable): string {
  switch (timetable.kind) {
    case 'cron': {
      const partitioned = timetable.partitioned === true ? ', a partition each' : '';
      const data = timetable.interval === 'cron' ? ', data since the time before' : dataBefore(timetable.interval);
      return `At "${timetable.expression}" in ${timetable.timezone}${data}${partitioned}`;
    }
    case 'crons': {
      const expressions = timetable.expressions.map((expression) => `"${expression}"`).join(' and ');
      return `At ${expressions} in ${timetable.timezone}${dataBefore(timetable.interval)}`;
    }
    case 'interval':
      return `Every ${stepInWords(timetable.every)}, data since the time before`;
    case 'delta':
      return `Every ${stepInWords(timetable.every)}${dataBefore(timetable.interval)}`;
    case 'once':
      return 'Once, at its start';
    case 'continuous':
      return 'Again as soon as the run before has ended';
    case 'events':
      return timetable.description ?? `At ${timetable.at.length} given times`;
    case 'custom':
      return timetable.description ?? `As its own timetable "${timetable.name}" says`;
  }
}

function dataBefore(interval: IntervalLength): string {
  return interval === 'trigger' ? '' : `, data of ${lengthInWords(interval.lengthMs)} before`;
}

function stepInWords(step: CalendarStep): string {
  if (step.unit === 'ms') return lengthInWords(step.count);
  return `${step.count === 1 ? '' : `${step.count} `}${step.unit}${step.count === 1 ? '' : 's'} in ${step.timezone}`;
}

const LENGTHS = [
  ['day', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

function lengthInWords(milliseconds: number): string {
  const [unit, length] = LENGTHS.find(([, size]) => milliseconds >= size && milliseconds % size === 0) ?? ['ms', 1];
  const count = milliseconds / length;
  return `${count} ${unit}${unit === 'day' && count !== 1 ? 's' : ''}`;
}
