/**
 * `headrace standalone`: everything in one process on one machine, with nothing to install and nothing to configure.
 *
 * L1. It is the same scheduler, worker and API as in production, composed here; only the servers they talk to are ours.
 * L2. All data lies in HEADRACE_HOME. Whatever kills this process, the next start goes on where it was.
 */
import { mkdirSync } from 'node:fs';
import { runApi } from '@headrace/api-app';
import { type Configuration, makeSecretKey, type ServiceConfiguration } from '@headrace/configuration';
import { startEmbeddedPostgres } from '@headrace/embedded-postgres';
import type { Log, RunningProcess } from '@headrace/ports';
import { migrateQueue } from '@headrace/queue-bullmq';
import { runScheduler } from '@headrace/scheduler-app';
import { migrate } from '@headrace/store-postgres';
import { runWorker } from '@headrace/worker-app';
import { migrated, tellAudit } from './audited-command.ts';
import { postgresFolder, STATE_DATABASE } from './embedded-database.ts';
import { localToken, readLocalToken } from './local-token.ts';
import { prepareDags } from './prepare-dags.ts';
import { lockHome } from './standalone-lock.ts';

/** The configuration with which the parts are started: the user's, completed by what standalone provides itself. */
export async function runStandalone(wished: Configuration, log: Log): Promise<RunningProcess> {
  mkdirSync(wished.home, { recursive: true });
  const unlock = lockHome(wished.home);
  const started: { stop(): Promise<void> }[] = [{ stop: async () => unlock() }];
  const stop = async (): Promise<void> => {
    for (const part of started.splice(0).reverse()) await part.stop();
  };
  try {
    const provided =
      wished.databaseUrl === undefined
        ? await provideDatabases(wished, log, started)
        : { databaseUrl: wished.databaseUrl, connections: {} };
    const { databaseUrl } = provided;
    const queueUrl = wished.queueUrl ?? databaseUrl;
    const { applied } = await migrate(databaseUrl, { log });
    await migrateQueue({ url: queueUrl });
    const configuration: ServiceConfiguration = {
      ...wished,
      databaseUrl,
      queueUrl,
      connections: { ...provided.connections, ...wished.connections },
    };
    const hadToken = readLocalToken(configuration.home) !== undefined;
    localToken(configuration.home);
    makeSecretKey(configuration.home);
    const toldOnce = hadToken ? [] : [{ action: 'make_admin_token', object: 'user', object_id: 'admin' }];
    if (applied.length + toldOnce.length > 0) await tellAudit(databaseUrl, [...migrated(applied), ...toldOnce]);
    // The worker first: it is waiting when the scheduler has something to do.
    const worker = await runWorker({ ...configuration, metricsPort: 0 });
    started.push(worker);
    const scheduler = await runScheduler(configuration);
    started.push(scheduler);
    log.info({ worker: worker.address, scheduler: scheduler.address }, 'metrics of worker and scheduler are served there, at /metrics');
    const api = await runApi(configuration);
    started.push(api);
    const { address, hint } = api;
    return { ...(address === undefined ? {} : { address }), ...(hint === undefined ? {} : { hint }), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** PostgreSQL in HEADRACE_HOME: for our own state, and for what the DAGs need to run on a laptop. */
async function provideDatabases(
  { home, dags }: Configuration,
  log: Log,
  started: { stop(): Promise<void> }[],
): Promise<{ readonly databaseUrl: string; readonly connections: Configuration['connections'] }> {
  const postgres = await startEmbeddedPostgres(postgresFolder(home));
  started.push(postgres);
  log.info(
    { folder: postgres.folder },
    postgres.adopted ? 'the embedded PostgreSQL was still running' : 'the embedded PostgreSQL has started',
  );
  const database = (name: string): Promise<string> => postgres.database(name);
  return { databaseUrl: await database(STATE_DATABASE), connections: await prepareDags({ home, dags }, { database, log }) };
}
