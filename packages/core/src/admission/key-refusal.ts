/** What people are told of a limit under which no more tasks may hold slots. */
import type { Refusal } from './admission.ts';
import type { SlotLimit } from './slot-limits.ts';

/** Why a task that names this full key waits. */
export function refusalOfKey({ key, limit }: SlotLimit): Omit<Refusal, 'taskInstanceId'> {
  const name = key.slice(key.indexOf(':') + 1);
  const task = name.slice(name.indexOf('/') + 1);
  if (key.startsWith('task:')) {
    return { reason: 'task_limit', detail: `Task "${task}" has ${limit} active instances over all runs, as many as its maxActive allows` };
  }
  if (key.startsWith('run:')) {
    return {
      reason: 'run_task_limit',
      detail: `Task "${task}" has ${limit} active instances in this run, as many as its maxActivePerRun allows`,
    };
  }
  return { reason: 'concurrency_limit', detail: `${limit} tasks hold the concurrency key "${name}", as many as its limit allows` };
}
