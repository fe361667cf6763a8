/** What can be read off a schedule's spec alone. A task process needs it, so it imports no builder. */
import type { Jitter, ScheduleSpec, Timetable } from '@headrace/core';

/** The timetable of a schedule; undefined where it has none. */
export function timetableOf(spec: ScheduleSpec): (Timetable & Jitter) | undefined {
  if (spec.kind === 'manual' || spec.kind === 'assets') return undefined;
  return spec.kind === 'assets_and_time' || spec.kind === 'assets_or_time' ? spec.time : spec;
}

/** The zone in which a schedule's dates are read. */
export function zoneOf(spec: ScheduleSpec): string {
  const timetable = timetableOf(spec);
  if (timetable === undefined) return 'UTC';
  if (timetable.kind === 'cron' || timetable.kind === 'crons') return timetable.timezone;
  if (timetable.kind === 'interval' || timetable.kind === 'delta') return timetable.every.unit === 'ms' ? 'UTC' : timetable.every.timezone;
  return 'UTC';
}
