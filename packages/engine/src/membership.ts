/** That this scheduler is one of those that are there, and which shards of the runs are its own. */
import type { Clock, Log, Metrics, SchedulerStore } from '@headrace/ports';

export interface MembershipOptions {
  readonly store: Pick<SchedulerStore, 'heartbeat'>;
  readonly schedulerId: string;
  /** How long it counts as there after a renewal, in milliseconds. */
  readonly ttlMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

export class Membership {
  readonly #options: MembershipOptions;
  #shards: readonly number[] = [];

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  get shards(): readonly number[] {
    return this.#shards;
  }

  /** Answers with the shards that were gained, and with those that went to another. */
  async renew(): Promise<{ readonly gained: readonly number[]; readonly lost: readonly number[] }> {
    const { store, schedulerId, ttlMs, clock, log, metrics } = this.#options;
    const shards = await store.heartbeat(schedulerId, ttlMs);
    const gained = shards.filter((shard) => !this.#shards.includes(shard));
    const lost = this.#shards.filter((shard) => !shards.includes(shard));
    this.#shards = shards;
    metrics.gauge('headrace_scheduler_shards', shards.length);
    metrics.gauge('headrace_heartbeat_timestamp_seconds', clock.now() / 1_000, { component: 'scheduler' });
    if (gained.length > 0) log.info({ gained: gained.length, owned: shards.length }, 'shards were gained');
    if (lost.length > 0) log.info({ lost: lost.length, owned: shards.length }, 'shards went to another scheduler');
    return { gained, lost };
  }
}
