/** What can be wrong with a schedule, in words. */
import type { CalendarStep, IntervalLength, ScheduleSpec, Timetable } from '../model/schedule-spec.ts';
import { InvalidCronError, parseCron } from './cron.ts';
import { timetableOf } from './due-runs.ts';
import { isZone } from './zone.ts';

type Report = (code: 'bad_cron' | 'bad_timezone' | 'bad_value', what: string) => void;

/** A longer list is read by everybody who reads the DAG: Airflow asks for a reasonable size, we say which. */
const MOST_EVENTS = 10_000;

/** Never throws. */
export function checkSchedule(schedule: ScheduleSpec, report: Report): void {
  const timetable = timetableOf(schedule);
  if (timetable === undefined) return;
  if (timetable.jitterMs !== undefined && !isWhole(timetable.jitterMs, 0)) {
    report('bad_value', `The jitter must be whole milliseconds, not negative, but is ${timetable.jitterMs}`);
  }
  checkTimetable(timetable, report);
}

function checkTimetable(timetable: Timetable, report: Report): void {
  switch (timetable.kind) {
    case 'cron':
      checkCron(timetable.expression, report);
      checkZone(timetable.timezone, report);
      if (timetable.interval !== 'cron') checkLength(timetable.interval, report);
      break;
    case 'crons':
      if (timetable.expressions.length === 0) report('bad_cron', 'A schedule of several cron expressions needs at least one');
      for (const expression of timetable.expressions) checkCron(expression, report);
      checkZone(timetable.timezone, report);
      checkLength(timetable.interval, report);
      break;
    case 'interval':
      checkStep(timetable.every, report);
      break;
    case 'delta':
      checkStep(timetable.every, report);
      checkLength(timetable.interval, report);
      break;
    case 'events':
      checkEvents(timetable.at, report);
      break;
    case 'custom':
      if (timetable.name === '') report('bad_value', 'The timetable must have a name');
      break;
    case 'once':
    case 'continuous':
      break;
  }
}

function checkCron(expression: string, report: Report): void {
  try {
    parseCron(expression);
  } catch (error) {
    if (!(error instanceof InvalidCronError)) throw error;
    report('bad_cron', error.message);
  }
}

function checkZone(timezone: string, report: Report): void {
  if (!isZone(timezone)) report('bad_timezone', `"${timezone}" is not a time zone: use an IANA name such as "Europe/Berlin" or "UTC"`);
}

function checkLength(interval: IntervalLength, report: Report): void {
  if (interval !== 'trigger' && !isWhole(interval.lengthMs, 1)) {
    report('bad_value', `The data interval must be longer than 0 ms, but is ${interval.lengthMs}`);
  }
}

function checkStep(step: CalendarStep, report: Report): void {
  if (!isWhole(step.count, 1)) report('bad_value', `A schedule must go on by a whole number of ${step.unit} from 1, but by ${step.count}`);
  if (step.unit !== 'ms') checkZone(step.timezone, report);
}

function checkEvents(at: readonly number[], report: Report): void {
  if (at.length > MOST_EVENTS) report('bad_value', `A schedule may list ${MOST_EVENTS} events, but there are ${at.length}`);
  const wrong = at.findIndex((instant, index) => !Number.isSafeInteger(instant) || instant <= (at[index - 1] ?? -Infinity));
  if (wrong >= 0) report('bad_value', `The events of a schedule must be instants in ascending order, but event ${wrong} is ${at[wrong]}`);
}

function isWhole(value: number, least: number): boolean {
  return Number.isSafeInteger(value) && value >= least;
}
