/**
 * The queue that carries work to workers. It is delivery only:
 *
 * Q1. A message may be lost, doubled, delayed or reordered, and the whole queue may be wiped; nothing is lost by that,
 *     because a worker runs a message only after it claimed the attempt in the store, and the scheduler sends again what is missing.
 * Q2. A message carries ids only: no params, no secrets, no code.
 * Q3. Every dispatch has a message id of its own (`attemptId` and `sequence`): an id is never sent twice.
 */
export interface TaskMessage {
  /** The task instance. */
  readonly taskInstanceId: string;
  /** The attempt that this message asks to be run: the fencing token. */
  readonly attemptId: string;
  /** 1 for the first dispatch of the attempt, one more for each re-dispatch. */
  readonly sequence: number;
}

export interface Dispatch extends TaskMessage {
  readonly queue: string;
  /** Higher first. */
  readonly priority: number;
}

/** The scheduler's side. */
export interface TaskQueue {
  /** Sends a batch. Resolves when the queue has taken all; rejects with QueueUnavailableError when it cannot be reached: then nothing is known. */
  send(batch: readonly Dispatch[]): Promise<void>;
  /** Of these messages, those that the queue no longer holds (waiting or in a worker's hands). */
  missing(messages: readonly Dispatch[]): Promise<readonly Dispatch[]>;
  /** Messages waiting per queue. */
  depth(queues: readonly string[]): Promise<ReadonlyMap<string, number>>;
  close(): Promise<void>;
}

/**
 * Its promise holds one of the consumer's places until it settles; a rejection is logged and the message dropped. Once it has called
 * `passOn`, the message is not struck off when it settles, but goes back into the queue, for whoever has a place.
 */
export type TaskHandler = (message: TaskMessage, queue: string, passOn: () => void) => Promise<void>;

/** The worker's side: what consumes. */
export interface TaskConsumer {
  /** Starts taking messages. */
  start(queues: readonly string[], concurrency: number, handler: TaskHandler): Promise<void>;
  /** How many messages may be in handlers at once, from now on. */
  setConcurrency(concurrency: number): void;
  /** Takes no new message; resolves when the handlers in flight have settled. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

export class QueueUnavailableError extends Error {
  readonly code = 'HR_QUEUE_UNAVAILABLE';
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'QueueUnavailableError';
  }
}
