/**
 * Kills what can be killed in the middle of a run of 500 tasks. Whatever dies: every task ends, each effect is in the
 * ledger once, no attempt is executed twice, and nothing is left hanging.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { silentLog } from '@headrace/ports';
import { createStore, migrate, type PostgresStore } from '@headrace/store-postgres';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { emptyDatabase } from '../support/empty-database.ts';
import { type HeadraceProcess, startHeadrace } from '../support/headrace-process.ts';
import { until } from '../support/poll.ts';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';

const TASKS = 500;
const DAG = 'ledger';

let postgres: PostgresServer;
let redis: RedisServer;
let home: string;
let environment: Record<string, string>;
let store: PostgresStore;
let sql: pg.Pool;
let processes: HeadraceProcess[];

// The servers are shared; a database, the queue and the processes are of each test's own.
beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
}, 60_000);

afterAll(async () => {
  await redis?.stop();
  await postgres?.stop();
}, 60_000);

beforeEach(async () => {
  const { url } = await emptyDatabase({ server: postgres.url });
  wipeRedis();
  home = mkdtempSync(join(tmpdir(), 'headrace-chaos-'));
  await migrate(url, { log: silentLog });
  sql = new pg.Pool({ connectionString: url, max: 4 });
  sql.on('error', () => {});
  await sql.query('create table execution (run_id text, task_id text, attempt int, primary key (run_id, task_id, attempt))');
  await sql.query('create table effect (run_id text, task_id text, attempt int, primary key (run_id, task_id))');
  environment = {
    DATABASE_URL: url,
    REDIS_URL: redis.url,
    HEADRACE_HOME: home,
    HEADRACE_DAGS: fileURLToPath(new URL('dags', import.meta.url)),
    HEADRACE_METRICS_PORT: '0',
    HEADRACE_WORKER_SLOTS: '4',
    HEADRACE_LEASE_SECONDS: '5',
    HEADRACE_LOG_LEVEL: 'warn',
    HEADRACE_CONN_LEDGER: url,
  };
  store = createStore({ url, log: silentLog });
  processes = [];
}, 60_000);

afterEach(async () => {
  await Promise.all(processes.map((child) => child.stop()));
  await store.close();
  await sql.end();
  rmSync(home, { recursive: true, force: true });
}, 60_000);

describe('in the middle of a run of 500 tasks', () => {
  test('a worker that is killed loses nothing: another one finishes, each effect once', async () => {
    const [, worker] = [await start('scheduler'), await start('worker'), await start('worker')];
    const runId = await trigger();
    await progress(runId, 60);
    await worker.kill9();
    await finished(runId);
    await expectEachEffectOnce(runId);
  }, 180_000);

  test('a scheduler that is killed is replaced and goes on where it was', async () => {
    const scheduler = await start('scheduler');
    await start('worker');
    const runId = await trigger();
    await progress(runId, 60);
    await scheduler.kill9();
    await start('scheduler');
    await finished(runId);
    await expectEachEffectOnce(runId);
  }, 180_000);

  test('a second scheduler takes over from one that is killed', async () => {
    const first = await start('scheduler');
    await start('scheduler');
    await start('worker');
    const runId = await trigger();
    await progress(runId, 60);
    await first.kill9();
    await finished(runId);
    await expectEachEffectOnce(runId);
  }, 180_000);

  test('task processes that are killed again and again cost a try each, no more', async () => {
    await start('scheduler');
    const worker = await start('worker');
    const runId = await trigger();
    for (let kill = 0; kill < 5; kill++) {
      await progress(runId, 40 * (kill + 1));
      const child = childrenOf(worker.pid)[0];
      expect(child).toBeDefined();
      if (child !== undefined) process.kill(child, 'SIGKILL');
    }
    await finished(runId);
    await expectEachEffectOnce(runId);
  }, 180_000);

  test('a Redis that is wiped three times is filled again', async () => {
    await start('scheduler');
    await start('worker');
    const runId = await trigger();
    for (let wipe = 0; wipe < 3; wipe++) {
      await progress(runId, 60 * (wipe + 1));
      wipeRedis();
    }
    await finished(runId);
    await expectEachEffectOnce(runId);
  }, 180_000);

  test('a Redis that dies and comes back empty is filled again', async () => {
    await start('scheduler');
    await start('worker');
    const runId = await trigger();
    await progress(runId, 60);
    await redis.kill9();
    await redis.restart();
    await finished(runId);
    await expectEachEffectOnce(runId);
  }, 180_000);

  test('a PostgreSQL that loses power comes back with all that was committed', async () => {
    await start('scheduler');
    await start('worker');
    const runId = await trigger();
    await progress(runId, 60);
    await postgres.kill9();
    await postgres.restart();
    await finished(runId);
    await expectEachEffectOnce(runId);
  }, 180_000);
});

async function start(role: 'scheduler' | 'worker'): Promise<HeadraceProcess> {
  const started = await startHeadrace(role, environment);
  processes.push(started);
  return started;
}

async function trigger(): Promise<string> {
  await until('the DAG to be registered', async () => store.queries.dag(DAG));
  const { runId } = await store.commands.trigger({ dagId: DAG, params: {}, runType: 'manual', triggeredBy: 'test' });
  return runId;
}

/** Waits until so many effects are in the ledger, and makes sure that the run is still under way. */
async function progress(runId: string, effects: number): Promise<void> {
  const done = await until(`${effects} effects`, async () => {
    const count = await effectsOf(runId);
    return count >= effects ? count : undefined;
  });
  expect(done).toBeLessThan(TASKS);
}

async function effectsOf(runId: string): Promise<number> {
  const { rows } = await sql.query<{ n: number }>('select count(*)::int as n from effect where run_id = $1', [runId]);
  return rows[0]?.n ?? 0;
}

async function finished(runId: string): Promise<void> {
  await until(
    'the run to end',
    async () => {
      const run = await store.queries.run(DAG, runId).catch(() => undefined);
      return run?.status === 'success' || run?.status === 'failed' ? run : undefined;
    },
    120,
  );
}

async function expectEachEffectOnce(runId: string): Promise<void> {
  const run = await store.queries.run(DAG, runId);
  expect(run?.status).toBe('success');
  // One effect a task: the key of the table allows no second one, so the count is all there is to check.
  expect(await effectsOf(runId)).toBe(TASKS);
  const states = await sql.query('select state, count(*)::int as n from headrace.task_instance where dag_id = $1 group by state', [DAG]);
  expect(states.rows).toEqual([{ state: 'success', n: TASKS }]);
  // The attempt that is recorded as successful is one that was executed, and nobody executed an attempt that was never given out.
  const strays = await sql.query(
    `select e.task_id, e.attempt from execution e join headrace.task_instance t on t.task_id = e.task_id and t.dag_id = $2
     where e.run_id = $1 and e.attempt > t.attempt`,
    [runId, DAG],
  );
  expect(strays.rows).toEqual([]);
  const unexecuted = await sql.query(
    `select t.task_id from headrace.task_instance t where t.dag_id = $2
     and not exists (select from execution e where e.run_id = $1 and e.task_id = t.task_id and e.attempt = t.attempt)`,
    [runId, DAG],
  );
  expect(unexecuted.rows).toEqual([]);
  const live = await sql.query("select count(*)::int as n from headrace.task_instance where lease_until is not null and state = 'running'");
  expect(live.rows).toEqual([{ n: 0 }]);
}

function childrenOf(pid: number): readonly number[] {
  const listed = spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' });
  return listed.stdout.split('\n').filter(Boolean).map(Number);
}

function wipeRedis(): void {
  const { port } = new URL(redis.url);
  const wiped = spawnSync('redis-cli', ['-p', port, 'flushall'], { encoding: 'utf8' });
  expect(wiped.stdout.trim()).toBe('OK');
}
