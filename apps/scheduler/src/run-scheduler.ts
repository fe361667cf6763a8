/** Composes a scheduler process: the engine, the DAG processor beside it, metrics and health. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type ServiceConfiguration, secretKeysOf, secretsOf } from '@headrace/configuration';
import { createConnectionBook, createConnectionSource, createKeyring } from '@headrace/connections';
import { createTimetableEvaluator } from '@headrace/dag-loader';
import { Scheduler } from '@headrace/engine';
import { createObjectStore } from '@headrace/objects';
import { type RunningProcess, systemClock } from '@headrace/ports';
import { createTaskQueue } from '@headrace/queue-bullmq';
import { createStore } from '@headrace/store-postgres';
import { createLog, createMetrics, createReadiness, startMetricsServer } from '@headrace/telemetry';
import { openTracing } from '@headrace/tracing';
import { startDagProcessor } from './dag-processor.ts';
import { schedulerDuties } from './duties.ts';
import { startGauges } from './gauges.ts';
import { checkHousekeepingSchedule, startHousekeeping } from './housekeeping.ts';
import { runObserver } from './run-observers.ts';

/** A scheduler that has not renewed its membership for so long decides nothing … */
const UNREADY_AFTER_MS = 15_000;
/** … and one that has not even tried for so long hangs: longer than any statement may take. */
const STUCK_AFTER_MS = 120_000;

export async function runScheduler(configuration: ServiceConfiguration): Promise<RunningProcess> {
  checkHousekeepingSchedule(configuration);
  const log = createLog({
    name: 'scheduler',
    level: configuration.logLevel,
    pretty: configuration.logFormat === 'pretty',
    secrets: secretsOf(configuration),
  });
  const { metrics, registry } = createMetrics({ valuesPerLabel: configuration.metricsValuesPerLabel });
  const schedulerId = `${hostname()}-${randomUUID()}`;
  const store = createStore({ url: configuration.databaseUrl, log, metrics, applicationName: 'headrace-scheduler' });
  await store.checkSchema();
  const queue = createTaskQueue({ url: configuration.queueUrl, log });
  const timetables = createTimetableEvaluator({
    cacheDir: join(configuration.home, 'scheduler-cache'),
    store: store.attempts,
    log,
  });
  const onError = (error: unknown): void => log.warn({ error }, 'spans could not be sent');
  const tracing = await openTracing({ serviceName: 'headrace-scheduler', env: process.env, onError });
  const observer = runObserver(configuration, tracing, { notices: store.notices, log });
  const scheduler = new Scheduler({
    schedulerId,
    store: store.scheduler,
    events: store.events,
    queue,
    clock: systemClock,
    dice: Math.random,
    log,
    metrics,
    timetables,
    schedules: store.schedules,
    ...(observer === undefined ? {} : { observer }),
    duties: schedulerDuties(store, { log, metrics }),
  });
  await scheduler.start();
  const dagProcessor = startDagProcessor(configuration, { log, metrics });
  const housekeeping = startHousekeeping({
    configuration,
    store: store.scheduler,
    retention: store.retention,
    progress: store.progress,
    idempotency: store.idempotency,
    objects: createObjectStore(configuration.objects),
    connectionUrl: createConnectionSource({
      configured: configuration.connections,
      book: createConnectionBook(store.connections, createKeyring(secretKeysOf(configuration))),
      now: () => performance.now(),
    }),
    log,
    metrics,
  });
  const gauges = startGauges({ queries: store.queries, queue, metrics, log });
  const startedAt = Date.now();
  const readiness = createReadiness({
    checks: { database: () => store.scheduler.now(), queue: () => queue.depth(configuration.workerQueues) },
    onChange: (what, error) => log.warn({ what, error }, error === undefined ? 'what was missing is there again' : 'something is missing'),
  });
  const server = await startMetricsServer({
    host: configuration.host,
    port: configuration.metricsPort,
    registry,
    health: async () => {
      const { lastHeartbeatAt = startedAt, lastTurnAt = startedAt, ...status } = scheduler.status();
      const reached = await readiness();
      return {
        live: Date.now() - lastTurnAt < STUCK_AFTER_MS,
        ready: reached.ready && Date.now() - lastHeartbeatAt < UNREADY_AFTER_MS && !status.stopping,
        details: { schedulerId, checks: reached.checks, ...status },
      };
    },
  });
  return {
    address: `http://${configuration.host}:${server.port}`,
    async stop() {
      gauges.stop();
      await housekeeping.stop();
      await dagProcessor.stop();
      await scheduler.stop();
      await tracing?.close();
      await timetables.close();
      await Promise.all([server.close(), queue.close()]);
      await store.close();
    },
  };
}
