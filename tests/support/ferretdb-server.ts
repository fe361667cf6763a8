/** A MongoDB-compatible server of the tests' own: FerretDB over SQLite, on loopback, without users. It has no replica set, no transactions and no Decimal128. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';
import { ServerProcess } from './server-process.ts';

const source = fileURLToPath(new URL('ferretdb', import.meta.url));

export interface FerretDbServer {
  /** `mongodb://127.0.0.1:port`, without a database. The same after a restart. */
  readonly url: string;
  readonly port: number;
  /** SIGKILL. The data stays, for `restart`. */
  kill9(): Promise<void>;
  /** Starts it again on the same port and data. */
  restart(): Promise<void>;
  /** Ends it and removes its data. May be called twice. */
  stop(): Promise<void>;
}

/** Starts a server on a free port and resolves when it takes connections. Rejects with what to install, or with its log. */
export async function startFerretDb(): Promise<FerretDbServer> {
  const command = serverBinary();
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'headrace-ferretdb-'));

  async function start(): Promise<ServerProcess> {
    const args = ['-listen', `127.0.0.1:${port}`, '-data', folder];
    const server = new ServerProcess({ command, args, cwd: folder, onOrphaned: 'TERM' });
    if (await server.waitUntil(async () => server.output.includes('Listening on TCP'))) return server;
    throw new Error(`FerretDB did not start:\n${server.output}`);
  }

  let server: ServerProcess;
  try {
    server = await start();
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    url: `mongodb://127.0.0.1:${port}`,
    port,
    kill9: () => server.end('SIGKILL'),
    async restart() {
      await server.end('SIGTERM');
      server = await start();
    },
    async stop() {
      await server.end('SIGTERM');
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Built once by Go into a cache: HEADRACE_TEST_CACHE, or the user's cache folder. */
function serverBinary(): string {
  const cache = process.env.HEADRACE_TEST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'headrace-test');
  const version = createHash('sha256');
  for (const file of ['main.go', 'go.mod', 'go.sum']) version.update(readFileSync(join(source, file)));
  const binary = join(cache, `ferretdb-${version.digest('hex').slice(0, 12)}`, 'ferretdb');
  if (existsSync(binary)) return binary;
  process.stderr.write('building FerretDB\n');
  const build = spawnSync('go', ['build', '-o', binary, '.'], { cwd: source, encoding: 'utf8' });
  if (build.error !== undefined) {
    throw new Error(
      'The tests of MongoDB need a real server, which Go builds: install Go 1.24 or newer (https://go.dev/dl) and put `go` on the PATH',
    );
  }
  if (build.status !== 0) throw new Error(`go build of FerretDB failed:\n${build.stderr}`);
  return binary;
}
