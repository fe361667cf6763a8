/**
 * Sends what was given a slot.
 *
 * X1. A task instance is in `queued` in the store before its message is sent; a message that is not sent, or is lost, is
 *     sent again by `recover` under a new sequence. So a crash between the two costs a delay, and a message too many costs nothing.
 */
import type { Dispatch, Log, LostAttempt, Metrics, QueuedTask, SchedulerStore, TaskQueue } from '@headrace/ports';

export interface DispatcherOptions {
  readonly store: Pick<SchedulerStore, 'unclaimed' | 'redispatch'>;
  readonly queue: TaskQueue;
  readonly log: Log;
  readonly metrics: Metrics;
  /** How long a queued attempt may stay unclaimed before it is looked for in the queue. */
  readonly unclaimedAfterMs: number;
  /** How often an attempt's message may be sent again before the attempt counts as lost. */
  readonly redispatchCap: number;
}

const RECOVERY_PAGE = 1_000;

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #sending = new Set<Promise<void>>();

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** Does not wait for the queue: a queue that is away must not hold up decisions. */
  send(tasks: readonly QueuedTask[]): void {
    if (tasks.length === 0) return;
    const { queue, log, metrics } = this.#options;
    const sending = queue
      .send(tasks.map(dispatchOf))
      .then(() => {
        metrics.count('headrace_dispatched_total', {}, tasks.length);
        metrics.observe('headrace_dispatch_batch_size', tasks.length);
      })
      .catch((error: unknown) => {
        metrics.count('headrace_dispatch_failures_total');
        log.warn({ error, tasks: tasks.length }, 'could not send to the queue; the messages will be sent again');
      })
      .finally(() => this.#sending.delete(sending));
    this.#sending.add(sending);
  }

  /** Looks for queued attempts that nobody claims, and sends again those that the queue no longer holds. Answers with those that were sent too often. */
  async recover(shards: readonly number[]): Promise<readonly LostAttempt[]> {
    const { store, queue, log, metrics, unclaimedAfterMs, redispatchCap } = this.#options;
    const unclaimed = await store.unclaimed(shards, unclaimedAfterMs, RECOVERY_PAGE);
    if (unclaimed.length === 0) return [];
    const missing = new Set((await queue.missing(unclaimed.map(dispatchOf))).map((message) => message.attemptId));
    if (missing.size === 0) return [];
    const { send, lost } = await store.redispatch(
      unclaimed.filter((task) => missing.has(task.attemptId)),
      redispatchCap,
    );
    if (send.length > 0) {
      metrics.count('headrace_redispatched_total', {}, send.length);
      log.warn({ tasks: send.length }, 'messages were missing from the queue; sending them again');
      this.send(send);
    }
    return lost;
  }

  /** Resolves when nothing is being sent. */
  async settle(): Promise<void> {
    while (this.#sending.size > 0) await Promise.all(this.#sending);
  }
}

function dispatchOf(task: QueuedTask): Dispatch {
  return {
    taskInstanceId: task.taskInstanceId,
    attemptId: task.attemptId,
    sequence: task.sequence,
    queue: task.queue,
    priority: task.priority,
  };
}
