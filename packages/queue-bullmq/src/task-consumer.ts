/**
 * Taking task messages: a reader per queue, one set of places for all of them, and a watchdog.
 *
 * C1. At most `concurrency` handlers run at once, over all queues together.
 * C2. While the server is away the consumer waits, however long that takes, and goes on by itself.
 */
import { type Log, type Metrics, noMetrics, type TaskConsumer, type TaskHandler } from '@headrace/ports';
import { type BackendOptions, backendFor } from './backend-for-url.ts';
import { Places } from './places.ts';
import { QueueReader, type ReaderTiming } from './queue-reader.ts';
import { createTaskQueue } from './task-queue.ts';
import { watchReaders } from './watchdog.ts';

export interface TaskConsumerOptions extends BackendOptions {
  readonly log: Log;
  readonly metrics?: Metrics;
  /** Names this worker in BullMQ's locks. */
  readonly workerId: string;
  /** For tests; the defaults suit everyone else. */
  readonly timing?: Partial<ReaderTiming>;
}

const defaults: ReaderTiming = { idleMs: 5_000, patienceMs: 100, lockMs: 15_000, stalledIntervalMs: 5_000 };
/** After the handlers have settled, how long a drain waits for their messages to be struck off. */
const strikeOffMs = 2_000;

/** The worker's side, on BullMQ. Connects at `start`. Throws QueueUrlError. */
export function createTaskConsumer(options: TaskConsumerOptions): TaskConsumer {
  const { log, workerId, metrics = noMetrics } = options;
  const backend = backendFor(options);
  const timing = { ...defaults, ...options.timing };
  const handlers = new Set<Promise<void>>();
  let places: Places | undefined;
  let readers: readonly QueueReader[] = [];
  let stopWatching: () => Promise<void> = async () => {};

  async function stopReaders(): Promise<void> {
    await stopWatching();
    await Promise.all(readers.map((reader) => reader.stop()));
  }

  return {
    async start(queues, concurrency, handler) {
      if (places !== undefined) throw new Error('This consumer has been started already');
      const shared = new Places(concurrency);
      places = shared;
      const handle: TaskHandler = (message, queue, passOn) => {
        const handling = Promise.resolve().then(() => handler(message, queue, passOn));
        const settled = handling.then(
          () => {},
          () => {},
        );
        handlers.add(settled);
        void settled.then(() => handlers.delete(settled));
        return handling;
      };
      readers = [...new Set(queues)].map(
        (queue) => new QueueReader(queue, { backend, places: shared, timing, workerId, log, metrics, handle }),
      );
      for (const reader of readers) reader.start();
      stopWatching = watchReaders(readers, createTaskQueue(options), timing.idleMs, log, metrics);
    },

    setConcurrency(concurrency) {
      if (places === undefined) throw new Error('This consumer has not been started');
      places.setLimit(concurrency);
    },

    async drain() {
      await stopReaders();
      while (handlers.size > 0) await Promise.all(handlers);
      let timer: NodeJS.Timeout | undefined;
      const bound = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, strikeOffMs);
      });
      await Promise.race([Promise.all(readers.map((reader) => reader.settled())), bound]);
      clearTimeout(timer);
    },

    async close() {
      await stopWatching();
      await Promise.all(readers.map((reader) => reader.close()));
    },
  };
}
