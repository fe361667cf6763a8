/**
 * Sees to it that a consumer whose connection is wedged comes back. BullMQ has had several faults of that kind (its issues 648, 2466,
 * 4378, 4479 and 4585): connected, "running", and deaf. What counts is whether messages are taken, so that is what is watched.
 */
import type { Log, Metrics, TaskQueue } from '@headrace/ports';
import type { QueueReader } from './queue-reader.ts';

const silentWaits = 3;

/** Looks every `idleMs`. Renews a reader that has had no answer for three waits while its queue holds messages, seen twice in a row. Owns `queue`. */
export function watchReaders(
  readers: readonly QueueReader[],
  queue: TaskQueue,
  idleMs: number,
  log: Log,
  metrics: Metrics,
): () => Promise<void> {
  const suspects = new Set<QueueReader>();

  async function look(): Promise<void> {
    for (const reader of readers.filter((candidate) => candidate.silentFor() < silentWaits * idleMs)) suspects.delete(reader);
    const silent = readers.filter((reader) => reader.silentFor() >= silentWaits * idleMs);
    if (silent.length === 0) return;
    const depth = await queue.depth(silent.map((reader) => reader.queue));
    for (const reader of silent) {
      if ((depth.get(reader.queue) ?? 0) === 0) suspects.delete(reader);
      else if (!suspects.delete(reader)) suspects.add(reader);
      else {
        log.warn({ queue: reader.queue, silentMs: Math.round(reader.silentFor()) }, 'Messages wait but none is received: connecting anew');
        metrics.count('headrace_queue_reader_renewals_total', { queue: reader.queue });
        reader.renew();
      }
    }
  }

  let looking: Promise<void> = Promise.resolve();
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    looking = look()
      // The server is away: nothing can be taken, so nothing is wedged.
      .catch(() => suspects.clear())
      .finally(() => {
        busy = false;
      });
  }, idleMs);

  return async () => {
    clearInterval(timer);
    await queue.close();
    await looking;
  };
}
