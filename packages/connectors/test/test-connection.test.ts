/** Against real servers: what a test of a connection says when it works, and of each way in which it does not. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { freePort } from '../../../tests/support/free-port.ts';
import { until } from '../../../tests/support/poll.ts';
import { type S3Server, startS3 } from '../../../tests/support/s3-server.ts';
import { type SftpServer, startSftp } from '../../../tests/support/sftp-server.ts';
import { testConnection } from '../src/admin.ts';

const PASSWORD = 'correct-horse';
const admin = new URL(process.env.HEADRACE_TEST_POSTGRES_URL ?? 'postgres://unset');

let folder: string;
let deadPort: number;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headrace-test-connection-'));
  deadPort = await freePort();
});
afterAll(() => rm(folder, { recursive: true }));

/** Nothing that is said holds a password. */
async function tested(url: string) {
  const { ms, ...answer } = await testConnection({ id: 'c', url });
  expect(ms).toBeGreaterThanOrEqual(0);
  expect(answer.message).not.toContain(PASSWORD);
  return answer;
}

describe('a test of a PostgreSQL connection', () => {
  const at = (change: (url: URL) => void): string => {
    const url = new URL(admin);
    change(url);
    return url.href;
  };

  test('connects, and names server, database and user', async () => {
    expect(await tested(admin.href)).toEqual({
      ok: true,
      message: expect.stringMatching(/^PostgreSQL \S+.* answers: database "postgres", as user "\w+"$/),
    });
  });

  test('tells a database that is not there, a login that is refused, and a server that does not answer apart', async () => {
    const database = at((url) => {
      url.pathname = '/no_such_database';
    });
    expect(await tested(database)).toEqual({
      ok: false,
      code: 'HR_DATABASE_NOT_FOUND',
      message: expect.stringContaining('has no database "no_such_database"'),
    });
    const login = at((url) => {
      url.username = 'nobody_at_all';
      url.password = PASSWORD;
    });
    expect(await tested(login)).toMatchObject({ ok: false, message: expect.stringContaining('nobody_at_all') });
    const server = at((url) => {
      url.port = String(deadPort);
      url.password = PASSWORD;
    });
    expect(await tested(server)).toEqual({
      ok: false,
      code: 'HR_CONNECTION_FAILED',
      message: expect.stringMatching(/^Cannot reach PostgreSQL at .*Check the host, the port and that the server runs$/),
    });
  });

  test('leaves nothing behind', async () => {
    const client = new pg.Client({ connectionString: admin.href });
    await client.connect();
    try {
      const count = async () =>
        (
          await client.query(
            "select count(*)::int as n from pg_stat_activity where query like '%current_user as who%' and pid <> pg_backend_pid()",
          )
        ).rows[0]?.n;
      await tested(admin.href);
      await until('its connection to be gone', async () => (await count()) === 0);
    } finally {
      await client.end();
    }
  });
});

describe('a test of a folder', () => {
  test('says whether it is there', async () => {
    expect(await tested(pathToFileURL(folder).href)).toMatchObject({
      ok: true,
      message: expect.stringContaining('can be read and written'),
    });
    expect(await tested(pathToFileURL(join(folder, 'missing')).href)).toEqual({
      ok: false,
      code: 'HR_FILE_NOT_FOUND',
      message: expect.stringMatching(/There is no folder .*missing \(connection "c"\) on this machine/),
    });
    const file = join(folder, 'a-file');
    await writeFile(file, '');
    await chmod(file, 0o600);
    expect(await tested(pathToFileURL(file).href)).toMatchObject({ ok: false, code: 'HR_FILE_NOT_FOUND' });
  });
});

describe('a test of S3', () => {
  let s3: S3Server;
  beforeAll(async () => {
    s3 = await startS3();
  }, 60_000);
  afterAll(() => s3?.stop());

  const url = (bucket: string, secret: string): string =>
    `s3://${bucket}/lake?${new URLSearchParams({ endpoint: s3.endpoint, region: s3.region, pathStyle: 'true', accessKeyId: s3.accessKeyId, secretAccessKey: secret })}`;

  test('tells a bucket that is not there and a key that is refused apart from one that works', async () => {
    expect(await tested(url(s3.bucket, s3.secretAccessKey))).toEqual({
      ok: true,
      message: `s3://${s3.bucket}/lake/ answers, and can be read`,
    });
    expect(await tested(url('no-such-bucket', s3.secretAccessKey))).toEqual({
      ok: false,
      code: 'HR_STORAGE_REFUSED',
      message: expect.stringMatching(/bucket "no-such-bucket".*NoSuchBucket/),
    });
    expect(await tested(url(s3.bucket, PASSWORD))).toEqual({
      ok: false,
      code: 'HR_STORAGE_REFUSED',
      message: expect.stringContaining('SignatureDoesNotMatch'),
    });
    const dead = `s3://b?endpoint=http://127.0.0.1:${deadPort}&accessKeyId=a&secretAccessKey=${PASSWORD}`;
    expect(await tested(dead)).toMatchObject({ ok: false, message: expect.stringContaining('nothing listens there') });
  }, 30_000);
});

describe('a test of SFTP', () => {
  let server: SftpServer;
  beforeAll(async () => {
    server = await startSftp();
  }, 60_000);
  afterAll(() => server?.stop());

  test('logs in, or says that it may not', async () => {
    expect(await tested(server.url(''))).toMatchObject({ ok: true, message: expect.stringContaining('answers, and can be read') });
    const hostKey = new URLSearchParams({ hostKey: server.hostKey });
    const wrong = `sftp://nobody_at_all:${PASSWORD}@${server.host}:${server.port}${server.folder}?${hostKey}`;
    expect(await tested(wrong)).toMatchObject({ ok: false, code: 'HR_LOGIN_REFUSED' });
  }, 30_000);
});

describe('a test of an HTTP connection', () => {
  let server: Server;
  let origin: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const known = request.headers.authorization === `Bearer ${PASSWORD}`;
      response.statusCode = request.url?.startsWith('/broken') ? 503 : request.url?.startsWith('/open') || known ? 200 : 401;
      response.end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  test('says what it is answered with', async () => {
    expect(await tested(`${origin}/v1?bearerToken=${PASSWORD}`)).toEqual({ ok: true, message: `${origin}/v1 answers with status 200` });
    expect(await tested(`${origin}/v1?bearerToken=wrong-${PASSWORD.length}`)).toMatchObject({ ok: false, code: 'HR_LOGIN_REFUSED' });
    expect(await tested(`${origin}/broken`)).toMatchObject({ ok: false, message: expect.stringContaining('status 503') });
    expect(await tested(`http://me:${PASSWORD}@127.0.0.1:${deadPort}/`)).toMatchObject({ ok: false, code: 'HR_HTTP_UNREACHABLE' });
  });
});

test('a connection that nothing of Headrace speaks is said to be such', async () => {
  expect(await tested(`redis://:${PASSWORD}@cache:6379/0`)).toEqual({
    ok: false,
    code: 'HR_CONNECTION_UNTESTABLE',
    message: expect.stringContaining('Nothing of Headrace speaks "redis"'),
  });
});
