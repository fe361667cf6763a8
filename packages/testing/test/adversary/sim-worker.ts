/**
 * A worker that keeps to the protocol of the real one and runs no code: it claims, renews its leases, stops what is no longer its own
 * before the lease ends, and records how attempts ended.
 *
 * What an attempt does to the outside world while its child process lives is written into the `Outside`.
 */
import { type AttemptReport, attemptOutcome, type TaskSpec, type TaskState } from '@headrace/core';
import type { AttemptRef, AttemptStore, ClaimedAttempt, TaskConsumer, TaskMessage } from '@headrace/ports';
import type { Random } from '../../src/virtual/random.ts';
import type { Outside } from './outside.ts';
import type { SimProcess } from './process.ts';

export interface SimWorkerOptions {
  readonly workerId: string;
  readonly process: SimProcess;
  readonly store: AttemptStore;
  readonly consumer: TaskConsumer;
  readonly slots: number;
  readonly leaseMs: number;
  readonly random: Random;
  readonly task: (versionId: string, taskId: string) => TaskSpec;
  readonly report: (claimed: ClaimedAttempt) => AttemptReport;
  readonly outside: Outside;
  readonly loseRevoked: () => boolean;
  /** Planted bugs. */
  readonly bugs: { readonly keepsChild: boolean; readonly triesOnceMore: boolean };
}

type StopReason = 'lease_lost' | 'cancelled' | 'interrupted';

interface Held {
  readonly ref: AttemptRef;
  readonly heldSince: number;
  deadline: number;
  stopped: StopReason | undefined;
  /** Wakes whoever waits for the child. */
  wake: (() => void) | undefined;
}

/** As in apps/worker. */
const MARGIN_SHARE = 0.15;
const CHECKS_PER_LEASE = 12;
const RENEWALS_PER_LEASE = 3;
const RETRY_MS = 250;

export class SimWorker {
  readonly #options: SimWorkerOptions;
  readonly #held = new Map<string, Held>();
  readonly #inHand = new Set<string>();
  readonly #lost = new Set<string>();
  #renewedAt = 0;
  #renewing = false;
  #draining = false;

  constructor(options: SimWorkerOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { store, consumer, slots, loseRevoked, process } = this.#options;
    await this.#persistently(
      () => this.#register(),
      () => true,
    );
    await this.#persistently(
      () =>
        store.onRevoked((attemptIds) => {
          if (!loseRevoked()) process.run(() => this.#stop(attemptIds, 'cancelled'));
        }),
      () => true,
    );
    void this.#keepRegistered();
    this.#watchLeases();
    await consumer.start(['default'], slots, (message, _queue, passOn) => this.#handle(message, passOn));
  }

  /** Takes nothing new and hands back what it has. */
  async drain(): Promise<void> {
    const { consumer, store, workerId } = this.#options;
    this.#draining = true;
    this.#stop([...this.#held.keys()], 'interrupted');
    await consumer.drain();
    await consumer.close();
    await store.unregister(workerId);
  }

  #register(): Promise<void> {
    const { store, workerId, slots, leaseMs } = this.#options;
    return store.register({ workerId, hostname: 'simulated', pid: 1, queues: ['default'], slots }, leaseMs);
  }

  async #keepRegistered(): Promise<void> {
    const { process, leaseMs } = this.#options;
    for (;;) {
      await process.sleep(leaseMs / 2);
      if (this.#draining) return;
      await this.#register().catch(() => {});
    }
  }

  async #handle({ taskInstanceId, attemptId }: TaskMessage, passOn: () => void): Promise<void> {
    if (this.#inHand.has(attemptId) || this.#lost.has(attemptId)) return;
    this.#inHand.add(attemptId);
    try {
      if ((await this.#attend({ taskInstanceId, attemptId })) === 'not_begun') passOn();
    } finally {
      this.#inHand.delete(attemptId);
    }
  }

  async #attend(ref: AttemptRef): Promise<'over' | 'not_begun'> {
    const { store, workerId, leaseMs, process, random } = this.#options;
    const since = process.clock.monotonic();
    let claimed: ClaimedAttempt | undefined;
    try {
      claimed = await this.#persistently(
        () => store.claim(ref, workerId, leaseMs),
        () => !this.#draining && process.clock.monotonic() - since < leaseMs / 2,
      );
    } catch {
      return 'not_begun';
    }
    if (claimed === undefined) return 'over';
    const held = this.#hold(ref, since);
    try {
      if (random.chance(0.05)) return await this.#giveBack(held);
      await this.#perform(claimed, held);
      return 'over';
    } finally {
      this.#held.delete(ref.attemptId);
    }
  }

  #hold(ref: AttemptRef, claimedAt: number): Held {
    if (this.#held.size === 0) this.#renewedAt = claimedAt;
    const held: Held = {
      ref,
      heldSince: this.#options.process.clock.monotonic(),
      deadline: this.#deadline(claimedAt),
      stopped: this.#draining ? 'interrupted' : undefined,
      wake: undefined,
    };
    this.#held.set(ref.attemptId, held);
    return held;
  }

  #deadline(from: number): number {
    return from + this.#options.leaseMs * (1 - MARGIN_SHARE);
  }

  async #giveBack(held: Held): Promise<'over' | 'not_begun'> {
    const { store, workerId, process } = this.#options;
    try {
      const released = await this.#persistently(
        () => store.release(held.ref, workerId),
        () => process.clock.monotonic() < held.deadline,
      );
      return released ? 'not_begun' : 'over';
    } catch {
      return 'not_begun';
    }
  }

  async #perform(claimed: ClaimedAttempt, held: Held): Promise<void> {
    const { store, workerId, process, task, report, random, bugs } = this.#options;
    await this.#child(claimed, held);
    if (held.stopped === 'lease_lost') {
      this.#lost.add(held.ref.attemptId);
      return;
    }
    const spec = task(claimed.versionId, claimed.taskId);
    const ended = held.stopped === undefined || bugs.keepsChild ? report(claimed) : STOPPED[held.stopped];
    const triesBefore = claimed.triesBefore + (bugs.triesOnceMore ? 1 : 0);
    const to: TaskState = attemptOutcome(
      spec,
      claimed.attempt,
      ended,
      Math.round(claimed.claimedAt + process.clock.monotonic() - held.heldSince),
      random.next(),
      triesBefore,
    );
    const outcome = {
      ...held.ref,
      to,
      ...(ended.outcome === 'failed' ? { error: ended.error } : {}),
      ...(to.status === 'success' ? { result: { kind: 'inline', json: `"${claimed.attemptId}"` } as const } : {}),
    };
    try {
      await this.#persistently(
        () => store.finish(outcome, workerId),
        () => process.clock.monotonic() < held.deadline,
      );
    } catch (error) {
      this.#lost.add(held.ref.attemptId);
      throw error;
    }
  }

  /** The child process lives for a while, or until it is killed. */
  async #child(claimed: ClaimedAttempt, held: Held): Promise<void> {
    const { outside, process, random, bugs } = this.#options;
    if (held.stopped !== undefined) return;
    const over = outside.begin(claimed, process);
    await new Promise<void>((resolve) => {
      const callOff = process.timers.after(random.between(50, random.chance(0.15) ? 25_000 : 5_000), resolve);
      if (bugs.keepsChild) return;
      held.wake = () => {
        callOff();
        resolve();
      };
    });
    over();
  }

  #stop(attemptIds: readonly string[], reason: StopReason): void {
    for (const attemptId of attemptIds) {
      const held = this.#held.get(attemptId);
      if (held === undefined || held.stopped !== undefined) continue;
      held.stopped = reason;
      held.wake?.();
    }
  }

  #watchLeases(): void {
    const { process, leaseMs } = this.#options;
    process.timers.after(leaseMs / CHECKS_PER_LEASE, () => {
      const now = process.clock.monotonic();
      for (const { ref, deadline } of [...this.#held.values()]) if (now >= deadline) this.#stop([ref.attemptId], 'lease_lost');
      if (this.#held.size > 0 && !this.#renewing && now - this.#renewedAt >= leaseMs / RENEWALS_PER_LEASE) void this.#renew();
      if (!this.#draining || this.#held.size > 0) this.#watchLeases();
    });
  }

  async #renew(): Promise<void> {
    const { store, workerId, leaseMs, process } = this.#options;
    this.#renewing = true;
    const asked = [...this.#held.values()];
    const startedAt = process.clock.monotonic();
    try {
      const refs = asked.map(({ ref }) => ref);
      const ours = new Set(await store.renew(refs, workerId, leaseMs));
      this.#renewedAt = startedAt;
      for (const held of asked) {
        if (ours.has(held.ref.attemptId)) held.deadline = this.#deadline(startedAt);
        else if (this.#held.get(held.ref.attemptId) === held) this.#stop([held.ref.attemptId], 'cancelled');
      }
    } catch {
      // Tried again at the next look.
    } finally {
      this.#renewing = false;
    }
  }

  async #persistently<T>(call: () => Promise<T>, mayContinue: () => boolean): Promise<T> {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (!mayContinue()) throw error;
        await this.#options.process.sleep(RETRY_MS);
      }
    }
  }
}

const STOPPED: Readonly<Record<Exclude<StopReason, 'lease_lost'>, AttemptReport>> = {
  cancelled: { outcome: 'failed', error: { name: 'Cancelled', code: 'HR_CANCELLED', message: 'taken back', retryable: false } },
  interrupted: { outcome: 'interrupted' },
};
