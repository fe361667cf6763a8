/** Schedules of one run, of runs without end, of given moments, and of a user's own function. */
import type { TimetableFunction } from '../definition.ts';
import { DagDefinitionError, shown } from '../definition-error.ts';
import { checkId } from '../ids.ts';
import { checkTimezone, dateInstant } from './dates.ts';
import { type JitterOption, type TimeSchedule, timeSchedule } from './schedule.ts';

/** One run, at `start`. */
export function once(options: JitterOption = {}): TimeSchedule {
  return timeSchedule('once()', { kind: 'once' }, options);
}

/** A run whenever the one before has ended. */
export function continuous(): TimeSchedule {
  return timeSchedule('continuous()', { kind: 'continuous' });
}

export interface EventsOptions extends JitterOption {
  /** IANA zone of dates that have no offset. Default `UTC`. */
  readonly timezone?: string;
  /** A manual run takes the newest of the moments that has come as its logical date. Default false. */
  readonly restrict?: boolean;
  /** What the moments are: `'Elections'`. */
  readonly description?: string;
}

/** Runs at these moments. Throws HR_BAD_SCHEDULE, HR_BAD_DATE. */
export function events(at: readonly (string | Date)[], options: EventsOptions = {}): TimeSchedule {
  const { timezone = 'UTC', restrict = false, description } = options;
  checkTimezone('events', timezone);
  if (!Array.isArray(at) || at.length === 0) throw new DagDefinitionError('HR_BAD_SCHEDULE', 'events([]): needs at least one moment');
  const instants = at.map((each, index) => dateInstant(`events, moment ${index + 1}`, each, timezone));
  return timeSchedule(
    'events',
    {
      kind: 'events',
      at: [...new Set(instants)].sort((a, b) => a - b),
      restrict,
      ...(description === undefined ? {} : { description }),
    },
    options,
  );
}

export interface TimetableOptions extends JitterOption {
  /** For people: `'The last trading day of the month'`. */
  readonly description?: string;
}

/**
 * Runs when a function of this file says so. It is asked for the interval after the last one and answers with it, or with nothing when
 * there is no more. It must be pure: asked the same twice it answers the same, without clock, chance or network. Instants are epoch
 * milliseconds. Throws HR_BAD_ID, HR_BAD_SCHEDULE.
 */
export function timetable(name: string, next: TimetableFunction, options: TimetableOptions = {}): TimeSchedule {
  checkId('timetable', name);
  if (typeof next !== 'function') throw new DagDefinitionError('HR_BAD_SCHEDULE', `timetable("${name}"): ${shown(next)} is no function`);
  const { description } = options;
  return timeSchedule(
    `timetable("${name}")`,
    { kind: 'custom', name, ...(description === undefined ? {} : { description }) },
    options,
    new Map([[name, next]]),
  );
}
