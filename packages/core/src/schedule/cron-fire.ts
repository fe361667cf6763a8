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
import { DAY, MINUTE } from './civil-time.ts';
import { type Cron, nextLocalMinute, previousLocalMinute } from './cron-calendar.ts';
import { getZone, type Zone } from './zone.ts';

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
  let least = Math.floor((after + period.offset) / MINUTE) + 1;
  for (;;) {
    const fire = nextLocalMinute(cron, least) * MINUTE - period.offset;
    if (fire < period.until) return fire;
    period = zone.periodAt(period.until);
    least = Math.ceil((period.from + period.offset) / MINUTE);
  }
}

function previousElapsed(cron: Cron, zone: Zone, before: Instant): Instant {
  let end = before;
  for (;;) {
    const period = zone.periodAt(end - 1);
    const fire = previousLocalMinute(cron, Math.ceil((end + period.offset) / MINUTE) - 1) * MINUTE - period.offset;
    if (fire >= period.from) return fire;
    end = period.from;
  }
}

function nextFixed(cron: Cron, zone: Zone, after: Instant): Instant {
  let minute = Math.floor((after + zone.offsetAt(after)) / MINUTE);
  for (;;) {
    minute = nextLocalMinute(cron, minute + 1);
    const fire = firstInstantOf(zone, minute);
    if (fire !== undefined && fire > after) return fire;
  }
}

function previousFixed(cron: Cron, zone: Zone, before: Instant): Instant {
  // In the second pass of a repeated hour, later times of the first pass are already over: begin with the greater offset.
  let minute = Math.floor((before + Math.max(zone.offsetAt(before), zone.offsetAt(before - DAY))) / MINUTE) + 1;
  for (;;) {
    minute = previousLocalMinute(cron, minute - 1);
    const fire = firstInstantOf(zone, minute);
    if (fire !== undefined && fire < before) return fire;
  }
}

/** When the local clock first shows this minute, or would have; undefined when its whole day is left out. */
function firstInstantOf(zone: Zone, localMinute: number): Instant | undefined {
  const asUtc = localMinute * MINUTE;
  const earlier = zone.offsetAt(asUtc - DAY);
  const later = zone.offsetAt(asUtc + DAY);
  if (earlier === later) return asUtc - earlier;
  const shown = [asUtc - earlier, asUtc - later].filter((instant) => instant + zone.offsetAt(instant) === asUtc);
  if (shown.length > 0) return Math.min(...shown);
  if (later - earlier >= DAY) return undefined;
  return transitionBefore(zone, asUtc - earlier);
}

function transitionBefore(zone: Zone, instant: Instant): Instant {
  let period = zone.periodAt(instant);
  for (let before = zone.periodAt(period.from - 1); before.offset === period.offset; before = zone.periodAt(period.from - 1))
    period = before;
  return period.from;
}
