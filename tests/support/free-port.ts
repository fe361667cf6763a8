import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the ports that systems give to outgoing connections (Linux from 32768): else one of them may take it before its server does. */
const FIRST = 10_000;
const LAST = 32_000;
const ATTEMPTS = 50;

/** A loopback port that nobody listened on a moment ago, by chance, so that two test files at once hardly ever get the same. */
export async function freePort(): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const port = randomInt(FIRST, LAST);
    try {
      await bindOnce(port);
      return port;
    } catch (error) {
      if (attempt === ATTEMPTS) throw new Error(`no free port in ${ATTEMPTS} attempts`, { cause: error });
    }
  }
}

async function bindOnce(port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  await new Promise((resolve) => server.close(resolve));
}
