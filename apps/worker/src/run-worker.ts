/** Composes a worker process: store, queue, objects, task processes, metrics and health. */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type ServiceConfiguration, secretKeysOf, secretsOf } from '@headrace/configuration';
import { createConnectionBook, createConnectionSource, createKeyring } from '@headrace/connections';
import type { ParamsValidator } from '@headrace/dag-loader';
import { createObjectStore } from '@headrace/objects';
import type { RunningProcess } from '@headrace/ports';
import { createTaskConsumer } from '@headrace/queue-bullmq';
import { createStore } from '@headrace/store-postgres';
import { createTaskPool } from '@headrace/task-runtime';
import { createLineMasker, createLog, createMetrics, maskSecrets, startMetricsServer } from '@headrace/telemetry';
import { BundleCache, startWorker } from '@headrace/worker';
import { startNotices } from '@headrace/worker/notices';

/** A worker that has not announced itself for so long is not healthy. */
const UNHEALTHY_AFTER_MS = 30_000;
const SECOND = 1_000;

export async function runWorker(configuration: ServiceConfiguration): Promise<RunningProcess> {
  const { databaseUrl, queueUrl, home, host, workerQueues, workerSlots, taskMemoryMb, taskEnvAllow } = configuration;
  const log = createLog({
    name: 'worker',
    level: configuration.logLevel,
    pretty: configuration.logFormat === 'pretty',
    secrets: secretsOf(configuration),
  });
  const { metrics, registry } = createMetrics({ valuesPerLabel: configuration.metricsValuesPerLabel });
  const workerId = `${hostname()}-${randomUUID()}`;
  const store = createStore({ url: databaseUrl, log, metrics, applicationName: 'headrace-worker' });
  await store.checkSchema();
  const connections = createConnectionSource({
    configured: configuration.connections,
    book: createConnectionBook(store.connections, createKeyring(secretKeysOf(configuration))),
    now: () => performance.now(),
  });
  const scratchDir = join(home, 'scratch', workerId);
  const bundleDir = join(home, 'bundles');
  const objects = createObjectStore(configuration.objects);
  const pool = createTaskPool({
    size: workerSlots,
    executorsModule: import.meta.resolve('@headrace/connectors/executors'),
    limits: { memoryMb: taskMemoryMb, graceMs: configuration.taskGraceSeconds * SECOND },
    environmentAllow: taskEnvAllow,
    scratchDir,
    bundleDir,
    objects,
    log,
    metrics,
    maskerFor: createLineMasker,
  });
  let validator: Promise<ParamsValidator> | undefined;
  /** With the first task that gives another DAG's run params: the loader and its bundler are much for those that never do. */
  const paramsValidator = (): Promise<ParamsValidator> => {
    validator ??= import('@headrace/dag-loader').then(({ createParamsValidator }) =>
      createParamsValidator({ cacheDir: join(scratchDir, 'params'), store, log }),
    );
    return validator;
  };
  const consumer = createTaskConsumer({ url: queueUrl, log, metrics, workerId });
  const worker = await startWorker({
    workerId,
    queues: workerQueues,
    store: store.attempts,
    consumer,
    pool,
    objects,
    runs: {
      trigger: (request) => store.commands.trigger(request),
      loadRun: (dagId, runId) => store.commands.loadRun(dagId, runId),
      dag: (dagId) => store.queries.dag(dagId),
      validateParams: async (dagId, params) => (await paramsValidator()).validate(dagId, params),
    },
    progress: store.progress,
    triggeringEvents: (runKey) => store.assets.triggeringEvents(runKey),
    bundleDir,
    connections: async (id) => {
      const url = await connections(id);
      return url === undefined ? undefined : { id, url };
    },
    leaseMs: configuration.leaseSeconds * SECOND,
    log,
    metrics,
  });
  const notices = await startNotices({
    workerId,
    store: store.notices,
    connections,
    bundles: new BundleCache(store.attempts, bundleDir),
    pool,
    mask: (text) => maskSecrets(text, secretsOf(configuration)),
    log,
    metrics,
  });
  const server = await startMetricsServer({
    host,
    port: configuration.metricsPort,
    registry,
    health: () => {
      const { registeredAt, ...status } = worker.status();
      const live = registeredAt !== undefined && Date.now() - registeredAt < UNHEALTHY_AFTER_MS;
      return { live, ready: live && !status.draining, details: { workerId, queues: workerQueues, ...status } };
    },
  });
  log.info({ workerId, queues: workerQueues, slots: workerSlots }, 'the worker takes tasks');
  return {
    address: `http://${host}:${server.port}`,
    async stop() {
      await Promise.all([worker.drain(configuration.drainSeconds * SECOND), notices.stop()]);
      await worker.close();
      await (await validator)?.close();
      await Promise.all([server.close(), pool.close()]);
      await store.close();
      await rm(scratchDir, { recursive: true, force: true });
    },
  };
}
