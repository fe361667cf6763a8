/**
 * The leases of a worker's attempts.
 *
 * L1. All are renewed in one call, three times within a lease, from the worker's own event loop, where no user code runs.
 * L2. An attempt whose lease may have ended is stopped before it has: the local deadline is the *start* of the last successful renewal
 *     plus lease less a margin, on a clock that never goes back.
 * L3. An attempt that a renewal does not confirm is no longer ours and is stopped.
 */
import type { AttemptRef, AttemptStore, Clock, Log, Metrics, Timers } from '@headrace/ports';
import type { StopReason } from '@headrace/task-runtime';
import { repeatedly } from './repeatedly.ts';

/** An attempt that this worker has claimed. */
export interface HeldAttempt {
  readonly ref: AttemptRef;
  /** Its reason is a StopReason. */
  readonly signal: AbortSignal;
  /** Local time at which the store's answer to the claim was there. */
  readonly heldSince: number;
  /** Local time after which the lease must be taken for ended. */
  deadline: number;
}

export interface LeasesOptions {
  readonly store: Pick<AttemptStore, 'renew'>;
  readonly workerId: string;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly metrics: Metrics;
}

interface Held extends HeldAttempt {
  readonly controller: AbortController;
}

/** Time to kill a process, and for clocks that do not run alike. */
const MARGIN_SHARE = 0.15;
const RENEWALS_PER_LEASE = 3;
const CHECKS_PER_LEASE = 24;

export class Leases {
  readonly #options: LeasesOptions;
  readonly #held = new Map<string, Held>();
  readonly #endChecks: () => void;
  #renewedAt = 0;
  #renewing: Promise<void> | undefined;

  constructor(options: LeasesOptions) {
    this.#options = options;
    this.#endChecks = repeatedly(options.timers, Math.max(10, options.leaseMs / CHECKS_PER_LEASE), () => this.#check());
  }

  get size(): number {
    return this.#held.size;
  }

  /** Keeps the lease of an attempt, claimed by a call that began at `claimedAt` (local time). */
  hold(ref: AttemptRef, claimedAt: number): HeldAttempt {
    if (this.#held.size === 0) this.#renewedAt = claimedAt;
    const controller = new AbortController();
    const held: Held = {
      ref,
      controller,
      signal: controller.signal,
      heldSince: this.#options.clock.monotonic(),
      deadline: this.#deadline(claimedAt),
    };
    this.#held.set(ref.attemptId, held);
    return held;
  }

  /** The attempt is over, or was given back. */
  drop({ ref }: HeldAttempt): void {
    this.#held.delete(ref.attemptId);
  }

  /** Stops these attempts, or all. Those of other workers are left out. */
  stop(reason: StopReason, attemptIds: Iterable<string> = this.#held.keys()): void {
    for (const attemptId of attemptIds) this.#held.get(attemptId)?.controller.abort(reason);
  }

  async close(): Promise<void> {
    this.#endChecks();
    await this.#renewing;
  }

  #deadline(from: number): number {
    return from + this.#options.leaseMs * (1 - MARGIN_SHARE);
  }

  #check(): void {
    const { clock, leaseMs, log, metrics } = this.#options;
    const now = clock.monotonic();
    for (const { ref, deadline, controller } of this.#held.values()) {
      if (now < deadline || controller.signal.aborted) continue;
      log.error({ ...ref }, 'an attempt is killed because its lease could not be renewed in time; it will be run again');
      metrics.count('headrace_attempts_lost_total', { reason: 'not_renewed' });
      controller.abort('lease_lost' satisfies StopReason);
    }
    if (this.#held.size > 0 && this.#renewing === undefined && now - this.#renewedAt >= leaseMs / RENEWALS_PER_LEASE) {
      this.#renewing = this.#renew().finally(() => {
        this.#renewing = undefined;
      });
    }
  }

  async #renew(): Promise<void> {
    const { store, workerId, leaseMs, clock, log, metrics } = this.#options;
    const asked = [...this.#held.values()];
    const startedAt = clock.monotonic();
    try {
      const ours = new Set(
        await store.renew(
          asked.map(({ ref }) => ref),
          workerId,
          leaseMs,
        ),
      );
      this.#renewedAt = startedAt;
      for (const held of asked) {
        if (ours.has(held.ref.attemptId)) held.deadline = this.#deadline(startedAt);
        else if (this.#held.get(held.ref.attemptId) === held) held.controller.abort('cancelled' satisfies StopReason);
      }
    } catch (error) {
      metrics.count('headrace_lease_renewal_failures_total');
      log.warn({ error, attempts: asked.length }, 'leases could not be renewed; it is tried again');
    }
  }
}
