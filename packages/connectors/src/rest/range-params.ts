/** The bounds of what is to be read as an API wants to have them. They may be wider than what is asked for, never narrower. */
import { DataError } from '@headrace/dataplane';

/** `iso`: `2017-06-19T04:00:00.000Z`; `iso-seconds`: without fractions; `text`: as the column's type writes it. */
export type RangeFormat = 'iso' | 'iso-seconds' | 'date' | 'epoch-seconds' | 'epoch-ms' | 'text';

const UNIT_MS: Readonly<Record<Exclude<RangeFormat, 'text'>, number>> = {
  iso: 1,
  'iso-seconds': 1000,
  date: 86_400_000,
  'epoch-seconds': 1000,
  'epoch-ms': 1,
};

/**
 * A lower bound, rounded down. With `before` one unit earlier, for APIs that give what comes after a value and not the value itself.
 * Throws DataError HR_RANGE_FORMAT.
 */
export function lowerBound(text: string, format: RangeFormat, before: boolean): string {
  if (format === 'text') return before && /^-?\d+$/.test(text) ? String(BigInt(text) - 1n) : text;
  const unit = UNIT_MS[format];
  const { ms } = instant(text, format);
  return written(Math.floor(ms / unit) * unit - (before ? unit : 0), format);
}

/** An upper bound, rounded up. */
export function upperBound(text: string, format: RangeFormat): string {
  if (format === 'text') return text;
  const unit = UNIT_MS[format];
  const { ms, rest } = instant(text, format);
  return written(Math.ceil((ms + (rest ? 1 : 0)) / unit) * unit, format);
}

/** Whole milliseconds, and whether there is something below them. A text without a zone is in UTC. */
function instant(text: string, format: RangeFormat): { readonly ms: number; readonly rest: boolean } {
  const match = /^(\d{4,6}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,9}))?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?$/.exec(text.trim());
  const [, day = '', time = '00:00:00', fraction = '', zone = 'Z'] = match ?? [];
  const offset = /^[+-]\d{2}$/.test(zone) ? `${zone}:00` : zone.replace(/^([+-]\d{2})(\d{2})$/, '$1:$2');
  const ms = Date.parse(`${day}T${time.length === 5 ? `${time}:00` : time}.${fraction.slice(0, 3).padEnd(3, '0')}${offset}`);
  if (match === null || !Number.isFinite(ms))
    throw new DataError('HR_RANGE_FORMAT', `The bound ${text} is no time, so it cannot be sent as "${format}": use the format "text"`);
  return { ms, rest: /[1-9]/.test(fraction.slice(3)) };
}

function written(ms: number, format: RangeFormat): string {
  if (format === 'epoch-ms') return String(ms);
  if (format === 'epoch-seconds') return String(ms / 1000);
  const iso = new Date(ms).toISOString();
  if (format === 'date') return iso.slice(0, 10);
  return format === 'iso-seconds' ? `${iso.slice(0, 19)}Z` : iso;
}
