/**
 * The raw BullMQ reference of a chain: adds a job, waits for its completion by QueueEvents, adds the next.
 * The worker is another process, as it is in production. Sends the time of each step in milliseconds.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Queue, QueueEvents } from 'bullmq';

const [url = '', name = '', steps = '0', warmUp = '0'] = process.argv.slice(2);
const { hostname: host, port } = new URL(url);
const connection = { host, port: Number(port) };
const queue = new Queue(name, { connection });
const events = new QueueEvents(name, { connection });
await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
// Events are read from "now" on, and "ready" comes before the first read.
await delay(500);

const times: number[] = [];
for (let step = 0; step < Number(warmUp) + Number(steps); step++) {
  const began = performance.now();
  const completed = new Promise<void>((resolve) => events.once('completed', () => resolve()));
  await queue.add('n', { step });
  await completed;
  if (step >= Number(warmUp)) times.push(performance.now() - began);
}
process.send?.(times);
await Promise.all([queue.close(), events.close()]);
process.exit(0);
