/** What a success decides for what is downstream of it. */
import type { Decision } from '@headrace/core';
import type { TaskOutcome } from '@headrace/sdk';
import { NotMappableError, UnknownBranchError } from '../errors.ts';
import type { RunOrder } from '../protocol.ts';

/** Undefined when there is nothing to say. Throws UnknownBranchError and NotMappableError. */
export function decisionOf(
  { taskId, countItems, downstream }: Pick<RunOrder, 'taskId' | 'countItems' | 'downstream'>,
  outcome: TaskOutcome | undefined,
  result: unknown,
): Decision | undefined {
  const said = outcome?.decision;
  for (const target of said?.follow ?? []) {
    if (downstream !== undefined && !downstream.includes(target)) throw new UnknownBranchError(taskId, target, downstream);
  }
  if (countItems !== true) return said;
  return { ...said, items: itemsIn(result, taskId) };
}

function itemsIn(result: unknown, taskId: string): number {
  if (Array.isArray(result)) return result.length;
  if (typeof result === 'object' && result !== null) {
    const prototype: unknown = Object.getPrototypeOf(result);
    if (prototype === null || Object.getPrototypeOf(prototype) === null) return Object.keys(result).length;
  }
  throw new NotMappableError(taskId, kindOf(result));
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return value === undefined ? 'nothing' : 'null';
  return `a ${typeof value === 'object' ? value.constructor.name : typeof value}`;
}
