/** What differs between BullMQ on Redis and BullMQ on Postgres: how connections are made, and nothing else. */
import type { IQueueBackend, MinimalQueue, Queue, Worker } from 'bullmq';

/** The part of BullMQ's queue that is used here, the same for both servers. */
export type BullQueue = Pick<Queue, 'addBulk' | 'getJobState' | 'getJobCountByTypes'>;

/** The part of BullMQ's worker that is used here. */
export type BullWorker = Pick<Worker, 'getNextJob' | 'extendJobLocks' | 'startStalledCheckTimer' | 'waitUntilReady'> &
  MinimalQueue & { getBackend(): IQueueBackend };

/** One set of connections for sending. Fails fast: while the server is away every call rejects, none waits. */
export interface Producer {
  /** Resolves when calls can be made; rejects when the server cannot be reached now. */
  ready(): Promise<void>;
  /** Only after `ready`. */
  queue(queue: string): BullQueue;
  /** Never waits for the server. */
  close(): Promise<void>;
}

/** A BullMQ worker on connections of its own, without BullMQ's main loop. Waits for the server as long as it takes. */
export interface WorkerSession {
  readonly worker: BullWorker;
  /** Never waits for the server. */
  close(): Promise<void>;
}

export interface WorkerSettings {
  readonly lockMs: number;
  readonly stalledIntervalMs: number;
}

export interface Backend {
  openProducer(): Producer;
  openWorker(queue: string, settings: WorkerSettings): WorkerSession;
}
