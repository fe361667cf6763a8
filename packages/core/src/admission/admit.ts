/**
 * Who gets a slot. Deterministic: the same candidates and capacity give the same answer in any order.
 *
 * A1. Nothing is exceeded: free pool slots, tasks per DAG, room in the queues.
 * A2. A candidate that does not fit never keeps out another that does: after the answer no refused candidate would still fit.
 */
import type { Admission, Candidate, Capacity, Refusal } from './admission.ts';

/** Goes through the candidates by priority (high first), then `readyAt` (early first), then id, and admits each that fits. */
export function admit(candidates: readonly Candidate[], capacity: Capacity): Admission {
  const left = { pools: new Map(capacity.pools), dags: new Map(capacity.dags), queues: new Map(capacity.queues) };
  const admitted: Candidate[] = [];
  const refused: Refusal[] = [];
  for (const candidate of [...candidates].sort(byUrgency)) {
    const refusal = refuse(candidate, left, capacity);
    if (refusal !== undefined) {
      refused.push({ taskInstanceId: candidate.taskInstanceId, ...refusal });
      continue;
    }
    take(left.pools, candidate.pool, candidate.poolSlots);
    take(left.dags, candidate.dagId, 1);
    take(left.queues, candidate.queue, 1);
    admitted.push(candidate);
  }
  return { admitted, refused };
}

function byUrgency(a: Candidate, b: Candidate): number {
  return b.priorityWeight - a.priorityWeight || a.readyAt - b.readyAt || compareIds(a.taskInstanceId, b.taskInstanceId);
}

/** Ids are whole numbers in decimal: `9` comes before `10`. */
function compareIds(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function refuse(candidate: Candidate, left: Capacity, capacity: Capacity): Omit<Refusal, 'taskInstanceId'> | undefined {
  const { pool, poolSlots, dagId, queue } = candidate;
  const free = left.pools.get(pool);
  if (free === undefined) {
    return { reason: 'pool_unknown', detail: `There is no pool "${pool}": create it, or give the task another pool` };
  }
  const size = capacity.poolSizes?.get(pool);
  if (size !== undefined && poolSlots > size) {
    return { reason: 'pool_too_small', detail: `The task needs ${poolSlots} slots at once, but pool "${pool}" has ${size} in all` };
  }
  if (poolSlots > free) {
    return { reason: 'pool_full', detail: `The task needs ${poolSlots} of pool "${pool}"'s slots, ${Math.max(0, free)} are free` };
  }
  if ((left.dags.get(dagId) ?? Infinity) < 1) {
    return { reason: 'dag_limit', detail: `DAG "${dagId}" has as many active tasks as its maxActiveTasks allows` };
  }
  if ((left.queues.get(queue) ?? Infinity) < 1) {
    return { reason: 'queue_full', detail: `Queue "${queue}" holds as many messages as its workers can soon run` };
  }
  return undefined;
}

function take(counts: Map<string, number>, key: string, amount: number): void {
  const count = counts.get(key);
  if (count !== undefined) counts.set(key, count - amount);
}
