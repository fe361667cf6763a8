/** A schedule as its builders make it, and what a DAG may be given as one. */
import type { Jitter, ScheduleSpec, Timetable } from '@headrace/core';
import { type AssetParts, type Condition, isCondition } from '../assets/asset.ts';
import { ASSET_BRAND, type TimetableFunction } from '../definition.ts';
import { DagDefinitionError, shown } from '../definition-error.ts';
import { type Duration, durationMs } from '../duration.ts';
import { timetableOf } from './timetable-of.ts';

/** When runs come to be. */
export interface Schedule<Spec extends ScheduleSpec = ScheduleSpec> {
  readonly spec: Spec;
  /** Functions of the file that answer for it, by name. */
  readonly timetables: ReadonlyMap<string, TimetableFunction>;
  /** Assets that it waits for. */
  readonly assets: readonly AssetParts[];
}

/** A schedule by time alone. */
export type TimeSchedule = Schedule<Timetable & Jitter>;

export interface JitterOption {
  /** Every run is due up to this much later than its time; how much is fixed by DAG and time. It spreads DAGs that would all start at once. */
  readonly jitter?: Duration;
}

const NO_TIMETABLES: ReadonlyMap<string, TimetableFunction> = new Map();

/** A schedule by time, of its spec. Throws HR_BAD_DURATION. */
export function timeSchedule(
  where: string,
  timetable: Timetable,
  { jitter }: JitterOption = {},
  timetables: ReadonlyMap<string, TimetableFunction> = NO_TIMETABLES,
): TimeSchedule {
  const jitterMs = jitter === undefined ? 0 : durationMs(`${where}, jitter`, jitter);
  return { spec: { ...timetable, ...(jitterMs === 0 ? {} : { jitterMs }) }, timetables, assets: [] };
}

/** Runs only when somebody triggers it. */
export function manual(): Schedule {
  return { spec: { kind: 'manual' }, timetables: NO_TIMETABLES, assets: [] };
}

/** Runs when events have met the condition: an asset, or assets put together with `all` and `any`. Throws HR_BAD_SCHEDULE. */
export function onAssets(condition: Condition): Schedule {
  return { spec: { kind: 'assets', when: conditionOf('onAssets', condition) }, timetables: NO_TIMETABLES, assets: assetsOf(condition) };
}

/** The run is made at its time, and starts when the condition is met too. Throws HR_BAD_SCHEDULE. */
export function assetsAndTime(condition: Condition, time: TimeSchedule): Schedule {
  return both('assets_and_time', 'assetsAndTime', condition, time);
}

/** Runs at its times, and besides whenever the condition is met. Throws HR_BAD_SCHEDULE. */
export function assetsOrTime(condition: Condition, time: TimeSchedule): Schedule {
  return both('assets_or_time', 'assetsOrTime', condition, time);
}

function both(kind: 'assets_and_time' | 'assets_or_time', where: string, condition: Condition, time: TimeSchedule): Schedule {
  if (!isTimeSchedule(time))
    throw new DagDefinitionError('HR_BAD_SCHEDULE', `${where}: ${shown(time)} is no schedule by time; use for example cron('@daily')`);
  return { spec: { kind, when: conditionOf(where, condition), time: time.spec }, timetables: time.timetables, assets: assetsOf(condition) };
}

export function isSchedule(value: unknown): value is Schedule {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Schedule>).spec?.kind === 'string';
}

function isTimeSchedule(value: unknown): value is TimeSchedule {
  return isSchedule(value) && timetableOf(value.spec) === value.spec;
}

function conditionOf(where: string, condition: Condition) {
  if (!isCondition(condition))
    throw new DagDefinitionError(
      'HR_BAD_SCHEDULE',
      `${where}: ${shown(condition)} is neither an asset nor a condition made with all(…) and any(…)`,
    );
  return condition[ASSET_BRAND].condition;
}

function assetsOf(condition: Condition): readonly AssetParts[] {
  return condition[ASSET_BRAND].assets;
}
