/** An S3 of the tests' own: Versity's gateway over a folder, on loopback, with one bucket. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { ServerProcess } from './server-process.ts';

const module = 'github.com/versity/versitygw/cmd/versitygw@v1.7.0';
const bucket = 'headrace-test';

export interface S3Server {
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  /** Ends it and removes its data. May be called twice. */
  stop(): Promise<void>;
}

/** Starts a server on a free loopback port and resolves when it answers. Rejects with what to install, or with its log. */
export async function startS3(): Promise<S3Server> {
  const command = gatewayBinary();
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'headrace-s3-'));
  // The gateway takes the folders below its own for buckets. Metadata goes beside the data, for file systems without extended attributes.
  const objects = join(folder, 'objects');
  const metadata = join(folder, 'metadata');
  mkdirSync(join(objects, bucket), { recursive: true });
  mkdirSync(metadata);
  const endpoint = `http://127.0.0.1:${port}`;
  const access = { accessKeyId: 'headrace-test', secretAccessKey: 'headrace-test-secret', region: 'us-east-1' };
  const server = new ServerProcess({
    command,
    args: ['--port', `127.0.0.1:${port}`, '--region', access.region, '--health', '/health', 'posix', '--sidecar', metadata, objects],
    cwd: folder,
    env: { ...process.env, ROOT_ACCESS_KEY: access.accessKeyId, ROOT_SECRET_KEY: access.secretAccessKey },
    onOrphaned: 'TERM',
  });
  const answers = async (): Promise<boolean> => (await fetch(`${endpoint}/health`).catch(() => undefined))?.ok === true;
  if (!(await server.waitUntil(answers))) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`versitygw did not start:\n${server.output}`);
  }
  return {
    endpoint,
    bucket,
    ...access,
    async stop() {
      await server.end('SIGTERM');
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Built once by Go into a cache: HEADRACE_TEST_CACHE, or the user's cache folder. */
function gatewayBinary(): string {
  const cache = process.env.HEADRACE_TEST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'headrace-test');
  const binary = join(cache, 'versitygw-v1.7.0', 'versitygw');
  if (existsSync(binary)) return binary;
  process.stderr.write(`building ${module}\n`);
  const build = spawnSync('go', ['install', module], { env: { ...process.env, GOBIN: join(binary, '..') }, encoding: 'utf8' });
  if (build.error !== undefined) {
    throw new Error(
      'The tests of S3 need a real server, which Go builds: install Go 1.24 or newer (https://go.dev/dl) and put `go` on the PATH',
    );
  }
  if (build.status !== 0) throw new Error(`go install ${module} failed:\n${build.stderr}`);
  return binary;
}
