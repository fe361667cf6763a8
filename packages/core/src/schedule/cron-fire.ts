/**
 * When a cron expression fires in a zone, also on the days on which its clocks change.
 *
 * T1. Fixed hours (`30 2 * * *`): once per local day and time. A time that is left out when clocks go forward fires at the first
 *     valid instant after the gap; several such times fire there once. A time that comes twice fires at its first occurrence.
 *     A local day that a zone leaves out as a whole has no fires.
 * T2. Hours with `*` or a step: at every instant at which the local clock shows a matching time, as time elapses. What the clock
 *     does not show does not fire, what it shows twice fires twice.
 * T3. The fires of an expression are one set of instants: next and previous walk the same set in both directions.
 */

import type { Instant } from '../model/dag.ts';
import { DAY, SECOND } from './civil-time.ts';
import { type Cron, nextLocalSecond, previousLocalSecond } from './cron-calendar.ts';
import { firstInstantOf, getZone, type Zone } from './zone.ts';

/** The first fire after `after`. @throws InvalidZoneError */
export function nextFire(cron: Cron, zone: string, after: Instant): Instant {
  return cron.elapsed ? nextElapsed(cron, getZone(zone), after) : nextFixed(cron, getZone(zone), after);
}

/** The last fire before `before`. @throws InvalidZoneError */
export function previousFire(cron: Cron, zone: string, before: Instant): Instant {
  return cron.elapsed ? previousElapsed(cron, getZone(zone), before) : previousFixed(cron, getZone(zone), before);
}

function nextElapsed(cron: Cron, zone: Zone, after: Instant): Instant {
  let period = zone.periodAt(after);
  let least = Math.floor((after + period.offset) / SECOND) + 1;
  for (;;) {
    const fire = nextLocalSecond(cron, least) * SECOND - period.offset;
    if (fire < period.until) return fire;
    period = zone.periodAt(period.until);
    least = Math.ceil((period.from + period.offset) / SECOND);
  }
}

function previousElapsed(cron: Cron, zone: Zone, before: Instant): Instant {
  let end = before;
  for (;;) {
    const period = zone.periodAt(end - 1);
    const fire = previousLocalSecond(cron, Math.ceil((end + period.offset) / SECOND) - 1) * SECOND - period.offset;
    if (fire >= period.from) return fire;
    end = period.from;
  }
}

function nextFixed(cron: Cron, zone: Zone, after: Instant): Instant {
  let second = Math.floor((after + zone.offsetAt(after)) / SECOND);
  for (;;) {
    second = nextLocalSecond(cron, second + 1);
    const fire = firstInstantOf(zone, second * SECOND);
    if (fire !== undefined && fire > after) return fire;
  }
}

function previousFixed(cron: Cron, zone: Zone, before: Instant): Instant {
  // In the second pass of a repeated hour, later times of the first pass are already over: begin with the greater offset.
  let second = Math.floor((before + Math.max(zone.offsetAt(before), zone.offsetAt(before - DAY))) / SECOND) + 1;
  for (;;) {
    second = previousLocalSecond(cron, second - 1);
    const fire = firstInstantOf(zone, second * SECOND);
    if (fire !== undefined && fire < before) return fire;
  }
}
