/**
 * Sending task messages.
 *
 * S1. No call outlives its deadline: while the server is away a call rejects with QueueUnavailableError within seconds.
 * S2. After a rejection nothing is known: some of the batch may have been sent. The caller sends again what is missing.
 */
import { type Dispatch, QueueUnavailableError, type TaskQueue } from '@headrace/ports';
import type { Producer } from './backend.ts';
import { type BackendOptions, backendFor } from './backend-for-url.ts';
import { DeadlineError, withDeadline } from './deadline.ts';
import { assertSendable, jobId, jobName } from './message.ts';
import { bullPriority } from './priority.ts';
import { bullQueueName } from './queue-name.ts';

const callMs = 10_000;
/** Lookups that are on their way at once. */
const lookups = 500;
/** States of a job that can still reach a handler, or is in one. */
const heldStates: ReadonlySet<string> = new Set(['waiting', 'prioritized', 'active', 'delayed', 'waiting-children']);

/** The sender's side, on BullMQ. Connects at the first call. Throws QueueUrlError. */
export function createTaskQueue(options: BackendOptions): TaskQueue {
  const backend = backendFor(options);
  let producer: Producer | undefined;
  let closed = false;

  async function call<T>(what: string, work: (producer: Producer) => Promise<T>): Promise<T> {
    if (closed) throw new QueueUnavailableError(`${what}: the queue has been closed`);
    producer ??= backend.openProducer();
    const used = producer;
    let wasReady = false;
    try {
      await withDeadline(used.ready(), callMs, 'Connecting to the queue');
      wasReady = true;
      return await withDeadline(work(used), callMs, what);
    } catch (error) {
      // BullMQ keeps a failed start for ever, and a connection that answers nothing may be dead: begin anew next time.
      if ((!wasReady || error instanceof DeadlineError) && producer === used) {
        producer = undefined;
        void used.close();
      }
      throw new QueueUnavailableError(`${what} failed: ${explained(error)}`, { cause: error });
    }
  }

  return {
    async send(batch) {
      for (const message of batch) assertSendable(message);
      if (batch.length === 0) return;
      const queues = byQueue(batch);
      for (const queue of queues.keys()) bullQueueName(queue);
      await call('Sending to the queue', async (to) => {
        const sends = [...queues].map(([queue, messages]) =>
          to.queue(queue).addBulk(
            messages.map((message) => ({
              name: jobName,
              data: message.taskInstanceId,
              opts: { jobId: jobId(message), priority: bullPriority(message.priority), removeOnComplete: true, removeOnFail: true },
            })),
          ),
        );
        await Promise.all(sends);
      });
    },

    async missing(messages) {
      if (messages.length === 0) return [];
      return await call('Looking into the queue', async (from) => {
        const lost: Dispatch[] = [];
        for (let start = 0; start < messages.length; start += lookups) {
          const part = messages.slice(start, start + lookups);
          const states = await Promise.all(part.map((message) => from.queue(message.queue).getJobState(jobId(message))));
          lost.push(...part.filter((_, index) => !heldStates.has(states[index] as string)));
        }
        return lost;
      });
    },

    async depth(queues) {
      return await call('Counting the queue', async (from) => {
        const counts = await Promise.all(queues.map((queue) => from.queue(queue).getJobCountByTypes('waiting', 'prioritized', 'delayed')));
        return new Map(queues.map((queue, index) => [queue, counts[index] as number]));
      });
    },

    async close() {
      closed = true;
      await producer?.close();
      producer = undefined;
    },
  };
}

function byQueue(batch: readonly Dispatch[]): Map<string, Dispatch[]> {
  const queues = new Map<string, Dispatch[]>();
  for (const message of batch) {
    const messages = queues.get(message.queue);
    if (messages === undefined) queues.set(message.queue, [message]);
    else messages.push(message);
  }
  return queues;
}

function explained(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'SchemaMigrationRequiredError') return 'its tables are missing; run `headrace db migrate`';
  return error.message === '' ? ((error as NodeJS.ErrnoException).code ?? error.name) : error.message;
}
