/**
 * A PostgreSQL cluster in a folder, for one machine: made at the first start, found again at the next.
 *
 * C1. The server is not our child: when we are killed it goes on, and the next start finds it running and uses it.
 * C2. It listens on loopback only and asks for a password that is kept in the folder, readable by its owner alone.
 * C3. Durability is that of any PostgreSQL: fsync and synchronous_commit are on.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import pg from 'pg';
import { embeddedBinaries, reachableBy } from './binaries.ts';
import { type SystemUser, unprivilegedUser } from './system-user.ts';

export interface EmbeddedCluster {
  /** Of the superuser, for a database of that name; the database is made if need be. */
  database(name: string): Promise<string>;
  /** True if it was found running, left by a process that was killed. */
  readonly adopted: boolean;
  readonly folder: string;
  stop(): Promise<void>;
}

export class EmbeddedPostgresError extends Error {
  readonly code = 'HR_EMBEDDED_POSTGRES_FAILED';
  constructor(what: string, output: string) {
    super(`${what}: ${output.trim().slice(-2_000)}`);
    this.name = 'EmbeddedPostgresError';
  }
}

/** Where data goes when this process is root and the wished-for folder is closed to the user that PostgreSQL runs as. */
const ROOT_FOLDER = '/var/lib/headrace';

/** Starts the cluster in `folder`, or makes it first. Takes about a second the first time. */
export async function startEmbeddedPostgres(folder: string): Promise<EmbeddedCluster> {
  const user = unprivilegedUser();
  const home = openFolder(resolve(folder), user);
  const binaries = reachableBy(user, embeddedBinaries(), join(home, 'programs'));
  const control = new Control(home, binaries, user);
  if (!existsSync(join(control.data, 'PG_VERSION'))) await control.initialize();
  const adopted = await control.isRunning();
  if (!adopted) await control.start();
  return {
    adopted,
    folder: home,
    database: (name) => control.database(name),
    stop: () => control.stop(),
  };
}

class Control {
  readonly data: string;
  readonly #home: string;
  readonly #binaries: string;
  readonly #user: SystemUser | undefined;

  constructor(home: string, binaries: string, user: SystemUser | undefined) {
    this.#home = home;
    this.#binaries = binaries;
    this.#user = user;
    this.data = join(home, 'data');
  }

  async initialize(): Promise<void> {
    // In a folder beside, moved into place when complete: a start that is killed leaves no half-made cluster.
    const making = join(this.#home, 'making');
    rmSync(making, { recursive: true, force: true });
    const passwordFile = join(this.#home, 'password');
    writeFileSync(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
    this.#own(passwordFile);
    await this.#run('initdb', [
      `--pgdata=${making}`,
      '--username=headrace',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
    ]);
    renameSync(making, this.data);
  }

  async isRunning(): Promise<boolean> {
    return this.#run('pg_ctl', ['status', '-D', this.data]).then(
      () => true,
      () => false,
    );
  }

  async start(): Promise<void> {
    const port = await freePort(this.#lastPort());
    const settings = {
      port: String(port),
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: '200',
      shared_buffers: '128MB',
      max_wal_size: '2GB',
      log_destination: 'stderr',
    };
    const options = Object.entries(settings)
      .map(([name, value]) => `-c ${name}='${value}'`)
      .join(' ');
    await this.#run('pg_ctl', ['start', '-D', this.data, '-w', '-t', '60', '-s', '-l', join(this.#home, 'postgres.log'), '-o', options]);
  }

  async stop(): Promise<void> {
    await this.#run('pg_ctl', ['stop', '-D', this.data, '-w', '-m', 'fast', '-s']);
  }

  async database(name: string): Promise<string> {
    const client = new pg.Client({ connectionString: this.#url('postgres') });
    await client.connect();
    try {
      const found = await client.query('select from pg_database where datname = $1', [name]);
      if (found.rowCount === 0) await client.query(`create database ${pg.escapeIdentifier(name)}`);
    } finally {
      await client.end();
    }
    return this.#url(name);
  }

  #url(database: string): string {
    const password = readFileSync(join(this.#home, 'password'), 'utf8').trim();
    return `postgres://headrace:${password}@127.0.0.1:${this.#lastPort()}/${encodeURIComponent(database)}`;
  }

  /** The port of the running server, else of the last one. */
  #lastPort(): number | undefined {
    const pidFile = join(this.data, 'postmaster.pid');
    const remembered = join(this.#home, 'port');
    // Line 4 of the lock file is the port (PostgreSQL documentation, "Database File Layout").
    const port = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8').split('\n')[3]) : Number.NaN;
    if (Number.isInteger(port) && port > 0) {
      writeFileSync(remembered, String(port));
      return port;
    }
    return existsSync(remembered) ? Number(readFileSync(remembered, 'utf8')) : undefined;
  }

  #own(path: string): void {
    if (this.#user !== undefined) chownSync(path, this.#user.uid, this.#user.gid);
  }

  async #run(program: string, args: readonly string[]): Promise<void> {
    // Output goes nowhere: a pipe would be inherited by the server and never close. What failed is in the log file.
    const quiet = program === 'pg_ctl';
    const child = spawn(join(this.#binaries, program), args, {
      cwd: this.#home,
      stdio: ['ignore', quiet ? 'ignore' : 'pipe', quiet ? 'ignore' : 'pipe'],
      env: { PATH: process.env.PATH, LANG: 'C', TZ: 'UTC' },
      detached: quiet,
      ...(this.#user === undefined ? {} : { uid: this.#user.uid, gid: this.#user.gid }),
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const code = await new Promise<number | null>((done, fail) => {
      child.on('error', fail);
      child.on('close', done);
    });
    if (code === 0) return;
    const log = join(this.#home, 'postgres.log');
    throw new EmbeddedPostgresError(`${program} failed (${code})`, output || (existsSync(log) ? readFileSync(log, 'utf8') : ''));
  }
}

/** Makes the folder and gives it to the user. Where that user cannot get there, the folder is elsewhere and a link leads to it. */
function openFolder(wished: string, user: SystemUser | undefined): string {
  if (user === undefined) {
    mkdirSync(wished, { recursive: true });
    return wished;
  }
  const folder = isOpenTo(wished) ? wished : join(ROOT_FOLDER, wished.replaceAll('/', '_'));
  mkdirSync(folder, { recursive: true });
  chownSync(folder, user.uid, user.gid);
  chmodSync(folder, 0o755);
  if (folder !== wished && lstatSync(wished, { throwIfNoEntry: false }) === undefined) {
    mkdirSync(dirname(wished), { recursive: true });
    symlinkSync(folder, wished);
  }
  return folder;
}

/** Whether every folder above may be passed through by anybody. */
function isOpenTo(path: string): boolean {
  const parts = path.split('/').slice(0, -1);
  return parts.every((_, index) => {
    const folder = parts.slice(0, index + 1).join('/') || '/';
    return !existsSync(folder) || (statSync(folder).mode & 0o001) !== 0;
  });
}

async function freePort(preferred: number | undefined): Promise<number> {
  for (const candidate of [preferred ?? 0, 0]) {
    const port = await new Promise<number | undefined>((done) => {
      const server = createServer();
      server.once('error', () => done(undefined));
      server.listen(candidate, '127.0.0.1', () => {
        const address = server.address();
        server.close(() => done(typeof address === 'object' && address !== null ? address.port : undefined));
      });
    });
    if (port !== undefined) return port;
  }
  throw new EmbeddedPostgresError('no free port on 127.0.0.1', '');
}
