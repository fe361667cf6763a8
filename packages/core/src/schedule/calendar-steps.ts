/**
 * Instants that lie a whole number of steps from an anchor, before and after it.
 *
 * P1. Every instant is counted from the anchor, not from the one before, so that nothing drifts: a month after January 31 is the
 *     last of February, two months after it March 31.
 * P2. Days and months keep the anchor's local time of day. Where the clock leaves it out, the first instant after the gap counts; where
 *     it comes twice, the first; a day that a zone leaves out as a whole has none. (As T1 of `cron-fire.ts`.)
 * P3. They are strictly increasing.
 */
import type { Instant } from '../model/dag.ts';
import type { CalendarStep } from '../model/schedule-spec.ts';
import { civilDay, DAY, dayNumber, daysInMonth } from './civil-time.ts';
import { firstInstantOf, getZone } from './zone.ts';

export interface InstantsInOrder {
  /** The first one after `instant`. Undefined: there is none. */
  after(instant: Instant): Instant | undefined;
  /** The last one before `instant`. */
  before(instant: Instant): Instant | undefined;
}

/** @throws InvalidZoneError */
export function stepsFrom(anchor: Instant, step: CalendarStep): InstantsInOrder {
  return step.unit === 'ms' ? elapsedSteps(anchor, step.count) : localSteps(anchor, step);
}

function elapsedSteps(anchor: Instant, length: number): InstantsInOrder {
  return {
    after: (instant) => anchor + (Math.floor((instant - anchor) / length) + 1) * length,
    before: (instant) => anchor + (Math.ceil((instant - anchor) / length) - 1) * length,
  };
}

type LocalStep = Exclude<CalendarStep, { readonly unit: 'ms' }>;

/** How many steps an estimate may be wrong by: offsets move a local day by less than two days. */
const MARGIN = 3;

function localSteps(anchor: Instant, { unit, count, timezone }: LocalStep): InstantsInOrder {
  const zone = getZone(timezone);
  const local = anchor + zone.offsetAt(anchor);
  const firstDay = Math.floor(local / DAY);
  const timeOfDay = local - firstDay * DAY;
  const first = civilDay(firstDay);
  const firstMonth = first.year * 12 + first.month - 1;

  const dayOf = (steps: number): number => {
    if (unit === 'day') return firstDay + steps * count;
    const month = firstMonth + steps * count;
    const [year, monthOfYear] = [Math.floor(month / 12), month - Math.floor(month / 12) * 12 + 1];
    return dayNumber(year, monthOfYear, Math.min(first.day, daysInMonth(year, monthOfYear)));
  };
  // The anchor itself may be the second of two times with the same name.
  const at = (steps: number): Instant | undefined => (steps === 0 ? anchor : firstInstantOf(zone, dayOf(steps) * DAY + timeOfDay));
  const stepsUntil = (instant: Instant): number => {
    const day = Math.floor((instant + zone.offsetAt(instant)) / DAY);
    if (unit === 'day') return Math.floor((day - firstDay) / count);
    const { year, month } = civilDay(day);
    return Math.floor((year * 12 + month - 1 - firstMonth) / count);
  };
  return {
    after(instant) {
      for (let steps = stepsUntil(instant) - MARGIN; ; steps += 1) {
        const found = at(steps);
        if (found !== undefined && found > instant) return found;
      }
    },
    before(instant) {
      for (let steps = stepsUntil(instant) + MARGIN; ; steps -= 1) {
        const found = at(steps);
        if (found !== undefined && found < instant) return found;
      }
    },
  };
}
