/** Instants as text that people and other programs read. The core has no `Date`. */
import type { Instant } from '../model/dag.ts';
import { civilDay, DAY, HOUR, MINUTE } from '../schedule/civil-time.ts';

/** `2026-11-21T06:15:00.000Z`, as `Date.prototype.toISOString` writes the years 0 to 9999. */
export function isoInstant(instant: Instant): string {
  const number = Math.floor(instant / DAY);
  const { year, month, day } = civilDay(number);
  const rest = instant - number * DAY;
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;
  const time = `${two(Math.floor(rest / HOUR))}:${two(Math.floor((rest % HOUR) / MINUTE))}:${two(Math.floor((rest % MINUTE) / 1_000))}`;
  return `${date}T${time}.${String(Math.floor(rest % 1_000)).padStart(3, '0')}Z`;
}
