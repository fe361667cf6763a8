/**
 * Fifty secrets through a full run of real processes, whose tasks log, print and throw them: no part of one is found in what anybody can
 * read afterwards. Only what a task returns is kept as it is: that is the user's own data.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { silentLog } from '@headrace/ports';
import { migrate } from '@headrace/store-postgres';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import pg from 'pg';
import { freePort } from '../support/free-port.ts';
import { type HeadraceProcess, startHeadrace } from '../support/headrace-process.ts';
import { until } from '../support/poll.ts';
import { type PostgresServer, startPostgres, WITHOUT_SYNC } from '../support/postgres-server.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { COUNT, homeOf, markOf, nameOf, secretOf } from './canaries/secrets.ts';

const TOKEN = 'a-token-for-this-test';
const ALL = Array.from({ length: COUNT }, (_, index) => index);
const GROUPS = [0, 1, 2, 3, 4];

let postgres: PostgresServer;
let redis: RedisServer;
let home: string;
let receiver: Server;
let processes: HeadraceProcess[] = [];
let address: string;
let runId: string;
const received: string[] = [];
/** Answers to requests that held a secret. */
const answered: string[] = [];

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres({ settings: WITHOUT_SYNC }), startRedis()]);
  home = mkdtempSync(join(tmpdir(), 'headrace-canaries-'));
  for (const folder of ['lake', 'objects']) mkdirSync(join(home, folder));
  await migrate(postgres.url, { log: silentLog });
  receiver = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request.setEncoding('utf8')) body += piece;
    received.push(`${request.url} ${JSON.stringify(request.headers)} ${body}`);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const there = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const environment = {
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    HEADRACE_DAGS: fileURLToPath(new URL('canaries/dags', import.meta.url)),
    HEADRACE_OBJECTS: pathToFileURL(join(home, 'objects')).href,
    HEADRACE_SECRET_KEY: randomBytes(32).toString('base64'),
    HEADRACE_METRICS_PORT: '0',
    HEADRACE_PORT: '0',
    HEADRACE_TOKEN: TOKEN,
    HEADRACE_LOG_LEVEL: 'debug',
    HEADRACE_CONN_ALERTS: there,
    HEADRACE_CONN_LAKE: pathToFileURL(join(home, 'lake')).href,
    OPENLINEAGE_URL: there,
    OTEL_EXPORTER_OTLP_ENDPOINT: there,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_BSP_SCHEDULE_DELAY: '100',
  };
  const start = (role: 'api' | 'scheduler' | 'worker') => startHeadrace(role, { ...environment, HEADRACE_HOME: join(home, role) });
  processes = await Promise.all([start('api'), start('scheduler'), start('worker')]);
  address = processes[0]?.address ?? '';
  const closed = await freePort();
  await Promise.all(ALL.map((index) => keep(index, closed)));
  await until('the DAG to be registered', async () => ((await get('/api/v2/dags/canaries')).status === 200 ? true : undefined));
  const triggered = await send('POST', '/api/v2/dags/canaries/dagRuns', { logical_date: null });
  runId = (JSON.parse(triggered.text) as { dag_run_id: string }).dag_run_id;
  await until('the run to end', async () => {
    const { text } = await get(`/api/v2/dags/canaries/dagRuns/${encodeURIComponent(runId)}`);
    return /"state":"(success|failed)"/.test(text) ? true : undefined;
  });
  await until('the span of the run', async () => (received.some((one) => one.includes('run canaries')) ? true : undefined));
  await until('the notices of the run and of its tasks', async () =>
    received.filter((one) => one.includes('.failure')).length >= 6 ? true : undefined,
  );
}, 120_000);

afterAll(async () => {
  await Promise.all(processes.map((child) => child.stop()));
  await new Promise((resolve) => (receiver === undefined ? resolve(undefined) : receiver.close(resolve)));
  await redis?.stop();
  await postgres?.stop();
  if (home !== undefined) rmSync(home, { recursive: true, force: true });
}, 60_000);

/** In its place, and in requests that are refused. */
async function keep(index: number, port: number): Promise<void> {
  const secret = secretOf(index);
  const id = nameOf(index);
  const made =
    homeOf(index) === 'variable'
      ? await send('POST', '/api/v2/variables', { key: id, value: secret, description: 'of a test' }, `key-${index}`)
      : await send(
          'POST',
          '/api/v2/connections',
          {
            connection_id: id,
            conn_type: homeOf(index) === 'extra' ? 'http' : 'postgres',
            host: '127.0.0.1',
            port,
            login: 'me',
            ...(homeOf(index) === 'extra' ? { extra: JSON.stringify({ token: secret }) } : { schema: 'db', password: secret }),
          },
          `key-${index}`,
        );
  expect([index, made.status, made.status < 300 ? '' : made.text]).toEqual([index, 201, '']);
  const refused = [
    await send('POST', '/api/v2/connections', { connection_id: id, conn_type: 'nothing', password: secret, [secret]: 1 }),
    await send('POST', '/api/v2/connections', { connection_id: id, conn_type: 'postgres', password: { secret } }),
    await send('POST', '/api/v2/variables', { key: 'x_secret', value: secret, is_encrypted: secret }),
    await send('POST', '/auth/token', { username: 'nobody', password: secret }),
  ];
  if (homeOf(index) === 'password') refused.push(await send('POST', `/headrace/v1/connections/${id}/test`, {}));
  answered.push(made.text, ...refused.map(({ text }) => text));
}

async function send(method: string, path: string, body: object, key?: string): Promise<{ readonly status: number; readonly text: string }> {
  const headers = {
    authorization: `Bearer ${TOKEN}`,
    'content-type': 'application/json',
    ...(key === undefined ? {} : { 'idempotency-key': key }),
  };
  const answer = await fetch(`${address}${path}`, { method, headers, body: JSON.stringify(body) });
  return { status: answer.status, text: await answer.text() };
}

async function get(path: string, accept = 'application/json'): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await fetch(`${address}${path}`, {
    headers: { authorization: `Bearer ${TOKEN}`, accept },
    signal: AbortSignal.timeout(20_000),
  });
  return { status: answer.status, text: await answer.text() };
}

/** Marks as they are, in Base64 at each of its three offsets, and in hexadecimal. */
const NEEDLES = ALL.flatMap((index) => {
  const mark = markOf(index);
  const shifted = [0, 1, 2].map((offset) =>
    Buffer.concat([Buffer.alloc(offset), Buffer.from(mark)])
      .toString('base64')
      .slice(offset === 0 ? 0 : offset + 1, Math.floor(((offset + mark.length) * 8) / 6)),
  );
  const hex = Buffer.from(mark).toString('hex');
  return [mark, ...shifted, hex, hex.toUpperCase()].map((needle) => ({ index, needle }));
});
const ANY = new RegExp(NEEDLES.map(({ needle }) => needle.replaceAll('+', '\\+')).join('|'));

/** Where a secret shows, with what stands before it. */
function found(texts: Iterable<readonly [where: string, text: string]>): readonly string[] {
  return [...texts].flatMap(([where, text]) => {
    const hit = ANY.exec(text);
    if (hit === null) return [];
    const index = NEEDLES.find(({ needle }) => needle === hit[0])?.index;
    return [
      `${where}: secret ${index} (${homeOf(index ?? 0)}) after ${JSON.stringify(text.slice(Math.max(0, hit.index - 80), hit.index))}`,
    ];
  });
}

describe('no secret is found', () => {
  test('by a search that would find it in any of these forms', () => {
    for (const index of ALL) {
      const secret = secretOf(index);
      for (const form of [
        secret,
        JSON.stringify(secret),
        encodeURIComponent(secret),
        Buffer.from(secret).toString('base64'),
        Buffer.from(`x${secret}`).toString('base64'),
        Buffer.from(secret).toString('hex'),
      ])
        expect([index, found([['here', `a ${form} b`]]).length]).toEqual([index, 1]);
    }
    expect([COUNT, Buffer.byteLength(secretOf(31)) > 4_000]).toEqual([50, true]);
  });

  test('in the answers to those who sent it, and to what was wrong with it', () => {
    expect(answered.length).toBeGreaterThan(250);
    expect(found(answered.map((text) => ['answer', text] as const))).toEqual([]);
  });

  test('in the logs of processes, at their most talkative, nor in their environments and arguments', () => {
    expect(found(processes.map(({ output, address: at }) => [at, output] as const))).toEqual([]);
    const children = descendantsOf(processes.map(({ pid }) => pid));
    expect(children.length).toBeGreaterThan(3);
    expect(
      found(children.flatMap((pid) => ['environ', 'cmdline'].map((file) => [`${pid} ${file}`, readProcess(pid, file)] as const))),
    ).toEqual([]);
  });

  test('in the logs of tasks, which have all lines and say where something was', () => {
    const logs = [...filesUnder(join(home, 'objects'))].filter(([, text]) => text.includes('it is '));
    expect(logs.length).toBe(GROUPS.length);
    for (const [, text] of logs) expect(text.match(/it is \*\*\*/g)?.length).toBeGreaterThanOrEqual(10);
    expect(found(filesUnder(home))).toEqual([]);
  });

  test('in any table of the database', async () => {
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    try {
      const { rows: tables } = await client.query<{ name: string }>(
        `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`,
      );
      const texts: (readonly [string, string])[] = [];
      for (const { name } of tables) {
        // Bytes come in hexadecimal: also what is encrypted is looked at.
        const { rows } = await client.query<{ row: string }>(`select t::text as row from ${name} t`);
        texts.push(...rows.map(({ row }) => [name, row] as const));
      }
      expect(new Set(texts.map(([name]) => name)).size).toBeGreaterThan(10);
      expect(texts.filter(([name]) => name === 'headrace.idempotency_key')).toHaveLength(COUNT);
      expect(found(texts)).toEqual([]);
    } finally {
      await client.end();
    }
  });

  test('in Redis', async () => {
    const client = new Redis(redis.url);
    try {
      const texts: (readonly [string, string])[] = [];
      for (const key of await client.keys('*')) texts.push([key, JSON.stringify([key, await storedUnder(client, key)])]);
      expect(texts.length).toBeGreaterThan(0);
      expect(found(texts)).toEqual([]);
    } finally {
      client.disconnect();
    }
  });

  test('in any answer of the API to a GET, nor in metrics and the audit log', async () => {
    const texts = new Map<string, string>();
    const paths = addresses(JSON.parse((await get('/openapi.json')).text) as Document);
    expect(paths.length).toBeGreaterThan(150);
    const pending = [...paths];
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let path = pending.pop(); path !== undefined; path = pending.pop()) texts.set(path, (await get(path)).text);
      }),
    );
    texts.set('audit as NDJSON', (await get('/headrace/v1/audit', 'application/x-ndjson')).text);
    expect(texts.get('audit as NDJSON')?.trim().split('\n').length).toBeGreaterThan(COUNT);
    for (const { address: at } of processes) {
      const { origin } = new URL(at);
      texts.set(`metrics of ${origin}`, await (await fetch(`${origin}/metrics`)).text());
    }
    expect(found(texts)).toEqual([]);
  }, 60_000);

  test('in notices, lineage and traces, of which there were some', () => {
    expect(received.filter((one) => one.includes('task.failure')).length).toBeGreaterThanOrEqual(5);
    expect(received.some((one) => one.includes('eventType'))).toBe(true);
    expect(received.some((one) => one.startsWith('/v1/traces') && one.includes('task canaries.throws_0'))).toBe(true);
    expect(found(received.map((text) => ['received', text] as const))).toEqual([]);
  });
});

interface Document {
  readonly paths: Readonly<
    Record<string, { readonly get?: { readonly responses: Readonly<Record<string, { readonly content?: object }>> } }>
  >;
}

/** Of all GET routes, with what there is in place of what varies. Streams that do not end are left out: their logs and states are read elsewhere. */
function addresses({ paths }: Document): readonly string[] {
  const tasks = [...GROUPS.flatMap((group) => [`logs_${group}`, `throws_${group}`]), 'cannot_connect'];
  const values: Readonly<Record<string, readonly string[]>> = {
    dag_id: ['canaries'],
    dag_run_id: [runId],
    task_id: tasks,
    map_index: ['-1'],
    try_number: ['1'],
    task_try_number: ['1'],
    version_number: ['1'],
    other_number: ['1'],
    xcom_key: ['return_value'],
    connection_id: ALL.filter((index) => homeOf(index) !== 'variable').map(nameOf),
    variable_key: ALL.filter((index) => homeOf(index) === 'variable').map(nameOf),
    pool_name: ['default_pool'],
  };
  return Object.entries(paths).flatMap(([path, { get: operation }]) => {
    if (operation === undefined || JSON.stringify(operation.responses).includes('text/event-stream')) return [];
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
    let all = [path];
    for (const name of names)
      all = all.flatMap((one) => (values[name] ?? ['1']).map((value) => one.replace(`{${name}}`, encodeURIComponent(value))));
    return all.map((one) => `${one}${/search$/.test(path) ? '?text=it' : ''}`);
  });
}

async function storedUnder(client: Redis, key: string): Promise<unknown> {
  switch (await client.type(key)) {
    case 'string':
      return client.get(key);
    case 'hash':
      return client.hgetall(key);
    case 'list':
      return client.lrange(key, 0, -1);
    case 'set':
      return client.smembers(key);
    case 'zset':
      return client.call('zrange', key, '0', '-1', 'withscores');
    case 'stream':
      return client.xrange(key, '-', '+');
    default:
      return null;
  }
}

function* filesUnder(folder: string): Generator<readonly [string, string]> {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) yield [join(entry.parentPath, entry.name), readFileSync(join(entry.parentPath, entry.name), 'utf8')];
}

/** With those that they have started, and so on. */
function descendantsOf(roots: readonly number[]): readonly number[] {
  const all = new Set(roots);
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), Number(/\) \S (\d+)/.exec(readProcess(Number(name), 'stat'))?.[1] ?? 0)] as const);
  for (let before = 0; before < all.size; ) {
    before = all.size;
    for (const [pid, parent] of parents) if (all.has(parent)) all.add(pid);
  }
  return [...all];
}

/** Nothing of one that has just ended. */
function readProcess(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
