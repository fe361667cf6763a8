/** BullMQ on Redis, through ioredis. */
import type { Log } from '@headrace/ports';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { Backend, BullQueue, Producer, WorkerSession, WorkerSettings } from './backend.ts';
import { withDeadline } from './deadline.ts';
import { bullQueueName } from './queue-name.ts';

const connectMs = 2_000;
const closeMs = 2_000;
/** ioredis keeps a timer, and with it the process, for so long after a disconnect. */
const disconnectTimeout = 200;
const retryStrategy = (times: number): number => Math.min(50 * 2 ** Math.min(times, 10), 1_000);

export function redisBackend(url: string, prefix: string, log: Log): Backend {
  return {
    openProducer: () => new RedisProducer(url, prefix, log),
    openWorker: (queue, settings) => openWorker(url, prefix, queue, settings, log),
  };
}

class RedisProducer implements Producer {
  readonly #client: Redis;
  readonly #prefix: string;
  readonly #queues = new Map<string, BullQueue>();
  readonly #log: Log;

  constructor(url: string, prefix: string, log: Log) {
    this.#prefix = prefix;
    this.#log = log;
    this.#client = new Redis(url, {
      enableOfflineQueue: false,
      enableAutoPipelining: true,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      connectTimeout: connectMs,
      disconnectTimeout,
      retryStrategy,
    });
    this.#client.on('error', (error) => log.debug({ err: error }, 'Redis connection of the queue failed'));
  }

  ready(): Promise<void> {
    const client = this.#client;
    if (client.status === 'ready') return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (outcome: () => void) => {
        clearTimeout(timer);
        client.off('ready', onReady).off('error', onError).off('close', onClose);
        outcome();
      };
      const onReady = () => settle(resolve);
      const onError = (error: Error) => settle(() => reject(error));
      const onClose = () => settle(() => reject(new Error('The connection to Redis was closed')));
      const timer = setTimeout(
        () => settle(() => reject(new Error(`Redis cannot be reached: no connection within ${connectMs} ms`))),
        connectMs,
      );
      client.once('ready', onReady).once('error', onError).once('close', onClose);
    });
  }

  queue(name: string): BullQueue {
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    const queue = new Queue(bullQueueName(name), { connection: this.#client, prefix: this.#prefix });
    queue.on('error', (error) => this.#log.debug({ err: error, queue: name }, 'BullMQ queue reported an error'));
    this.#queues.set(name, queue);
    return queue;
  }

  async close(): Promise<void> {
    // The queues share this client and hold nothing else; quitting politely could wait for a server that is away.
    this.#client.disconnect();
  }
}

function openWorker(url: string, prefix: string, queue: string, settings: WorkerSettings, log: Log): WorkerSession {
  let closed = false;
  const client = new Redis(url, {
    maxRetriesPerRequest: null,
    connectTimeout: connectMs,
    disconnectTimeout,
    retryStrategy: (times) => (closed ? null : retryStrategy(times)),
  });
  // BullMQ duplicates the client for its blocking reads, and may connect the copy once more while it is being closed.
  const clients = [client];
  const duplicate = client.duplicate.bind(client);
  client.duplicate = (options) => {
    const copy = duplicate(options);
    copy.on('connect', () => {
      if (closed) copy.disconnect();
    });
    clients.push(copy);
    return copy;
  };
  client.on('error', (error) => log.debug({ err: error, queue }, 'Redis connection of a worker failed'));
  const worker = new Worker(bullQueueName(queue), null, {
    connection: client,
    prefix,
    autorun: false,
    lockDuration: settings.lockMs,
    stalledInterval: settings.stalledIntervalMs,
    maxStalledCount: 1_000,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  });
  worker.on('error', (error) => log.debug({ err: error, queue }, 'BullMQ worker reported an error'));
  return {
    worker,
    async close() {
      closed = true;
      try {
        await withDeadline(worker.close(true), closeMs, 'Closing a BullMQ worker');
      } catch (error) {
        log.debug({ err: error, queue }, 'BullMQ worker did not close in time');
      } finally {
        for (const one of clients) one.disconnect();
      }
    },
  };
}
