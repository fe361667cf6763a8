/**
 * The limits of a task as keys under which its instances count while they hold a slot.
 *
 * One form for all of them: so many tasks at once under one key. The key says whose limit it is, so that a user's own key
 * never meets one that is made here.
 */
import type { TaskLimits } from '../model/limit-spec.ts';

export interface SlotLimit {
  readonly key: string;
  /** Tasks at once. Of several tasks that hold the key, the smallest counts. */
  readonly limit: number;
}

/** Which task instance it is. */
export interface LimitedTask {
  readonly dagId: string;
  readonly taskId: string;
  readonly runKey: string;
}

/** All limits of slots of one task instance, sorted by key, each key once. Keys must have been filled in. */
export function slotLimits(limits: TaskLimits | undefined, { dagId, taskId, runKey }: LimitedTask): readonly SlotLimit[] {
  if (limits === undefined) return [];
  const found = new Map<string, number>();
  if (limits.maxActive !== undefined) found.set(`task:${dagId}/${taskId}`, limits.maxActive);
  if (limits.maxActivePerRun !== undefined) found.set(`run:${runKey}/${taskId}`, limits.maxActivePerRun);
  for (const { key, limit } of limits.concurrency ?? []) {
    const named = `key:${key}`;
    found.set(named, Math.min(limit, found.get(named) ?? Infinity));
  }
  return [...found].map(([key, limit]) => ({ key, limit })).sort((a, b) => (a.key < b.key ? -1 : 1));
}

const PARAM = /\{params\.([^{}]+)\}/g;

/**
 * The limits with the `{params.…}` parts of their keys filled in, as a run begins. A path may lead into an object (`{params.shop.id}`);
 * what is text is taken as it is, anything else as JSON, and what is not there as nothing. Answers with the limits themselves
 * when there is nothing to fill in.
 */
export function filledLimits(limits: TaskLimits, params: Readonly<Record<string, unknown>>): TaskLimits {
  const keyed = [...(limits.concurrency ?? []), ...(limits.rate ?? [])];
  if (!keyed.some(({ key }) => key.includes('{params.'))) return limits;
  const filled = <T extends { readonly key: string }>(one: T): T => ({
    ...one,
    key: one.key.replace(PARAM, (_, path: string) => textOf(valueAt(params, path.split('.')))),
  });
  return {
    ...limits,
    ...(limits.concurrency === undefined ? {} : { concurrency: limits.concurrency.map(filled) }),
    ...(limits.rate === undefined ? {} : { rate: limits.rate.map(filled) }),
  };
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, name) => (isRecord(at) && Object.hasOwn(at, name) ? at[name] : undefined), value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function textOf(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
