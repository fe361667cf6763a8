/** Composes a worker process: store, queue, objects, task processes, metrics and health. */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type ServiceConfiguration, secretKeysOf, secretsOf } from '@headrace/configuration';
import { createConnectionBook, createConnectionSource, createKeyring, createVariableBook } from '@headrace/connections';
import { refuseNetworks } from '@headrace/connectors/refused-networks';
import type { ParamsValidator } from '@headrace/dag-loader';
import { configuredLineage, createLineageChannel } from '@headrace/lineage';
import { createObjectStore } from '@headrace/objects';
import type { RunningProcess } from '@headrace/ports';
import { createTaskConsumer, createTaskQueue } from '@headrace/queue-bullmq';
import { createStore } from '@headrace/store-postgres';
import { createTaskPool } from '@headrace/task-runtime';
import { createLineMasker, createLog, createMetrics, createReadiness, maskSecrets, startMetricsServer } from '@headrace/telemetry';
import { openTracing } from '@headrace/tracing';
import { BundleCache, startWorker } from '@headrace/worker';
import { startNotices } from '@headrace/worker/notices';

/** A worker that has not announced itself for so long takes no work … */
const UNREADY_AFTER_MS = 30_000;
/** … and one that has not even tried for so long hangs: longer than any statement may take. */
const STUCK_AFTER_MS = 120_000;
const SECOND = 1_000;
/** Notices in hand where a backend of lineage takes several in one request. */
const EVENTS_IN_HAND = 32;

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
  const keyring = createKeyring(secretKeysOf(configuration));
  const connections = createConnectionSource({
    configured: configuration.connections,
    book: createConnectionBook(store.connections, keyring),
    variables: createVariableBook(store.variables, keyring),
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
  const lineage = configuredLineage(configuration);
  const onError = (error: unknown): void => log.warn({ error }, 'spans could not be sent');
  const tracing = await openTracing({ serviceName: 'headrace-worker', env: process.env, onError });
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
    ...(lineage === undefined ? {} : { lineage: { events: lineage.events, store: store.notices } }),
    ...(tracing === undefined ? {} : { tracing }),
    leaseMs: configuration.leaseSeconds * SECOND,
    log,
    metrics,
  });
  const notices = await startNotices({
    workerId,
    store: store.notices,
    connections,
    guard: refuseNetworks(configuration.refusedNetworks),
    bundles: new BundleCache(store.attempts, bundleDir),
    pool,
    ...(lineage === undefined ? {} : { lineage: createLineageChannel(lineage.transport) }),
    // What fits into one request.
    ...(configuration.openLineageBatchEndpoint === undefined ? {} : { concurrency: EVENTS_IN_HAND }),
    mask: (text) => maskSecrets(text, secretsOf(configuration)),
    log,
    metrics,
  });
  const queue = createTaskQueue({ url: queueUrl, log });
  const startedAt = Date.now();
  const readiness = createReadiness({
    checks: { database: () => store.scheduler.now(), queue: () => queue.depth(workerQueues) },
    onChange: (what, error) => log.warn({ what, error }, error === undefined ? 'what was missing is there again' : 'something is missing'),
  });
  const server = await startMetricsServer({
    host,
    port: configuration.metricsPort,
    registry,
    health: async () => {
      const { registeredAt = 0, turnedAt = startedAt, ...status } = worker.status();
      const reached = await readiness();
      const ready = reached.ready && Date.now() - registeredAt < UNREADY_AFTER_MS && !status.draining;
      return {
        live: Date.now() - turnedAt < STUCK_AFTER_MS,
        ready,
        details: { workerId, queues: workerQueues, checks: reached.checks, ...status },
      };
    },
  });
  log.info({ workerId, queues: workerQueues, slots: workerSlots }, 'the worker takes tasks');
  return {
    address: `http://${host}:${server.port}`,
    async stop() {
      await Promise.all([worker.drain(configuration.drainSeconds * SECOND), notices.stop()]);
      await worker.close();
      await tracing?.close();
      await (await validator)?.close();
      await Promise.all([server.close(), queue.close(), pool.close()]);
      await store.close();
      await rm(scratchDir, { recursive: true, force: true });
    },
  };
}
