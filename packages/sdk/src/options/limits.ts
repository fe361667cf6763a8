/** Limits of a task besides its pool and its DAG's. */
import type { TaskLimits } from '@headrace/core';
import { REFERENCE_BRAND, type Reference } from '../definition.ts';
import { DagDefinitionError, shown } from '../definition-error.ts';
import { type Duration, durationMs } from '../duration.ts';
import { isReference, referenceName } from '../references.ts';
import { wholeNumber } from './checked-values.ts';

/** What tasks share, in whatever DAG they are. May hold params: `` text`crm/${params.tenant}` ``. */
export type LimitKey = string | Reference<string>;

export interface LimitOptions {
  /** Instances of this task at once, over all runs. */
  readonly maxActive?: number;
  /** … and in one run. */
  readonly maxActivePerRun?: number;
  /** Tasks at once that name the same key; where their limits differ the smallest counts. */
  readonly concurrency?: readonly { readonly key: LimitKey; readonly limit: number }[];
  /** Starts of tasks that name the same key: so many in this time, evenly. `burst`: how many may come at once after a pause; default `limit`. */
  readonly rate?: readonly { readonly key: LimitKey; readonly limit: number; readonly per: Duration; readonly burst?: number }[];
}

/** Throws HR_BAD_OPTION, HR_BAD_DURATION. */
export function taskLimits(where: string, { maxActive, maxActivePerRun, concurrency = [], rate = [] }: LimitOptions): TaskLimits {
  return {
    ...(maxActive === undefined ? {} : { maxActive: wholeNumber(`${where}.maxActive`, maxActive, 1) }),
    ...(maxActivePerRun === undefined ? {} : { maxActivePerRun: wholeNumber(`${where}.maxActivePerRun`, maxActivePerRun, 1) }),
    ...(concurrency.length === 0
      ? {}
      : {
          concurrency: byKey(
            concurrency.map(({ key, limit }) => ({
              key: keyText(`${where}.concurrency`, key),
              limit: wholeNumber(`${where}.concurrency`, limit, 1),
            })),
          ),
        }),
    ...(rate.length === 0
      ? {}
      : {
          rate: byKey(
            rate.map(({ key, limit, per, burst }) => ({
              key: keyText(`${where}.rate`, key),
              tokens: wholeNumber(`${where}.rate`, limit, 1),
              perMs: moreThanNothing(`${where}.rate, per`, per),
              burst: wholeNumber(`${where}.rate, burst`, burst ?? limit, 1),
            })),
          ),
        }),
  };
}

function byKey<T extends { readonly key: string }>(limits: readonly T[]): readonly T[] {
  return limits.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

function moreThanNothing(what: string, duration: Duration): number {
  const ms = durationMs(what, duration);
  if (ms === 0) throw new DagDefinitionError('HR_BAD_DURATION', `${what}: must be longer than nothing`);
  return ms;
}

/** A key as the spec has it: params stand in braces, `crm/{params.tenant}`. */
function keyText(what: string, key: unknown): string {
  if (typeof key === 'string' && key.trim() !== '' && !/[{}]/.test(key)) return key;
  if (isReference(key)) {
    const source = key[REFERENCE_BRAND];
    if (source.kind !== 'text') return inBraces(what, key);
    return source.parts
      .map((part, index) => {
        const value = source.values[index];
        return part + (index >= source.values.length ? '' : isReference(value) ? inBraces(what, value) : String(value));
      })
      .join('');
  }
  throw new DagDefinitionError('HR_BAD_OPTION', `${what}: ${shown(key)} is no key; write a name, or text\`…\` with params in it`);
}

function inBraces(what: string, reference: Reference<unknown>): string {
  const name = referenceName(reference);
  if (!name.startsWith('params.')) throw new DagDefinitionError('HR_BAD_OPTION', `${what}: a key can hold params, but not ${name}`);
  return `{${name}}`;
}
