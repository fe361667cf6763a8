/** A Headrace of real processes, with DAGs that have been run: what clients and the fuzzer are let loose on. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient, type HeadraceClient } from '@headrace/client';
import { silentLog } from '@headrace/ports';
import { migrate } from '@headrace/store-postgres';
import { type HeadraceProcess, startHeadrace } from '../support/headrace-process.ts';
import { until } from '../support/poll.ts';
import { startPostgres, WITHOUT_SYNC } from '../support/postgres-server.ts';
import { startRedis } from '../support/redis-server.ts';

export interface ClientSystem {
  readonly url: string;
  readonly token: string;
  readonly client: HeadraceClient;
  /** Of scheduler, worker and API, for the message of a test that failed. */
  output(): string;
  stop(): Promise<void>;
}

const TOKEN = 'a-token-for-clients';
const FILES = fileURLToPath(new URL('dags', import.meta.url));
const DAGS = ['pipeline', 'failing', 'endless', 'nightly', 'consumer', 'shops', 'people'];

/** Resolves when the DAGs are registered and un-paused. */
export async function startSystem(): Promise<ClientSystem> {
  const [postgres, redis] = await Promise.all([startPostgres({ settings: WITHOUT_SYNC }), startRedis()]);
  const home = mkdtempSync(join(tmpdir(), 'headrace-clients-'));
  const processes: HeadraceProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(processes.map((one) => one.stop()));
    await redis.stop();
    await postgres.stop();
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await migrate(postgres.url, { log: silentLog });
    const environment = {
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
      HEADRACE_HOME: home,
      HEADRACE_DAGS: FILES,
      HEADRACE_METRICS_PORT: '0',
      HEADRACE_PORT: '0',
      HEADRACE_TOKEN: TOKEN,
      HEADRACE_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
      HEADRACE_WORKER_SLOTS: '2',
      HEADRACE_LOG_LEVEL: 'warn',
      HEADRACE_CONN_CONFIGURED: postgres.url,
    };
    const started = await Promise.allSettled((['api', 'scheduler', 'worker'] as const).map((role) => startHeadrace(role, environment)));
    for (const one of started) if (one.status === 'fulfilled') processes.push(one.value);
    for (const one of started) if (one.status === 'rejected') throw one.reason;
    const url = processes[0]?.address ?? '';
    const client = createClient({ url, token: TOKEN });
    await until('the DAGs to be registered', async () => (await client.dags()).total_entries === DAGS.length || undefined);
    return { url, token: TOKEN, client, output: () => processes.map((one) => one.output).join('\n'), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
