/** Tells the store, again and again, that this worker is there and how many slots it has. */
import { hostname } from 'node:os';
import type { AttemptStore, Clock, Log, Metrics, Timers, WorkerRegistration } from '@headrace/ports';
import { repeatedly } from './repeatedly.ts';

export interface RegistrationOptions {
  readonly store: Pick<AttemptStore, 'register' | 'unregister'>;
  readonly workerId: string;
  readonly queues: readonly string[];
  readonly slots: number;
  /** Milliseconds between two announcements. Default 5 seconds. */
  readonly announceMs?: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Attempts in hand, for a gauge. */
  readonly leases: { readonly size: number };
}

const DEFAULT_EVERY_MS = 5_000;
/** It may miss some before it counts as gone. */
const ANNOUNCEMENTS_PER_TTL = 6;

export class Registration {
  readonly #options: RegistrationOptions;
  readonly #worker: WorkerRegistration;
  readonly #everyMs: number;
  readonly #endAnnouncing: () => void;
  #announcing: Promise<void> | undefined;
  announcedAt: number | undefined;
  /** When it last tried to announce itself, with or without success. */
  turnedAt: number | undefined;

  constructor(options: RegistrationOptions) {
    this.#options = options;
    const { workerId, queues, slots } = options;
    this.#worker = { workerId, hostname: hostname(), pid: process.pid, queues, slots };
    this.#everyMs = options.announceMs ?? DEFAULT_EVERY_MS;
    this.#endAnnouncing = repeatedly(options.timers, this.#everyMs, () => {
      this.#announcing ??= this.announce()
        .catch((error: unknown) => options.log.warn({ error }, 'the worker could not announce itself; it is tried again'))
        .finally(() => {
          this.turnedAt = options.clock.now();
          this.#announcing = undefined;
        });
    });
  }

  async announce(): Promise<void> {
    const { store, slots, clock, metrics, leases } = this.#options;
    await store.register(this.#worker, this.#everyMs * ANNOUNCEMENTS_PER_TTL);
    this.announcedAt = clock.now();
    metrics.gauge('headrace_heartbeat_timestamp_seconds', this.announcedAt / 1_000, { component: 'worker' });
    metrics.gauge('headrace_worker_slots', slots);
    metrics.gauge('headrace_worker_slots_used', Math.min(slots, leases.size));
  }

  async withdraw(): Promise<void> {
    this.#endAnnouncing();
    await this.#announcing;
    const { store, workerId, log } = this.#options;
    await store
      .unregister(workerId)
      .catch((error: unknown) => log.warn({ error }, 'the worker could not sign off; the store will forget it'));
  }
}
