/** The column `limits` of a task instance: what it counts under while it holds a slot, and the tokens it takes for one. */
import { filledLimits, type LimitedTask, type RateLimit, type SlotLimit, slotLimits, type TaskLimits } from '@headrace/core';
import { storableJson } from './storable-json.ts';

export interface StoredLimits {
  readonly slots: readonly SlotLimit[];
  readonly rates: readonly RateLimit[];
}

export function storedLimits(
  limits: TaskLimits | undefined,
  task: LimitedTask,
  params: Readonly<Record<string, unknown>>,
): StoredLimits | undefined {
  if (limits === undefined) return undefined;
  const filled = filledLimits(limits, params);
  const stored = { slots: slotLimits(filled, task), rates: filled.rate ?? [] };
  return stored.slots.length + stored.rates.length === 0 ? undefined : stored;
}

export function storableLimits(limits: StoredLimits | undefined): string | null {
  return limits === undefined ? null : storableJson(limits);
}
