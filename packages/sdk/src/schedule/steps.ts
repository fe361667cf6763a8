/** Schedules by steps of a calendar or of elapsed time. */
import type { CalendarStep } from '@headrace/core';
import { DagDefinitionError, shown } from '../definition-error.ts';
import { type Duration, durationMs } from '../duration.ts';
import { lengthOf } from './cron.ts';
import { checkTimezone } from './dates.ts';
import { type JitterOption, type TimeSchedule, timeSchedule } from './schedule.ts';

/** A duration, or steps that only a calendar has. */
export type Step = Duration | `${number} ${'month' | 'months' | 'year' | 'years'}`;

export interface StepOptions extends JitterOption {
  /** IANA zone. With it days and weeks are those of its calendar (23 or 25 hours long when clocks change), without it 24 hours. Months are of `UTC` by default. */
  readonly timezone?: string;
}

export interface EveryOptions extends StepOptions {
  /** What part of time a run stands for: so long, ending at its time. Default `'trigger'`: none, an empty interval at its time. */
  readonly interval?: Duration | 'trigger';
}

/**
 * Intervals of this length, one after the other from `start` on: a run for each, due at its end.
 * Throws HR_BAD_SCHEDULE, HR_BAD_DURATION.
 */
export function interval(length: Step, options: StepOptions = {}): TimeSchedule {
  const where = `interval(${shown(length)})`;
  return timeSchedule(where, { kind: 'interval', every: stepOf(where, length, options.timezone) }, options);
}

/** Runs every so often, counted from `start`. Throws HR_BAD_SCHEDULE, HR_BAD_DURATION. */
export function every(step: Step, options: EveryOptions = {}): TimeSchedule {
  const where = `every(${shown(step)})`;
  return timeSchedule(
    where,
    {
      kind: 'delta',
      every: stepOf(where, step, options.timezone),
      interval: lengthOf(`${where}, interval`, options.interval ?? 'trigger'),
    },
    options,
  );
}

const CALENDAR_STEP = /^(\d+) ?(d|days?|w|weeks?|months?|years?)$/;
const DAYS: ReadonlyMap<string, number> = new Map([
  ['d', 1],
  ['w', 7],
]);
const MONTHS: ReadonlyMap<string, number> = new Map([
  ['m', 1],
  ['y', 12],
]);

function stepOf(where: string, step: Step, timezone: string | undefined): CalendarStep {
  if (timezone !== undefined) checkTimezone(where, timezone);
  const [, count = '', unit = ''] = (typeof step === 'string' ? CALENDAR_STEP.exec(step.trim()) : null) ?? [];
  const months = MONTHS.get(unit.charAt(0));
  if (months !== undefined) return calendarStep(where, 'month', Number(count) * months, timezone ?? 'UTC');
  const days = DAYS.get(unit.charAt(0));
  if (days !== undefined && timezone !== undefined) return calendarStep(where, 'day', Number(count) * days, timezone);
  const ms = durationMs(where, step);
  if (ms === 0) throw new DagDefinitionError('HR_BAD_DURATION', `${where}: must be longer than nothing`);
  return { unit: 'ms', count: ms };
}

function calendarStep(where: string, unit: 'day' | 'month', count: number, timezone: string): CalendarStep {
  if (!Number.isSafeInteger(count) || count < 1) throw new DagDefinitionError('HR_BAD_DURATION', `${where}: must be longer than nothing`);
  return { unit, count, timezone };
}
