/**
 * A PostgreSQL of the tests' own: empty, on loopback, with the durability a production server has (`fsync` and
 * `synchronous_commit` stay on, so that killing it proves something) unless `WITHOUT_SYNC` is asked for.
 */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { reachableBy, type SystemUser, unprivilegedUser } from '@headrace/embedded-postgres';
import { freePort } from './free-port.ts';
import { type PostgresFlavour, postgresBinaries } from './postgres-binaries.ts';
import { ServerProcess } from './server-process.ts';

export interface PostgresServer {
  /** Of the superuser `postgres`, database `postgres`. The same after a restart. */
  readonly url: string;
  /** Fast shutdown; then the data is removed. May be called twice. */
  stop(): Promise<void>;
  /** SIGKILL, as a machine that loses power. The data stays, for `restart`. */
  kill9(): Promise<void>;
  /** Starts it again on the same port and data, after an immediate shutdown if it still runs. */
  restart(): Promise<void>;
}

export interface PostgresOptions {
  /** Default: the machine's PostgreSQL, else the embedded one. */
  readonly flavour?: PostgresFlavour | undefined;
  /** Further server settings, as in `postgresql.conf`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** For tests in which no machine loses power: what was committed outlives a SIGKILL all the same, and nobody waits for a slow disk. */
export const WITHOUT_SYNC = { fsync: 'off', full_page_writes: 'off' };

const SETTINGS = {
  fsync: 'on',
  synchronous_commit: 'on',
  max_connections: '300',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
};

const READY = 'database system is ready to accept connections';
const RESTART_ATTEMPTS = 50;

/** Starts a server on a free loopback port and resolves when it takes connections. Rejects with the end of the server's log when it cannot. */
export async function startPostgres({ flavour, settings = {} }: PostgresOptions = {}): Promise<PostgresServer> {
  const found = postgresBinaries(flavour);
  const user = unprivilegedUser();
  const root = mkdtempSync(join(tmpdir(), 'headrace-postgres-'));
  try {
    const binaries = reachableBy(user, found, join(root, 'postgres'));
    const data = join(root, 'data');
    await initialize(binaries, root, data, user);
    return await serve(binaries, root, data, user, { ...SETTINGS, ...settings });
  } catch (error) {
    rmSync(root, { recursive: true, force: true });
    throw error;
  }
}

async function initialize(binaries: string, root: string, data: string, user: SystemUser | undefined): Promise<void> {
  chmodSync(root, 0o755);
  mkdirSync(data, { mode: 0o700 });
  if (user !== undefined) chownSync(data, user.uid, user.gid);
  const args = ['--pgdata', data, '--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
  const initdb = new ServerProcess({ command: join(binaries, 'initdb'), args, cwd: root, user, onOrphaned: 'TERM' });
  if ((await initdb.exit()) !== 0) throw new Error(`initdb failed:\n${initdb.output}`);
}

async function serve(
  binaries: string,
  root: string,
  data: string,
  user: SystemUser | undefined,
  settings: Readonly<Record<string, string>>,
): Promise<PostgresServer> {
  const port = await freePort();
  const args = ['-D', data, '-p', String(port), ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];

  async function start(attempts: number): Promise<ServerProcess> {
    for (let attempt = 1; ; attempt++) {
      const server = new ServerProcess({ command: join(binaries, 'postgres'), args, cwd: root, user, onOrphaned: 'QUIT' });
      if (await server.waitUntil(async () => server.output.includes(READY))) return server;
      if (attempt === attempts) throw new Error(`PostgreSQL did not start:\n${server.output}`);
      await delay(100);
    }
  }

  let server = await start(1);
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      await server.end('SIGINT');
      rmSync(root, { recursive: true, force: true });
    },
    kill9: () => server.end('SIGKILL'),
    async restart() {
      await server.end('SIGQUIT');
      // After a SIGKILL the orphaned backends hold the data directory for a moment: tried again until they are gone.
      server = await start(RESTART_ATTEMPTS);
    },
  };
}
