/**
 * Tasks wait without a slot, and what they wait for finds them whoever has died meanwhile: real scheduler, worker and API processes, a
 * real PostgreSQL and a real Redis.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { silentLog } from '@headrace/ports';
import { createStore, migrate, type PostgresStore } from '@headrace/store-postgres';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { type HeadraceProcess, headrace, startHeadrace } from '../support/headrace-process.ts';
import { until } from '../support/poll.ts';
import { type PostgresServer, startPostgres, WITHOUT_SYNC } from '../support/postgres-server.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';

const TOKEN = 'a-token-for-this-test';
const MAPPED = 1_000;

let postgres: PostgresServer;
let redis: RedisServer;
let home: string;
let environment: Record<string, string>;
let store: PostgresStore;
let sql: pg.Pool;
let api: HeadraceProcess;
let scheduler: HeadraceProcess;
let worker: HeadraceProcess;
/** Answers 404 until it is ready. */
let partner: Server;
let partnerIsReady = false;

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres({ settings: WITHOUT_SYNC }), startRedis()]);
  home = mkdtempSync(join(tmpdir(), 'headrace-waiting-'));
  await migrate(postgres.url, { log: silentLog });
  sql = new pg.Pool({ connectionString: postgres.url, max: 4, options: '-c search_path=headrace' });
  sql.on('error', () => {});
  await sql.query(`insert into pool (name, slots) values ('narrow', 1)`);
  store = createStore({ url: postgres.url, log: silentLog });
  partner = createServer((_request, response) =>
    response.writeHead(partnerIsReady ? 200 : 404).end(JSON.stringify({ state: partnerIsReady ? 'done' : 'unknown' })),
  );
  await new Promise<void>((resolve) => partner.listen(0, '127.0.0.1', resolve));
  environment = {
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    HEADRACE_HOME: home,
    HEADRACE_DAGS: fileURLToPath(new URL('dags', import.meta.url)),
    HEADRACE_METRICS_PORT: '0',
    HEADRACE_PORT: '0',
    HEADRACE_TOKEN: TOKEN,
    HEADRACE_WORKER_SLOTS: '2',
    HEADRACE_LEASE_SECONDS: '8',
    HEADRACE_LOG_LEVEL: 'warn',
    HEADRACE_CONN_LANDING: pathToFileURL(join(home, 'landing')).href,
    HEADRACE_CONN_POS: postgres.url,
    HEADRACE_CONN_PARTNER: `http://127.0.0.1:${(partner.address() as AddressInfo).port}`,
  };
  [api, scheduler, worker] = await Promise.all([
    startHeadrace('api', environment),
    startHeadrace('scheduler', environment),
    startHeadrace('worker', environment),
  ]);
  await until('the DAGs to be registered', async () => store.queries.dag('numbers'));
}, 120_000);

afterAll(async () => {
  await Promise.all([api, scheduler, worker].map((child) => child?.stop()));
  await new Promise((resolve) => (partner === undefined ? resolve(undefined) : partner.close(resolve)));
  await store?.close();
  await sql?.end();
  await redis?.stop();
  await postgres?.stop();
  if (home !== undefined) rmSync(home, { recursive: true, force: true });
}, 60_000);

describe('tasks that wait', () => {
  test('find what they waited for, though worker and scheduler were killed and the queue was lost', async () => {
    const addressFile = join(home, 'address');
    const due = Date.now() + 15_000;
    const runId = await trigger('waiting', { params: { addressFile, until: due } });
    await until('all to wait', async () => {
      const now = await statesOf('waiting', runId);
      return now.call === 'deferred' &&
        now.person === 'awaiting_input' &&
        now.data === 'deferred' &&
        now.run === 'deferred' &&
        now.plain === 'success' &&
        // Killed while it runs, it would be lost: it waits for good while longer, or is over.
        (now.time === 'success' || (now.time === 'deferred' && Date.now() < due - 3_000))
        ? now
        : undefined;
    });
    await Promise.all([worker.kill9(), scheduler.kill9()]);
    await redis.kill9();
    await redis.restart();
    [scheduler, worker] = await Promise.all([startHeadrace('scheduler', environment), startHeadrace('worker', environment)]);

    expect(existsSync(addressFile)).toBe(true);
    expect(await call('POST', readFileSync(addressFile, 'utf8'), { rows: [1, 2] })).toMatchObject({ outcome: 'met' });
    const form = `/api/v2/dags/waiting/dagRuns/${runId}/taskInstances/person/-1/hitlDetails`;
    expect(await call('PATCH', form, { chosen_options: ['OK'], params_input: { rows: 0 } })).toMatchObject({ code: 'HR_INVALID_REQUEST' });
    const client = { HEADRACE_URL: api.address, HEADRACE_TOKEN: TOKEN, HEADRACE_HOME: home };
    expect(await headrace(['waits', 'list', '--dag', 'waiting', '--kind', 'input'], client)).toMatch(
      /waiting .* person .* an answer to "Load it\?"/,
    );
    expect(await headrace(['tasks', 'answer', 'waiting', runId, 'person'], client)).toMatch(/asks +Load it\?[\s\S]*--param rows=/);
    expect(await headrace(['tasks', 'answer', 'waiting', runId, 'person', '-p', 'rows=7'], client)).toBe('Answered: OK, rows=7\n');
    await sql.query(`insert into asset (name, spec) values ('waited_for', '{"name":"waited_for"}') on conflict do nothing`);
    await store.assets.addEvent({ asset: 'waited_for', extra: { fresh: true } });
    await trigger('numbers', { runId: 'waited_for' });

    await finished('waiting', runId);
    expect(await statesOf('waiting', runId)).toEqual({
      time: 'success',
      call: 'success',
      person: 'success',
      data: 'success',
      run: 'success',
      plain: 'success',
    });
    expect(Date.now()).toBeGreaterThanOrEqual(due);
    expect(await resultsOf('waiting', runId)).toEqual({
      time: 'in time',
      call: { rows: [1, 2] },
      person: { rows: 7 },
      data: { fresh: true },
      run: 'success',
      plain: 'at once',
    });
    // Waiting is no try.
    const tries = await sql.query('select distinct attempt - tries_before as tries from task_instance where dag_id = $1', ['waiting']);
    expect(tries.rows).toEqual([{ tries: 1 }]);
    expect((await store.waits.waits({ dagId: 'waiting', open: true }, { limit: 10, offset: 0 })).total).toBe(0);
  }, 180_000);

  test('hold no slot: a hundred of them in a pool of one let another run, and a cancelled run waits for nothing', async () => {
    const runId = await trigger('crowd');
    await until('the crowd to wait and the other to have run', async () => {
      const states = Object.values(await statesOf('crowd', runId));
      return states.filter((state) => state === 'deferred').length === 100 && states.includes('success') ? states : undefined;
    });
    expect((await store.waits.waits({ dagId: 'crowd', open: true }, { limit: 1, offset: 0 })).total).toBe(100);
    expect(await call('PATCH', `/api/v2/dags/crowd/dagRuns/${runId}`, { state: 'failed' })).toMatchObject({ dag_run_id: runId });
    expect((await store.waits.waits({ dagId: 'crowd', open: true }, { limit: 1, offset: 0 })).total).toBe(0);
    expect((await store.waits.due(10)).length).toBe(0);
  }, 180_000);
});

describe('ready-made sensors', () => {
  test('wait for a file, for rows and for an answer, and the run goes on when they have come', async () => {
    await sql.query('create table public.closed (day date)');
    const runId = await trigger('conditions', { params: { day: '2026-05-01' } });
    // Three of them share two slots.
    await until('all to have looked in vain more than once', async () => {
      const looks = await looksOf(runId);
      return looks.length === 3 && looks.every(({ attempt }) => attempt > 2) ? looks : undefined;
    });
    expect((await statesOf('conditions', runId)).plain).toBe('success');

    mkdirSync(join(home, 'landing', '2026-05-01'), { recursive: true });
    writeFileSync(join(home, 'landing', '2026-05-01', 'till.csv'), 'a,b\n');
    await sql.query(`insert into public.closed values ('2026-05-01')`);
    partnerIsReady = true;
    await finished('conditions', runId);
    expect(await resultsOf('conditions', runId)).toMatchObject({
      file: [{ path: '2026-05-01/till.csv', bytes: 4, modifiedAt: { $date: expect.any(String) } }],
      rows: { n: { $bigint: '1' } },
      answer: { status: 200, body: { state: 'done' } },
      next: ['2026-05-01/till.csv', '1', 'done'],
    });
    expect((await looksOf(runId)).map(({ tries }) => tries)).toEqual([1, 1, 1]);
  }, 180_000);
});

describe('a task mapped over a result', () => {
  test(`runs once for each of ${MAPPED} items, and what comes after sees all their results`, async () => {
    const runId = await trigger('numbers', { params: { count: MAPPED } });
    await finished('numbers', runId);
    const { rows } = await sql.query(
      `select count(*)::int as n, min(map_index) as first, max(map_index) as last from task_instance t join dag_run r on r.id = t.dag_run_id
       where r.run_id = $1 and t.task_id = 'doubled' and t.state = 'success'`,
      [runId],
    );
    expect(rows).toEqual([{ n: MAPPED, first: 0, last: MAPPED - 1 }]);
    expect((await resultsOf('numbers', runId)).sum).toEqual({ count: MAPPED, sum: MAPPED * (MAPPED - 1), last: 2 * (MAPPED - 1) });
  }, 180_000);
});

async function trigger(dagId: string, more: { runId?: string; params?: Record<string, unknown> } = {}): Promise<string> {
  const { runId } = await store.commands.trigger({ dagId, params: {}, runType: 'manual', triggeredBy: 'test', ...more });
  return runId;
}

async function call(method: string, path: string, body: object): Promise<unknown> {
  const response = await fetch(`${api.address}${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return response.json();
}

async function statesOf(dagId: string, runId: string): Promise<Record<string, string>> {
  const { rows } = await sql.query<{ task_id: string; state: string }>(
    'select t.task_id, t.state from task_instance t join dag_run r on r.id = t.dag_run_id where r.dag_id = $1 and r.run_id = $2 and t.map_index < 0',
    [dagId, runId],
  );
  return Object.fromEntries(rows.map((row) => [row.task_id, row.state]));
}

/** Of the sensors of a run: how often they were tried, and how often they looked. */
async function looksOf(runId: string): Promise<readonly { readonly tries: number; readonly attempt: number }[]> {
  const { rows } = await sql.query<{ tries: number; attempt: number }>(
    `select t.attempt - t.tries_before as tries, t.attempt from task_instance t join dag_run r on r.id = t.dag_run_id
     where r.run_id = $1 and t.task_id in ('file', 'rows', 'answer')`,
    [runId],
  );
  return rows;
}

/** Of tasks that are not mapped. */
async function resultsOf(dagId: string, runId: string): Promise<Record<string, unknown>> {
  const { rows } = await sql.query<{ task_id: string; inline_json: string }>(
    `select t.task_id, x.inline_json from task_instance t join dag_run r on r.id = t.dag_run_id
     join task_result x on x.task_instance_id = t.id and x.attempt = t.attempt
     where r.dag_id = $1 and r.run_id = $2 and t.map_index < 0`,
    [dagId, runId],
  );
  return Object.fromEntries(rows.map((row) => [row.task_id, JSON.parse(row.inline_json)]));
}

async function finished(dagId: string, runId: string): Promise<void> {
  const run = await until(`the run of ${dagId} to end`, async () => {
    const found = await store.queries.run(dagId, runId).catch(() => undefined);
    return found?.status === 'success' || found?.status === 'failed' ? found : undefined;
  });
  expect({ status: run.status, unsuccessful: run.status === 'success' ? [] : await unsuccessful(dagId, runId) }).toEqual({
    status: 'success',
    unsuccessful: [],
  });
}

/** The tasks of a run that did not succeed, and why: what one wants to read when this test fails somewhere else. */
async function unsuccessful(dagId: string, runId: string): Promise<readonly unknown[]> {
  const { rows } = await sql.query(
    `select t.task_id, t.map_index, t.state, t.attempt, t.error from task_instance t join dag_run r on r.id = t.dag_run_id
     where r.dag_id = $1 and r.run_id = $2 and t.state <> 'success'`,
    [dagId, runId],
  );
  return rows;
}
