/**
 * A worker: takes messages, claims their attempts, has them run by task processes and writes how they ended.
 * User code never runs in this process, and whatever it does to its own costs one attempt.
 */
import {
  type AttemptStore,
  type Clock,
  type Log,
  type Metrics,
  noMetrics,
  type ObjectStore,
  type ProgressStore,
  systemClock,
  systemTimers,
  type TaskConsumer,
  type Timers,
} from '@headrace/ports';
import type { SentAssetEvent, TaskPool } from '@headrace/task-runtime';
import type { Tracing } from '@headrace/tracing';
import type { ConnectionLookup } from './attempt-inputs.ts';
import { AttemptLineage, type AttemptLineageOptions } from './attempt-lineage.ts';
import { AttemptTraces } from './attempt-traces.ts';
import { Attempts } from './attempts.ts';
import { BundleCache } from './bundle-cache.ts';
import { JointLoads } from './joint-loads.ts';
import { Leases } from './leases.ts';
import { Places } from './places.ts';
import { ProgressBoard } from './progress-board.ts';
import { Registration } from './registration.ts';
import { ResultItems } from './result-items.ts';
import type { TriggeredRuns } from './trigger-run.ts';

export interface WorkerOptions {
  readonly workerId: string;
  readonly queues: readonly string[];
  readonly store: AttemptStore;
  readonly consumer: TaskConsumer;
  readonly pool: TaskPool;
  /** Where large results are. */
  readonly objects: Pick<ObjectStore, 'get'>;
  /** Makes the runs that tasks ask for; absent: such tasks fail. */
  readonly runs?: TriggeredRuns;
  /** Events of assets that made a run; absent: tasks are told of none. */
  readonly triggeringEvents?: (runKey: string) => Promise<readonly SentAssetEvent[]>;
  /** Where bundles are kept as files; absent: the pool has the code and needs none. */
  readonly bundleDir?: string;
  /** Undefined: there is no connection of this id. */
  readonly connections: ConnectionLookup;
  /** Where it is written down how far attempts are; absent: nowhere. */
  readonly progress?: Pick<ProgressStore, 'save' | 'forget'>;
  /** Tells of attempts as OpenLineage events; absent: nobody is told. */
  readonly lineage?: Omit<AttemptLineageOptions, 'log'>;
  /** Absent: nobody wants traces. */
  readonly tracing?: Tracing;
  readonly leaseMs: number;
  readonly log: Log;
  readonly metrics?: Metrics;
  readonly clock?: Clock;
  readonly timers?: Timers;
  /** In [0, 1): draws the jitter of retries. Default `Math.random`. */
  readonly dice?: () => number;
  /** Milliseconds between two announcements of this worker; it counts as gone after six of them. Default 5 seconds. */
  readonly announceMs?: number;
  /** Attempts claimed beyond those that run, at most. Default 100. */
  readonly maxAhead?: number;
}

export interface WorkerStatus {
  /** Attempts that are claimed and not yet ended. */
  readonly attempts: number;
  /** How many attempts may be claimed beyond those that run. */
  readonly ahead: number;
  readonly draining: boolean;
  /** When this worker last announced itself, epoch milliseconds. */
  readonly registeredAt: number | undefined;
  /** When it last tried to, with or without success: its own loop turns. */
  readonly turnedAt: number | undefined;
}

export interface Worker {
  status(): WorkerStatus;
  /** Takes nothing new, waits this long for what runs, then interrupts it: an interrupted attempt does not count as a try. */
  drain(graceMs: number): Promise<void>;
  /** Ends it. Without a `drain` before, what runs is interrupted at once. */
  close(): Promise<void>;
}

const DEFAULT_MAX_AHEAD = 100;

/** Registers the worker and starts taking messages. Rejects when the store cannot be reached. */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { workerId, queues, store, consumer, pool, leaseMs, log, metrics = noMetrics } = options;
  const { clock = systemClock, timers = systemTimers, dice = Math.random, announceMs } = options;
  const { connections, maxAhead = DEFAULT_MAX_AHEAD } = options;
  const common = { store, workerId, leaseMs, clock, timers, log, metrics };
  const bundles = new BundleCache(store, options.bundleDir);
  const leases = new Leases(common);
  const places = new Places({ size: pool.size, maxAhead, timers, onChange: followPlaces });
  const { objects, runs, triggeringEvents } = options;
  const progress = options.progress === undefined ? undefined : new ProgressBoard({ ...common, store: options.progress });
  const lineage = options.lineage === undefined ? undefined : new AttemptLineage({ ...options.lineage, log });
  const attempts = new Attempts({
    ...common,
    ...(progress === undefined ? {} : { progress }),
    ...(lineage === undefined ? {} : { lineage }),
    ...(options.tracing === undefined ? {} : { traces: new AttemptTraces(options.tracing, workerId) }),
    pool,
    leases,
    places,
    bundles,
    connections,
    dice,
    items: new ResultItems(store, objects),
    refLoads: new JointLoads(),
    ...(runs === undefined ? {} : { runs }),
    ...(triggeringEvents === undefined ? {} : { triggeringEvents }),
    onFinishing: followPlaces,
  });
  let consuming = false;
  let draining: Promise<void> | undefined;
  let closing: Promise<void> | undefined;

  /** A message stays with us until its outcome is stored, which must not keep the next one away. */
  function followPlaces(): void {
    if (consuming && draining === undefined) consumer.setConcurrency(places.total + attempts.finishing);
  }

  const registration = new Registration({
    ...common,
    queues,
    slots: pool.size,
    leases,
    ...(announceMs === undefined ? {} : { announceMs }),
  });
  await registration.announce();
  const unsubscribe = await store.onRevoked((attemptIds) => leases.stop('cancelled', attemptIds));
  await consumer.start(queues, places.total, (message, queue, passOn) => attempts.handle(message, queue, passOn));
  consuming = true;

  function drain(graceMs: number): Promise<void> {
    draining ??= (async () => {
      attempts.stop();
      // Nothing more is taken only to be passed on.
      consumer.setConcurrency(0);
      const settled = consumer.drain();
      const callOff = timers.after(graceMs, () => attempts.interrupt());
      await settled;
      callOff();
    })();
    return draining;
  }

  return {
    status: () => ({
      attempts: leases.size,
      ahead: places.ahead,
      draining: draining !== undefined,
      registeredAt: registration.announcedAt,
      turnedAt: registration.turnedAt,
    }),
    drain,
    close() {
      closing ??= (async () => {
        await drain(0);
        await unsubscribe();
        await registration.withdraw();
        await leases.close();
        await progress?.close();
        await lineage?.close();
        await consumer.close();
      })();
      return closing;
    },
  };
}
