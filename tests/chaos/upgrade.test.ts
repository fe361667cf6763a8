/**
 * An upgrade while runs go on: the schema is migrated, then every process is replaced, one after another. No task fails, none is tried
 * twice, no trigger is refused.
 *
 * HEADRACE_UPGRADE_FROM names a checkout of an older Headrace, with its dependencies installed, to upgrade from; the DAG is copied into it. Without it the older
 * one is this one: what is tried then is that a deployment under load breaks nothing.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { type HeadraceProcess, headrace, startHeadrace } from '../support/headrace-process.ts';
import { until } from '../support/poll.ts';
import { type PostgresServer, startPostgres, WITHOUT_SYNC } from '../support/postgres-server.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';

const NEW = fileURLToPath(new URL('../..', import.meta.url));
const OLD = process.env.HEADRACE_UPGRADE_FROM ?? NEW;
const TOKEN = 'a-token-for-this-test';
const TASKS = 12;
/** The DAG is compiled with the SDK of the checkout that it lies in, as a project's is with its own. */
const DAGS = 'tests/chaos/upgrade';
const ROLES = ['scheduler', 'scheduler', 'worker', 'worker', 'api'] as const;

let postgres: PostgresServer;
let redis: RedisServer;
let home: string;
let sql: pg.Pool;
let processes: HeadraceProcess[];

beforeEach(async () => {
  [postgres, redis] = await Promise.all([startPostgres({ settings: WITHOUT_SYNC }), startRedis()]);
  home = mkdtempSync(join(tmpdir(), 'headrace-upgrade-'));
  sql = new pg.Pool({ connectionString: postgres.url, max: 4 });
  await sql.query('create table effect (run_id text, task_id text, primary key (run_id, task_id))');
  if (OLD !== NEW) cpSync(join(NEW, DAGS), join(OLD, DAGS), { recursive: true });
  processes = [];
}, 60_000);

afterEach(async () => {
  await Promise.all(processes.map((child) => child.stop()));
  await sql.end();
  await redis.stop();
  await postgres.stop();
  rmSync(home, { recursive: true, force: true });
}, 60_000);

test('every process is replaced under load, and no task notices', async () => {
  await headrace(['db', 'migrate'], environmentOf(OLD), OLD);
  processes = await Promise.all(ROLES.map((role) => startHeadrace(role, environmentOf(OLD), [], OLD)));
  let api = processes[ROLES.indexOf('api')]?.address ?? '';
  await until('the DAG to be registered', async () => ((await answerOf(api, 'GET', '/api/v2/dags/steady')).ok ? true : undefined));

  let over = false;
  const load = (async () => {
    const runs: string[] = [];
    while (!over) {
      const answer = await answerOf(api, 'POST', '/api/v2/dags/steady/dagRuns', { logical_date: null });
      const body = (await answer.json()) as { dag_run_id: string };
      expect({ status: answer.status, body }).toMatchObject({ status: 200 });
      runs.push(body.dag_run_id);
      await delay(700);
    }
    return runs;
  })();
  await until('the load to flow', async () => ((await effectsOf()) > 2 * TASKS ? true : undefined));

  await headrace(['db', 'migrate'], environmentOf(NEW));
  for (const [index, role] of ROLES.entries()) {
    const old = processes[index];
    const replacement = await startHeadrace(role, environmentOf(NEW));
    processes.push(replacement);
    // Whoever sends requests is told of the new one first: a load balancer does as much.
    if (role === 'api') api = replacement.address;
    await old?.stop();
  }
  over = true;
  const runs = await load;
  expect(runs.length).toBeGreaterThan(0);
  const ended = await until(
    'all runs to end',
    async () => {
      const { rows } = await sql.query('select run_id, state from headrace.dag_run order by id');
      return rows.every(({ state }) => state === 'success' || state === 'failed') ? rows : undefined;
    },
    120,
  );
  expect(ended).toEqual(runs.map((runId) => ({ run_id: runId, state: 'success' })));
  const { rows } = await sql.query('select count(*)::int as tasks, min(state) as least, max(state) as most from headrace.task_instance');
  expect(rows).toEqual([{ tasks: TASKS * runs.length, least: 'success', most: 'success' }]);
  const tries = await sql.query('select count(*)::int as n from headrace.task_instance where attempt - tries_before <> 1');
  expect(tries.rows).toEqual([{ n: 0 }]);
  expect(await effectsOf()).toBe(TASKS * runs.length);
}, 300_000);

function environmentOf(root: string): Record<string, string> {
  return {
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    HEADRACE_HOME: home,
    HEADRACE_DAGS: join(root, DAGS),
    HEADRACE_METRICS_PORT: '0',
    HEADRACE_PORT: '0',
    HEADRACE_TOKEN: TOKEN,
    HEADRACE_WORKER_SLOTS: '2',
    HEADRACE_LOG_LEVEL: 'warn',
    HEADRACE_CONN_LEDGER: postgres.url,
  };
}

async function answerOf(api: string, method: string, path: string, body?: object): Promise<Response> {
  return fetch(`${api}${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function effectsOf(): Promise<number> {
  const { rows } = await sql.query<{ n: number }>('select count(*)::int as n from effect');
  return rows[0]?.n ?? 0;
}
