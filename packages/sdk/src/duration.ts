import { DagDefinitionError, shown } from './definition-error.ts';

type Unit =
  | 'ms'
  | 'millisecond'
  | 'milliseconds'
  | 's'
  | 'second'
  | 'seconds'
  | 'm'
  | 'min'
  | 'minute'
  | 'minutes'
  | 'h'
  | 'hour'
  | 'hours'
  | 'd'
  | 'day'
  | 'days'
  | 'w'
  | 'week'
  | 'weeks';

/** A length of time: `'30s'`, `'2 hours'`, `'1 day'`, or `{ ms: 1500 }`. A bare number is refused, because its unit cannot be seen. A day is 24 hours. */
export type Duration = `${number}${Unit}` | `${number} ${Unit}` | { readonly ms: number };

const MS_PER_UNIT: ReadonlyMap<string, number> = new Map([
  ...unit(1, 'ms', 'millisecond', 'milliseconds'),
  ...unit(1000, 's', 'second', 'seconds'),
  ...unit(60_000, 'm', 'min', 'minute', 'minutes'),
  ...unit(3_600_000, 'h', 'hour', 'hours'),
  ...unit(86_400_000, 'd', 'day', 'days'),
  ...unit(604_800_000, 'w', 'week', 'weeks'),
]);

function unit(ms: number, ...names: string[]): [string, number][] {
  return names.map((name) => [name, ms]);
}

/**
 * A duration in whole milliseconds. `what` names the option in the error.
 * Throws HR_BAD_DURATION for anything else than a `Duration`, a fraction of a millisecond or a negative length.
 */
export function durationMs(what: string, duration: unknown): number {
  const ms = parse(duration);
  if (ms === undefined || !Number.isSafeInteger(ms) || ms < 0) {
    const hint = typeof duration === 'number' ? `the unit of ${duration} is missing` : `${shown(duration)} is not a duration`;
    throw new DagDefinitionError('HR_BAD_DURATION', `${what}: ${hint}; write for example '30s', '2 hours', '1 day' or { ms: 1500 }`);
  }
  return ms;
}

function parse(duration: unknown): number | undefined {
  if (typeof duration === 'object' && duration !== null && 'ms' in duration)
    return typeof duration.ms === 'number' ? duration.ms : undefined;
  if (typeof duration !== 'string') return undefined;
  const match = /^(\d+(?:\.\d+)?) ?([a-z]+)$/.exec(duration.trim());
  const perUnit = match?.[2] === undefined ? undefined : MS_PER_UNIT.get(match[2]);
  if (match?.[1] === undefined || perUnit === undefined) return undefined;
  const ms = Number(match[1]) * perUnit;
  // 0.1 hours is 360000.00000000006 in binary.
  return Math.abs(ms - Math.round(ms)) < 1e-6 ? Math.round(ms) : ms;
}
