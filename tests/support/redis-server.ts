/** A Redis of the tests' own: empty, on loopback, never evicting, so that a test may wipe or kill it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installDebianPackages } from './debian-packages.ts';
import { freePort } from './free-port.ts';
import { ServerProcess } from './server-process.ts';

export interface RedisServer {
  /** The same after a restart. */
  readonly url: string;
  /** Ends it and removes its data. May be called twice. */
  stop(): Promise<void>;
  /** SIGKILL. What the append-only file holds stays, for `restart`. */
  kill9(): Promise<void>;
  /** Starts it again on the same port; without `appendonly` it comes back empty. */
  restart(): Promise<void>;
}

export interface RedisOptions {
  /** Default false: a restart forgets everything. True: `appendfsync everysec`, as in production. */
  readonly appendonly?: boolean;
}

/** Starts a server on a free loopback port and resolves when it takes connections. Rejects with what to install, or with its log. */
export async function startRedis({ appendonly = false }: RedisOptions = {}): Promise<RedisServer> {
  const command = redisBinary();
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'headrace-redis-'));
  const settings = {
    port,
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: appendonly ? 'yes' : 'no',
    'maxmemory-policy': 'noeviction',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);

  async function start(): Promise<ServerProcess> {
    const server = new ServerProcess({ command, args, cwd: folder, onOrphaned: 'TERM' });
    if (await server.waitUntil(async () => server.output.includes('Ready to accept connections'))) return server;
    throw new Error(`redis-server did not start:\n${server.output}`);
  }

  let server: ServerProcess;
  try {
    server = await start();
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      await server.end('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
    kill9: () => server.end('SIGKILL'),
    async restart() {
      await server.end('SIGTERM');
      server = await start();
    },
  };
}

function redisBinary(): string {
  const found = installedRedis() ?? (installDebianPackages(['redis-server']) ? installedRedis() : undefined);
  if (found === undefined) {
    throw new Error('redis-server is not installed: install it (Debian: apt-get install redis-server; macOS: brew install redis)');
  }
  return found;
}

function installedRedis(): string | undefined {
  const name = 'redis-server';
  return spawnSync(name, ['--version']).status === 0 ? name : undefined;
}
