/** The fire times of every timetable that has them without being asked, and the interval that ends at each. */
import type { Instant, Milliseconds } from '../model/dag.ts';
import type { IntervalLength, Timetable } from '../model/schedule-spec.ts';
import { type InstantsInOrder, stepsFrom } from './calendar-steps.ts';
import { parseCron } from './cron.ts';
import { nextFire, previousFire } from './cron-fire.ts';

/** Timetables whose fire times follow from the spec and the DAG's start. */
export type KnownTimetable = Extract<Timetable, { kind: 'cron' | 'crons' | 'interval' | 'delta' | 'events' }>;

export interface FireTimes extends InstantsInOrder {
  /** Where the interval begins that ends at this fire time. */
  startOf(fire: Instant): Instant;
  /** Each interval begins where the one before ended. */
  readonly abutting: boolean;
  /** How long before its fire time an interval begins, where that does not depend on the calendar. */
  readonly leadMs: Milliseconds;
}

export function isKnown(timetable: Timetable): timetable is KnownTimetable {
  return timetable.kind !== 'once' && timetable.kind !== 'continuous' && timetable.kind !== 'custom';
}

/**
 * The fire times, also those before the start. `anchor`: the DAG's start, from which steps are counted.
 * @throws InvalidCronError, InvalidZoneError
 */
export function fireTimesOf(timetable: KnownTimetable, anchor: Instant): FireTimes {
  switch (timetable.kind) {
    case 'cron': {
      const fires = cronFires(timetable.expression, timetable.timezone);
      return timetable.interval === 'cron' ? withAbutting(fires) : withLength(fires, timetable.interval);
    }
    case 'crons': {
      const { expressions, timezone, interval } = timetable;
      return withLength(merged(expressions.map((expression) => cronFires(expression, timezone))), interval);
    }
    case 'interval':
      return withAbutting(stepsFrom(anchor, timetable.every));
    case 'delta':
      return withLength(stepsFrom(anchor, timetable.every), timetable.interval);
    case 'events':
      return withLength(listed(timetable.at), 'trigger');
  }
}

function cronFires(expression: string, timezone: string): InstantsInOrder {
  const cron = parseCron(expression);
  return {
    after: (instant) => nextFire(cron, timezone, instant),
    before: (instant) => previousFire(cron, timezone, instant),
  };
}

function merged(all: readonly InstantsInOrder[]): InstantsInOrder {
  const pick = (found: readonly (Instant | undefined)[], choose: (...instants: number[]) => number): Instant | undefined => {
    const some = found.filter((instant) => instant !== undefined);
    return some.length === 0 ? undefined : choose(...some);
  };
  return {
    after: (instant) =>
      pick(
        all.map((one) => one.after(instant)),
        Math.min,
      ),
    before: (instant) =>
      pick(
        all.map((one) => one.before(instant)),
        Math.max,
      ),
  };
}

/** `instants` ascend. */
function listed(instants: readonly Instant[]): InstantsInOrder {
  return {
    after: (instant) => instants.find((one) => one > instant),
    before: (instant) => instants.findLast((one) => one < instant),
  };
}

function withAbutting(fires: InstantsInOrder): FireTimes {
  return { ...fires, abutting: true, leadMs: 0, startOf: (fire) => fires.before(fire) ?? fire };
}

function withLength(fires: InstantsInOrder, interval: IntervalLength): FireTimes {
  const leadMs = interval === 'trigger' ? 0 : interval.lengthMs;
  return { ...fires, abutting: false, leadMs, startOf: (fire) => fire - leadMs };
}
