/**
 * A MariaDB of the tests' own: empty, on loopback, InnoDB as in production but for the time that `fsync` takes, with a binary log of rows.
 * Its user `root` has no password; TLS is off.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type SystemUser, unprivilegedUser } from '@headrace/embedded-postgres';
import { installDebianPackages } from './debian-packages.ts';
import { freePort } from './free-port.ts';
import { ServerProcess } from './server-process.ts';

export interface MariadbServer {
  /** Of `root`, database `test`. The same after a restart. */
  readonly url: string;
  /** Ends it and removes its data. May be called twice. */
  stop(): Promise<void>;
  /** SIGKILL. The data stays, for `restart`. */
  kill9(): Promise<void>;
  /** Starts it again on the same port and data. */
  restart(): Promise<void>;
}

export interface MariadbOptions {
  /** Further server settings, as in `my.cnf`. */
  readonly settings?: Readonly<Record<string, string>>;
}

const SETTINGS = {
  'bind-address': '127.0.0.1',
  'character-set-server': 'utf8mb4',
  'collation-server': 'utf8mb4_general_ci',
  'innodb-buffer-pool-size': '64M',
  'innodb-log-file-size': '48M',
  'innodb-flush-log-at-trx-commit': '2',
  'innodb-flush-method': 'nosync',
  'skip-name-resolve': '1',
  'performance-schema': '0',
  'server-id': '1',
  'log-bin': 'binlog',
  'binlog-format': 'ROW',
  'binlog-row-metadata': 'FULL',
  'local-infile': '1',
  'max-allowed-packet': '16M',
} as const;

/** sbin is not on the PATH of everybody. */
const FOLDERS = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/bin'];

/** Starts a server on a free loopback port and resolves when it takes connections. Rejects with what to install, or with its log. */
export async function startMariadb({ settings = {} }: MariadbOptions = {}): Promise<MariadbServer> {
  const binaries = mariadbBinaries();
  const user = unprivilegedUser();
  const root = mkdtempSync(join(tmpdir(), 'headrace-mariadb-'));
  try {
    chmodSync(root, 0o755);
    const data = join(root, 'data');
    for (const folder of [data, scratchOf(root)]) {
      mkdirSync(folder, { mode: 0o700 });
      if (user !== undefined) chownSync(folder, user.uid, user.gid);
    }
    await initialize(binaries.install, root, data, user);
    return await serve(binaries.server, root, data, user, { ...SETTINGS, ...settings });
  } catch (error) {
    rmSync(root, { recursive: true, force: true });
    throw error;
  }
}

async function initialize(command: string, root: string, data: string, user: SystemUser | undefined): Promise<void> {
  // First of all arguments: what the machine's own server is set to must not matter.
  const args = ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-name-resolve'];
  const install = new ServerProcess({ command, args, cwd: root, env: environment(root), user, onOrphaned: 'TERM' });
  if ((await install.exit()) !== 0) throw new Error(`mariadb-install-db failed:\n${install.output}`);
}

async function serve(
  command: string,
  root: string,
  data: string,
  user: SystemUser | undefined,
  settings: Readonly<Record<string, string>>,
): Promise<MariadbServer> {
  const port = await freePort();
  const files = { datadir: data, socket: join(data, 'mariadb.sock'), 'pid-file': join(data, 'mariadb.pid') };
  const args = [
    '--no-defaults',
    ...Object.entries({ ...files, port: String(port), ...settings }).map(([name, value]) => `--${name}=${value}`),
  ];

  async function start(): Promise<ServerProcess> {
    const server = new ServerProcess({ command, args, cwd: root, env: environment(root), user, onOrphaned: 'TERM' });
    if (await server.waitUntil(async () => server.output.includes('ready for connections'))) return server;
    throw new Error(`MariaDB did not start:\n${server.output}`);
  }

  let server = await start();
  return {
    url: `mysql://root@127.0.0.1:${port}/test`,
    async stop() {
      await server.end('SIGTERM');
      rmSync(root, { recursive: true, force: true });
    },
    kill9: () => server.end('SIGKILL'),
    async restart() {
      await server.end('SIGTERM');
      server = await start();
    },
  };
}

function scratchOf(root: string): string {
  return join(root, 'tmp');
}

/** The tests' own folder for temporary files is not the server's user's. */
function environment(root: string): NodeJS.ProcessEnv {
  return { ...process.env, TMPDIR: scratchOf(root) };
}

function mariadbBinaries(): { readonly server: string; readonly install: string } {
  const found = installed() ?? (installDebianPackages(['mariadb-server-core', 'mariadb-client-core']) ? installed() : undefined);
  if (found === undefined) {
    throw new Error('MariaDB is not installed: install it (Debian: apt-get install mariadb-server-core; macOS: brew install mariadb)');
  }
  return found;
}

function installed(): { readonly server: string; readonly install: string } | undefined {
  const [server, install] = ['mariadbd', 'mariadb-install-db'].map((name) =>
    FOLDERS.map((folder) => join(folder, name)).find((file) => existsSync(file)),
  );
  if (server === undefined || install === undefined || spawnSync(server, ['--version']).status !== 0) return undefined;
  return { server, install };
}
