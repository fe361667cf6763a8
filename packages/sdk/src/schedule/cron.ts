/** Schedules by cron expressions. */
import type { IntervalLength } from '@headrace/core';
import { DagDefinitionError, shown } from '../definition-error.ts';
import { type Duration, durationMs } from '../duration.ts';
import { checkTimezone } from './dates.ts';
import { type JitterOption, type TimeSchedule, timeSchedule } from './schedule.ts';

export interface CronOptions extends JitterOption {
  /** IANA zone in which the expression is read. Default `UTC`. */
  readonly timezone?: string;
  /**
   * What part of time a run stands for. A duration: that long, ending at the fire time. `'cron'` (the default): from the previous fire time
   * to this one. `'trigger'`: nothing, the interval is empty and lies at the fire time (what Airflow 3 does with a cron string).
   */
  readonly interval?: Duration | 'cron' | 'trigger';
  /** Each run is of that partition of the DAG's in which its interval begins. The DAG needs `partitions` by time. Default false. */
  readonly partitioned?: boolean;
}

export interface CronsOptions extends JitterOption {
  /** IANA zone in which the expressions are read. Default `UTC`. */
  readonly timezone?: string;
  /** As with `cron`, but `'trigger'` by default: several expressions have no interval in common. */
  readonly interval?: Duration | 'trigger';
}

/** Macros that the schedule understands; anything else has five fields, or six with seconds first. */
const MACROS = new Set(['@hourly', '@daily', '@midnight', '@weekly', '@monthly', '@yearly', '@annually']);

/**
 * Runs at the times of a cron expression of five fields (minute first) or six (second first), or a macro such as `@daily`.
 * Throws HR_BAD_SCHEDULE, HR_BAD_DURATION.
 */
export function cron(expression: string, options: CronOptions = {}): TimeSchedule {
  const where = `cron(${shown(expression)})`;
  const { timezone = 'UTC', interval = 'cron' } = options;
  const text = expressionText(where, expression);
  checkTimezone(where, timezone);
  return timeSchedule(
    where,
    {
      kind: 'cron',
      expression: text,
      timezone,
      interval: interval === 'cron' ? 'cron' : lengthOf('cron interval', interval),
      ...(options.partitioned === true ? { partitioned: true } : {}),
    },
    options,
  );
}

/** Runs whenever one of the expressions says so, once where several do. Throws HR_BAD_SCHEDULE, HR_BAD_DURATION. */
export function crons(expressions: readonly string[], options: CronsOptions = {}): TimeSchedule {
  const { timezone = 'UTC', interval = 'trigger' } = options;
  const texts = expressions.map((expression) => expressionText(`crons(${shown(expression)})`, expression));
  if (texts.length === 0) throw new DagDefinitionError('HR_BAD_SCHEDULE', 'crons([]): needs at least one expression');
  checkTimezone('crons', timezone);
  return timeSchedule(
    'crons',
    { kind: 'crons', expressions: [...new Set(texts)].sort(), timezone, interval: lengthOf('crons interval', interval) },
    options,
  );
}

function expressionText(where: string, expression: unknown): string {
  const text = typeof expression === 'string' ? expression.trim().replace(/\s+/g, ' ') : '';
  const fields = text.split(' ').length;
  if (MACROS.has(text) || fields === 5 || fields === 6) return text;
  throw new DagDefinitionError(
    'HR_BAD_SCHEDULE',
    `${where}: expected five fields (minute hour day-of-month month day-of-week), six with seconds first, or one of ${[...MACROS].join(', ')}`,
  );
}

/** Throws HR_BAD_DURATION. */
export function lengthOf(what: string, interval: Duration | 'trigger'): IntervalLength {
  if (interval === 'trigger') return 'trigger';
  const lengthMs = durationMs(what, interval);
  if (lengthMs === 0)
    throw new DagDefinitionError('HR_BAD_DURATION', `${what}: must be longer than nothing; for an empty interval write 'trigger'`);
  return { lengthMs };
}
