/**
 * BullMQ on Postgres: its own backend, in a schema of its own, for installations without Redis.
 * The schema must exist: `migrateQueue` makes and updates it.
 */
import type { Log } from '@headrace/ports';
import {
  createPostgresBackend,
  type IQueueBackend,
  type PostgresConnectionOptions,
  type PostgresQueueBackend,
  Queue,
  runMigrations,
  Worker,
} from 'bullmq';
import pg from 'pg';
import type { Backend, BullQueue, Producer, WorkerSession, WorkerSettings } from './backend.ts';
import { withDeadline } from './deadline.ts';
import { bullQueueName } from './queue-name.ts';

/** BullMQ's tables live apart from ours. */
const schema = 'headrace_queue';
const connectMs = 2_000;
const statementMs = 10_000;
const closeMs = 2_000;

export function postgresBackend(url: string, prefix: string, log: Log): Backend {
  return {
    openProducer: () => new PostgresProducer(url, prefix, log),
    openWorker: (queue, settings) => openWorker(url, prefix, queue, settings, log),
  };
}

/** Brings BullMQ's schema up to the version this release needs. Safe to repeat and to run from several processes at once. */
export async function migratePostgresQueue(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectMs, application_name: 'headrace queue migration' });
  client.on('error', () => {});
  await client.connect();
  try {
    await runMigrations(client, schema);
  } finally {
    await client.end();
  }
}

class PostgresProducer implements Producer {
  readonly #base: PostgresQueueBackend;
  readonly #prefix: string;
  readonly #log: Log;
  readonly #queues = new Map<string, BullQueue>();

  constructor(url: string, prefix: string, log: Log) {
    this.#prefix = prefix;
    this.#log = log;
    this.#base = createPostgresBackend(qualified(prefix, 'sender'), { connection: connection(url, 4) }, {});
    this.#base.on('error', (error: Error) => log.debug({ err: error }, 'Postgres connection of the queue failed'));
  }

  ready(): Promise<void> {
    return this.#base.waitUntilReady();
  }

  queue(name: string): BullQueue {
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    const base = this.#base;
    // A sibling backend shares the sender's pool, so that many queues do not mean many connections.
    const queue = new Queue(qualified(this.#prefix, name), { connection: {} }, (bullName: string) => base.forQueue(bullName));
    queue.on('error', (error: Error) => this.#log.debug({ err: error, queue: name }, 'BullMQ queue reported an error'));
    this.#queues.set(name, queue);
    return queue;
  }

  async close(): Promise<void> {
    await closeInTime(this.#base.close(), this.#log);
  }
}

/**
 * Connections a reader may use. Each handled message is a transaction of its own that waits for the disk, so fewer connections mean
 * fewer messages a second (with 2, a third of what 10 give). Never more are opened than the worker has places, and idle ones are closed.
 */
const readerConnections = 10;

function openWorker(url: string, prefix: string, queue: string, settings: WorkerSettings, log: Log): WorkerSession {
  const worker = new Worker(
    qualified(prefix, queue),
    null,
    {
      // The factory below makes the connection; BullMQ only asks that something stands here.
      connection: {},
      autorun: false,
      lockDuration: settings.lockMs,
      stalledInterval: settings.stalledIntervalMs,
      maxStalledCount: 1_000,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    },
    (name, opts, extra): IQueueBackend => createPostgresBackend(name, { ...opts, connection: connection(url, readerConnections) }, extra),
  );
  worker.on('error', (error) => log.debug({ err: error, queue }, 'BullMQ worker reported an error'));
  return { worker, close: () => closeInTime(worker.close(true), log) };
}

function connection(url: string, max: number): PostgresConnectionOptions {
  return {
    connectionString: url,
    schema,
    max,
    connectionTimeoutMillis: connectMs,
    query_timeout: statementMs,
    keepAlive: true,
    application_name: 'headrace queue',
  };
}

function qualified(prefix: string, queue: string): string {
  return `${prefix}/${bullQueueName(queue)}`;
}

async function closeInTime(closing: Promise<void>, log: Log): Promise<void> {
  try {
    await withDeadline(closing, closeMs, 'Closing a connection of the queue');
  } catch (error) {
    log.debug({ err: error }, 'A connection of the queue did not close in time');
  }
}
