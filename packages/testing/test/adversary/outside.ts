/**
 * The world outside of the database: what children of workers do there has no fence. It is watched for two children of one task
 * instance that live at the same time.
 */
import type { ClaimedAttempt } from '@headrace/ports';
import type { SimProcess } from './process.ts';

export class Outside {
  /** By task instance. */
  readonly #living = new Map<string, Map<string, SimProcess>>();
  readonly #onOverlap: (taskInstanceId: string) => void;

  constructor(onOverlap: (taskInstanceId: string) => void) {
    this.#onOverlap = onOverlap;
  }

  /** A child begins. The answer ends it; it also ends with its process. */
  begin({ taskInstanceId, attemptId }: ClaimedAttempt, process: SimProcess): () => void {
    const living = this.#living.get(taskInstanceId) ?? new Map<string, SimProcess>();
    this.#living.set(taskInstanceId, living);
    for (const [other, itsProcess] of living) if (!itsProcess.alive) living.delete(other);
    const key = `${attemptId} ${process.name}`;
    living.set(key, process);
    if (living.size > 1) this.#onOverlap(taskInstanceId);
    return () => void living.delete(key);
  }
}
