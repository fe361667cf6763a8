/**
 * What is tidied up now and then, by the clock on the wall: node-cron calls, the engine does it, one scheduler at a time.
 *
 * H1. A round that fails is logged and counted; the next one goes on where it was.
 * H2. Nothing waits for it: it has its own time, and rests between its steps.
 */
import { ConfigurationError, type ServiceConfiguration } from '@headrace/configuration';
import { cleanUp } from '@headrace/engine';
import type { IdempotencyStore, Log, Metrics, ObjectStore, ProgressStore, RetentionStore, SchedulerStore } from '@headrace/ports';
import { runObjectsPrefix } from '@headrace/task-runtime';
import { schedule, validate } from 'node-cron';
import { DAY_MS, retentionPolicy } from './retention-policy.ts';

const ANSWERS_AT_ONCE = 1_000;

export interface HousekeepingOptions {
  readonly configuration: ServiceConfiguration;
  readonly store: Pick<SchedulerStore, 'now'>;
  readonly retention: RetentionStore;
  readonly progress: Pick<ProgressStore, 'forgetEnded'>;
  readonly idempotency: Pick<IdempotencyStore, 'sweep'>;
  readonly objects: Pick<ObjectStore, 'list' | 'delete'>;
  /** Undefined: this scheduler does not know the connection. */
  readonly connectionUrl: (id: string) => string | undefined | Promise<string | undefined>;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Throws ConfigurationError when the schedule is none: asked before anything is started. */
export function checkHousekeepingSchedule({ housekeepingSchedule }: ServiceConfiguration): void {
  if (!validate(housekeepingSchedule))
    throw new ConfigurationError([`HEADRACE_HOUSEKEEPING_SCHEDULE is no cron expression: "${housekeepingSchedule}"`]);
}

export function startHousekeeping(options: HousekeepingOptions): { stop(): Promise<void> } {
  const { configuration, log, metrics } = options;
  const { housekeepingSchedule } = configuration;
  const stopping = new AbortController();
  let underWay: Promise<void> | undefined;
  const task = schedule(
    housekeepingSchedule,
    async () => {
      underWay = perform(options, stopping.signal).catch((error: unknown) => {
        metrics.count('headrace_housekeeping_errors_total');
        log.warn({ error }, 'housekeeping failed and will be done again');
      });
      await underWay;
    },
    { name: 'housekeeping', noOverlap: true },
  );
  return {
    async stop() {
      stopping.abort();
      await task.destroy();
      await underWay;
    },
  };
}

/** One round. */
async function perform(options: HousekeepingOptions, signal: AbortSignal): Promise<void> {
  const { configuration, store, retention, progress, objects, log, metrics } = options;
  const began = performance.now();
  await progress.forgetEnded();
  await forgetAnswers(options, signal);
  const removed = await cleanUp({
    store: retention,
    policy: retentionPolicy(configuration),
    now: await store.now(),
    objects,
    objectsOf: runObjectsPrefix,
    metrics,
    signal,
  });
  // Another scheduler is at it, or this one is to stop.
  if (removed === undefined || signal.aborted) return;
  const packages = await removePackages(options);
  metrics.observe('headrace_housekeeping_seconds', (performance.now() - began) / 1_000);
  metrics.gauge('headrace_housekeeping_timestamp_seconds', Date.now() / 1_000);
  const gone = Object.entries({ ...removed, packages }).filter(([, count]) => count > 0);
  if (gone.length > 0) log.info({ removed: Object.fromEntries(gone) }, 'what was older than the settings want it kept was removed');
}

/** Answers that were kept for requests that are sent again: some at a time. */
async function forgetAnswers({ idempotency, metrics }: HousekeepingOptions, signal: AbortSignal): Promise<void> {
  for (let swept = ANSWERS_AT_ONCE; swept === ANSWERS_AT_ONCE && !signal.aborted; ) {
    swept = await idempotency.sweep(Date.now(), ANSWERS_AT_ONCE);
    metrics.count('headrace_housekeeping_removed_total', { kind: 'idempotency_keys' }, swept);
  }
}

/** Packages of extracts under the roots that this scheduler knows. The drivers come with the first of them. */
async function removePackages({ configuration, connectionUrl, metrics }: HousekeepingOptions): Promise<number> {
  const { retainPackagesDays, packageConnections } = configuration;
  if (retainPackagesDays === 0) return 0;
  let removed = 0;
  for (const id of packageConnections) {
    const url = await connectionUrl(id);
    if (url === undefined) continue;
    const { cleanPackages } = await import('@headrace/connectors/admin');
    const gone = await cleanPackages({ id, url }, Date.now() - retainPackagesDays * DAY_MS);
    metrics.count('headrace_housekeeping_removed_total', { kind: 'packages' }, gone.length);
    removed += gone.length;
  }
  return removed;
}
