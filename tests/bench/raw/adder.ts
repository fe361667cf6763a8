/** The raw BullMQ reference: adds `count` empty jobs, a thousand at a time. */
import { Queue } from 'bullmq';

const [url = '', name = '', count = '0'] = process.argv.slice(2);
const { hostname: host, port } = new URL(url);
const queue = new Queue(name, { connection: { host, port: Number(port) } });
await queue.waitUntilReady();
process.send?.('ready');
process.on('message', async () => {
  for (let added = 0; added < Number(count); added += 1_000) {
    await queue.addBulk(
      Array.from({ length: Math.min(1_000, Number(count) - added) }, (_, index) => ({ name: 'n', data: { i: added + index } })),
    );
  }
  await queue.close();
  process.exit(0);
});
