/** A server that takes requests and says nothing, as behind a network that swallows the answers. */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { s3Store } from '../src/s3-store.ts';

let server: Server;
const sockets = new Set<Socket>();

beforeEach(async () => {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

test('a request that is never answered fails, and is not waited for', async () => {
  const { port } = server.address() as AddressInfo;
  const store = s3Store(
    {
      bucket: 'logs',
      prefix: '',
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      pathStyle: true,
      credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
    },
    { connectMs: 1_000, silentMs: 50 },
  );
  await expect(store.put('a/log', Buffer.from('line'))).rejects.toMatchObject({ name: 'ObjectStoreError' });
  await expect(store.get('a/log')).rejects.toMatchObject({ name: 'ObjectStoreError' });
  expect(sockets.size).toBeGreaterThan(1);
}, 20_000);
