/**
 * A queue in memory, with a sender's and a consumer's side, and what may befall a queue: `lose`, `wipe`, `cut`.
 *
 * Q1. In a queue higher priorities come first, and equal ones in the order sent. A consumer of several queues takes from them in turn.
 * Q2. A message is in one consumer's hands until its handler settles; if the consumer is closed before, another one gets it.
 */
import {
  type Dispatch,
  QueueUnavailableError,
  type TaskConsumer,
  type TaskHandler,
  type TaskMessage,
  type TaskQueue,
} from '@headrace/ports';
import { Heap } from '../virtual/heap.ts';

interface Message {
  readonly id: string;
  readonly data: unknown;
  readonly queue: string;
  readonly priority: number;
  readonly order: number;
  state: 'waiting' | 'held' | 'gone';
}

interface Consumer {
  readonly queues: readonly string[];
  readonly handler: TaskHandler;
  concurrency: number;
  draining: boolean;
  /** Of its queues, which one is asked first. */
  turn: number;
  readonly held: Map<Message, Promise<void>>;
}

const ID_SHAPE = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})-([1-9][0-9]{0,8})$/;
const TASK_SHAPE = /^[1-9][0-9]{0,18}$/;

class InvalidMessageError extends Error {
  readonly code = 'HR_QUEUE_INVALID_MESSAGE';
  constructor({ attemptId, taskInstanceId, sequence, queue }: Dispatch) {
    super(
      `Cannot send task instance "${taskInstanceId}", attempt "${attemptId}", sequence ${sequence} to queue "${queue}": the queue must ` +
        'have a name, the task instance id be a positive integer, the attempt id a lower-case uuid and the sequence an integer from 1',
    );
    this.name = 'InvalidMessageError';
  }
}

export class MemoryBroker {
  readonly #messages = new Map<string, Message>();
  readonly #waiting = new Map<string, Heap<Message>>();
  readonly #depth = new Map<string, number>();
  readonly #consumers = new Set<Consumer>();
  #order = 0;
  #reachable = true;
  #delivering = false;

  /** The scheduler's side. */
  queue(): TaskQueue {
    let closed = false;
    const check = (): void => {
      if (closed || !this.#reachable) throw new QueueUnavailableError(closed ? 'The queue has been closed' : 'The queue cannot be reached');
    };
    return {
      send: async (batch) => {
        for (const dispatch of batch)
          if (dispatch.queue === '' || decode(idOf(dispatch), dispatch.taskInstanceId) === undefined)
            throw new InvalidMessageError(dispatch);
        check();
        for (const dispatch of batch) this.put(idOf(dispatch), dispatch.taskInstanceId, dispatch.queue, dispatch.priority);
      },
      missing: async (messages) => {
        check();
        return messages.filter((message) => !this.#messages.has(idOf(message)));
      },
      depth: async (queues) => {
        check();
        return new Map(queues.map((queue) => [queue, this.#depth.get(queue) ?? 0]));
      },
      close: async () => {
        closed = true;
      },
    };
  }

  /** The worker's side. */
  consumer(): TaskConsumer {
    let consumer: Consumer | undefined;
    const started = (): Consumer => {
      if (consumer === undefined) throw new Error('This consumer has not been started');
      return consumer;
    };
    return {
      start: async (queues, concurrency, handler) => {
        if (consumer !== undefined) throw new Error('This consumer has been started already');
        consumer = { queues: [...new Set(queues)], concurrency, handler, draining: false, turn: 0, held: new Map() };
        this.#consumers.add(consumer);
        this.#deliverSoon();
      },
      setConcurrency: (concurrency) => {
        started().concurrency = concurrency;
        this.#deliverSoon();
      },
      drain: async () => {
        if (consumer === undefined) return;
        consumer.draining = true;
        while (consumer.held.size > 0) await Promise.all(consumer.held.values());
      },
      close: async () => {
        if (consumer !== undefined) this.#remove(consumer);
      },
    };
  }

  /** Puts a message into the queue, whoever may have sent it. One with an id that is there already is swallowed. */
  put(id: string, data: unknown, queue: string, priority: number): void {
    if (this.#messages.has(id)) return;
    const message: Message = { id, data, queue, priority, order: this.#order++, state: 'waiting' };
    this.#messages.set(id, message);
    this.#wait(message);
    this.#deliverSoon();
  }

  /** Removes one message that waits. */
  lose(dispatch: Dispatch): void {
    const message = this.#messages.get(idOf(dispatch));
    if (message !== undefined) this.#strikeOff(message);
  }

  /** Removes everything. Handlers in flight go on. */
  wipe(): void {
    for (const message of [...this.#messages.values()]) this.#strikeOff(message);
  }

  /** Nobody reaches the queue until the answer is called. */
  cut(): () => void {
    this.#reachable = false;
    return () => {
      this.#reachable = true;
      this.#deliverSoon();
    };
  }

  #wait(message: Message): void {
    message.state = 'waiting';
    const waiting =
      this.#waiting.get(message.queue) ??
      new Heap<Message>((a, b) => a.priority > b.priority || (a.priority === b.priority && a.order < b.order));
    this.#waiting.set(message.queue, waiting);
    waiting.push(message);
    this.#count(message.queue, 1);
  }

  #count(queue: string, by: number): void {
    this.#depth.set(queue, (this.#depth.get(queue) ?? 0) + by);
  }

  #strikeOff(message: Message): void {
    if (message.state === 'waiting') this.#count(message.queue, -1);
    message.state = 'gone';
    if (this.#messages.get(message.id) === message) this.#messages.delete(message.id);
  }

  #deliverSoon(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    queueMicrotask(() => {
      this.#delivering = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    if (!this.#reachable) return;
    for (let given = true; given; ) {
      given = false;
      for (const consumer of [...this.#consumers]) if (this.#giveOne(consumer)) given = true;
    }
  }

  #giveOne(consumer: Consumer): boolean {
    if (consumer.draining || consumer.held.size >= consumer.concurrency) return false;
    for (let asked = 0; asked < consumer.queues.length; asked++) {
      const queue = consumer.queues[consumer.turn++ % consumer.queues.length] ?? '';
      const message = this.#next(queue);
      if (message === undefined) continue;
      this.#hand(consumer, message);
      return true;
    }
    return false;
  }

  #next(queue: string): Message | undefined {
    const waiting = this.#waiting.get(queue);
    for (let message = waiting?.pop(); message !== undefined; message = waiting?.pop()) if (message.state === 'waiting') return message;
    return undefined;
  }

  #hand(consumer: Consumer, message: Message): void {
    this.#count(message.queue, -1);
    message.state = 'held';
    const decoded = decode(message.id, message.data);
    if (decoded === undefined) {
      this.#strikeOff(message);
      return;
    }
    let isPassedOn = false;
    const passOn = (): void => {
      isPassedOn = true;
    };
    const handling = Promise.resolve()
      .then(() => consumer.handler(decoded, message.queue, passOn))
      .catch(() => {})
      .then(() => {
        consumer.held.delete(message);
        if (this.#consumers.has(consumer)) this.#settle(message, isPassedOn);
        this.#deliverSoon();
      });
    consumer.held.set(message, handling);
  }

  /** Of a message that was removed meanwhile nothing goes back. */
  #settle(message: Message, isPassedOn: boolean): void {
    if (!isPassedOn) this.#strikeOff(message);
    else if (message.state === 'held') this.#wait(message);
  }

  #remove(consumer: Consumer): void {
    if (!this.#consumers.delete(consumer)) return;
    for (const message of consumer.held.keys()) if (message.state === 'held') this.#wait(message);
    this.#deliverSoon();
  }
}

function idOf({ attemptId, sequence }: TaskMessage): string {
  return `${attemptId}-${sequence}`;
}

/** The message, if it is one that can have been sent. */
function decode(id: string, data: unknown): TaskMessage | undefined {
  const [, attemptId, sequence] = ID_SHAPE.exec(id) ?? [];
  if (attemptId === undefined || typeof data !== 'string' || !TASK_SHAPE.test(data)) return undefined;
  return { taskInstanceId: data, attemptId, sequence: Number(sequence) };
}
