/** The raw BullMQ reference: one worker that does nothing, in a process of its own. Tells its parent when `count` jobs are done. */
import { Worker } from 'bullmq';

const [url = '', queue = '', count = '0', concurrency = '1'] = process.argv.slice(2);
const { hostname: host, port } = new URL(url);
let done = 0;
const worker = new Worker(queue, async () => {}, {
  connection: { host, port: Number(port), maxRetriesPerRequest: null },
  concurrency: Number(concurrency),
  removeOnComplete: { count: 0 },
});
worker.on('completed', () => {
  done++;
  if (done === Number(count)) process.send?.('done');
});
await worker.waitUntilReady();
process.send?.('ready');
process.on('message', () => void worker.close().then(() => process.exit(0)));
