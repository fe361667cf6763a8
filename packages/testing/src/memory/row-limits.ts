/** The limits of a task instance, with the params of its run filled in. */
import { filledLimits, slotLimits } from '@headrace/core';
import type { NewTaskInstance } from '@headrace/ports';
import type { RunRow, TaskInstanceRow } from './rows.ts';

export function rowLimits(
  { runKey, dagId, params }: Pick<RunRow, 'runKey' | 'dagId' | 'params'>,
  { taskId, limits }: Pick<NewTaskInstance, 'taskId' | 'limits'>,
): Pick<TaskInstanceRow, 'limits' | 'rates'> {
  if (limits === undefined) return { limits: undefined, rates: undefined };
  const filled = filledLimits(limits, params);
  return { limits: slotLimits(filled, { dagId, taskId, runKey }), rates: filled.rate ?? [] };
}
