/** A TCP proxy that can swallow everything on the connections it has, while new ones work: a wedged connection as the client sees it. */
import { connect, createServer, type Socket } from 'node:net';

export interface BlackHole {
  readonly port: number;
  /** From now on nothing passes on the present connections; they stay open. */
  swallow(): void;
  close(): Promise<void>;
}

export async function openBlackHole(target: { host: string; port: number }): Promise<BlackHole> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => to.write(chunk));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server without a port');
  return {
    port: address.port,
    swallow() {
      for (const socket of sockets) socket.removeAllListeners('data').resume();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
