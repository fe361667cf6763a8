/** The system under measurement: PostgreSQL with durable commits, Redis with its append-only file, and Headrace in processes of its own. */
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { silentLog } from '@headrace/ports';
import { createStore, migrate, type PostgresStore } from '@headrace/store-postgres';
import pg from 'pg';
import { type HeadraceProcess, startHeadrace } from '../support/headrace-process.ts';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { startRedis } from '../support/redis-server.ts';

export interface BenchSystem {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly store: PostgresStore;
  readonly sql: pg.Pool;
  readonly scheduler: HeadraceProcess;
  readonly worker: HeadraceProcess;
  readonly api: HeadraceProcess;
  /** Where its DAG files lie. */
  readonly dagsDir: string;
  stop(): Promise<void>;
}

export interface BenchOptions {
  /** `copy`: those of `bench`, in a folder of its own to which others may be added. */
  readonly dags: 'bench' | 'copy' | 'idle';
  readonly slots: number;
  /** A server on which it makes a database of its own. Default: a server of its own. */
  readonly postgres?: PostgresServer;
}

/** As docs/operations.md advises: V8 would keep 64 MB for young objects, which a scheduler does not need. */
const SCHEDULER_NODE_OPTIONS = '--max-semi-space-size=4';

/** What a server is started with that several systems share. */
export const SETTINGS = { shared_buffers: '1GB', max_wal_size: '4GB' };

export async function startBenchSystem({ dags, slots, postgres: shared }: BenchOptions): Promise<BenchSystem> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const one of stops.splice(0).reverse()) await one();
  };
  try {
    const postgres = shared === undefined ? await startPostgres({ settings: SETTINGS }) : await databaseOn(shared);
    if (shared === undefined) stops.push(() => postgres.stop());
    const redis = await startRedis({ appendonly: true });
    stops.push(() => redis.stop());
    const home = mkdtempSync(join(tmpdir(), 'headrace-bench-'));
    stops.push(async () => rmSync(home, { recursive: true, force: true }));
    await migrate(postgres.url, { log: silentLog });
    const dagsDir = dags === 'bench' ? BENCH_DAGS : join(home, 'dags');
    const environment = {
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
      HEADRACE_HOME: home,
      HEADRACE_DAGS: dagsDir,
      HEADRACE_PORT: '0',
      HEADRACE_METRICS_PORT: '0',
      HEADRACE_LOG_LEVEL: 'warn',
      HEADRACE_WORKER_SLOTS: String(slots),
      HEADRACE_TOKEN: 'bench',
      // What is measured beside years of history must not clean it away meanwhile.
      HEADRACE_RETAIN_RUNS_DAYS: '0',
    };
    if (dags === 'copy') cpSync(BENCH_DAGS, dagsDir, { recursive: true });
    if (dags === 'idle') await writeIdleDags(dagsDir, IDLE_DAGS);
    const start = async (role: 'scheduler' | 'worker' | 'api'): Promise<HeadraceProcess> => {
      const started = await startHeadrace(
        role,
        role === 'scheduler' ? { ...environment, NODE_OPTIONS: SCHEDULER_NODE_OPTIONS } : environment,
      );
      stops.push(() => started.stop());
      return started;
    };
    const worker = await start('worker');
    const scheduler = await start('scheduler');
    const api = await start('api');
    const store = createStore({ url: postgres.url, log: silentLog });
    stops.push(() => store.close());
    const sql = new pg.Pool({ connectionString: postgres.url, max: 4, options: '-c search_path=headrace' });
    stops.push(() => sql.end());
    return { databaseUrl: postgres.url, redisUrl: redis.url, store, sql, scheduler, worker, api, dagsDir, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const BENCH_DAGS = fileURLToPath(new URL('dags', import.meta.url));
const IDLE_DAGS = 1_000;

/** A new database on a server that somebody else stops. */
async function databaseOn(server: PostgresServer): Promise<PostgresServer> {
  const name = `bench_${randomBytes(4).toString('hex')}`;
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return { ...server, url: url.href };
}

/** DAGs that are due once a year, a file each. */
export async function writeIdleDags(folder: string, count: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (let index = 0; index < count; index++) {
    const source = `import { cron, dag, task } from '@headrace/sdk';
export default dag('idle_${index}', { schedule: cron('${index % 60} 3 1 1 *', { timezone: 'UTC' }), start: '2026-01-01' }, () => {
  const a = task('a', {}, () => 1);
  task('b', { in: { a } }, ({ a }) => a + 1);
});
`;
    await writeFile(join(folder, `idle_${index}.ts`), source);
  }
}
