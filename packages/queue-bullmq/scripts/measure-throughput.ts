/**
 * Messages per second through this adapter and through BullMQ alone, in turns, on the servers given:
 *
 *     node packages/queue-bullmq/scripts/measure-throughput.ts redis://127.0.0.1:6379 postgres://postgres@127.0.0.1/some_database
 *
 * Sender and consumer share this process, and the handlers do nothing. The ratio is what counts, not the figures.
 */

import { randomUUID } from 'node:crypto';
import { silentLog } from '@headrace/ports';
import { createPostgresBackend, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { createTaskConsumer, createTaskQueue, migrateQueue } from '../src/index.ts';

const rounds = 5;
const batch = 1_000;
const concurrency = 50;

async function ours(url: string, count: number): Promise<number> {
  const prefix = `measure-${randomUUID()}`;
  const queue = createTaskQueue({ url, prefix, log: silentLog });
  const consumer = createTaskConsumer({ url, prefix, log: silentLog, workerId: 'measure' });
  const messages = Array.from({ length: count }, (_, index) => ({
    taskInstanceId: String(index + 1),
    attemptId: randomUUID(),
    sequence: 1,
    queue: 'default',
    priority: 1,
  }));
  const { tick, all } = countdown(count);
  // Connects the sender before the clock starts.
  await queue.depth(['default']);
  const started = performance.now();
  await consumer.start(['default'], concurrency, async () => tick());
  for (let at = 0; at < count; at += batch) await queue.send(messages.slice(at, at + batch));
  await all;
  const seconds = (performance.now() - started) / 1_000;
  await consumer.drain();
  await consumer.close();
  await queue.close();
  return count / seconds;
}

async function raw(url: string, count: number): Promise<number> {
  const name = `measure-${randomUUID()}`;
  const onRedis = url.startsWith('redis');
  const clients: Redis[] = [];
  const connection = () => {
    const client = new Redis(url, { maxRetriesPerRequest: null });
    clients.push(client);
    return client;
  };
  const settings = { removeOnComplete: { count: 0 }, concurrency };
  const { tick, all } = countdown(count);
  const onPostgres = { connectionString: url, schema: 'headrace_queue' };
  const queue = onRedis
    ? new Queue(name, { connection: connection() })
    : new Queue(name, { connection: onPostgres }, createPostgresBackend);
  await queue.waitUntilReady();
  const started = performance.now();
  const handler = async () => tick();
  const worker = onRedis
    ? new Worker(name, handler, { ...settings, connection: connection() })
    : new Worker(name, handler, { ...settings, connection: onPostgres }, createPostgresBackend);
  for (let at = 0; at < count; at += batch) {
    await queue.addBulk(
      Array.from({ length: batch }, (_, index) => ({ name: 'task', data: String(at + index), opts: { jobId: randomUUID() } })),
    );
  }
  await all;
  const seconds = (performance.now() - started) / 1_000;
  await worker.close();
  await queue.close();
  for (const client of clients) client.disconnect();
  return count / seconds;
}

function countdown(count: number): { tick(): void; all: Promise<void> } {
  let left = count;
  let done: () => void = () => {};
  const all = new Promise<void>((resolve) => {
    done = resolve;
  });
  return { tick: () => void (--left === 0 && done()), all };
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

for (const url of process.argv.slice(2)) {
  await migrateQueue({ url });
  const count = url.startsWith('redis') ? 20_000 : 4_000;
  const figures = { ours: [] as number[], raw: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    figures.raw.push(await raw(url, count));
    figures.ours.push(await ours(url, count));
  }
  const [a, b] = [median(figures.ours), median(figures.raw)];
  const { protocol } = new URL(url);
  console.log(
    `${protocol} ${count} messages: ours ${a.toFixed(0)}/s, BullMQ alone ${b.toFixed(0)}/s, ratio ${(a / b).toFixed(2)} (median of ${rounds})`,
  );
}
