/**
 * Who gets a slot. Deterministic: the same candidates and capacity give the same answer in any order.
 *
 * A1. Nothing is exceeded: free pool slots, tasks per DAG, room in the queues, keys and rates. No holder of a key ever
 *     shares it with more than the limit that it names itself.
 * A2. A candidate that does not fit never keeps out another that does: after the answer no refused candidate would still fit.
 * A3. They are asked in the order of `turns.ts`.
 */
import type { Admission, Candidate, Capacity, Refusal } from './admission.ts';
import { Room } from './room.ts';
import { turns } from './turns.ts';

/** Goes through the candidates, the most urgent first, and admits each that fits into what those before it left. */
export function admit(candidates: readonly Candidate[], capacity: Capacity): Admission {
  const room = new Room(capacity);
  const admitted: Candidate[] = [];
  const refused: Refusal[] = [];
  for (const candidate of turns(candidates, (pool, dagId) => room.share(pool, dagId))) {
    const refusal = room.refuse(candidate);
    if (refusal !== undefined) {
      refused.push({ taskInstanceId: candidate.taskInstanceId, ...refusal });
      continue;
    }
    room.take(candidate);
    admitted.push(candidate);
  }
  const nextAt = room.nextToken;
  return { admitted, refused, ...(nextAt === undefined ? {} : { nextAt }) };
}
