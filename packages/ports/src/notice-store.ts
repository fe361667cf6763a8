/**
 * The outbox of notices: written in the transaction of what they tell of, delivered at least once.
 *
 * N1. A notice that was taken in hand and not settled before its lease ended is taken again: whoever had it may have died before, or
 *     after, it was delivered. Targets recognise a repetition by the idempotency key.
 * N2. What was delivered stays delivered, whoever says so and however late.
 */
import type { Instant, NoticeTarget } from '@headrace/core';
import type { Listed, OfDags, Page } from './page.ts';

export interface NewNotice {
  /** The same thing is told to the same target once: a second notice with this key is dropped. */
  readonly key: string;
  readonly target: NoticeTarget;
  /** What is told: a JSON object with `event` (`task.failure`, `run.success`, `deadline.missed`, …) and the ids of what it is about. */
  readonly payload: object;
  /** The DAG version whose function a `code` target means. */
  readonly versionId?: string;
}

/** A notice in the hands of a deliverer. */
export interface ClaimedNotice {
  readonly id: string;
  readonly target: NoticeTarget;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly versionId?: string;
  /** 1 for the first delivery. It is also the fence: a later one has begun when it is higher in the store. */
  readonly attempt: number;
  /** The same for every delivery of this notice, and for no other notice. */
  readonly idempotencyKey: string;
  readonly createdAt: Instant;
}

/** How a delivery went. */
export interface NoticeDelivery {
  readonly id: string;
  readonly attempt: number;
  readonly outcome:
    | { readonly kind: 'delivered' }
    | { readonly kind: 'retry'; readonly afterMs: number; readonly error: string }
    /** No further try: it stays as it is, visible, until somebody has it delivered again. */
    | { readonly kind: 'dead'; readonly error: string };
}

export type NoticeState = 'pending' | 'delivered' | 'dead';

export interface NoticeRecord extends Omit<ClaimedNotice, 'attempt'> {
  readonly key: string;
  readonly event: string;
  readonly dagId?: string;
  readonly runId?: string;
  readonly state: NoticeState;
  /** Deliveries begun. */
  readonly attempts: number;
  /** Of a pending one. */
  readonly nextAt?: Instant;
  readonly lastError?: string;
  readonly deliveredAt?: Instant;
}

export interface NoticeFilter extends OfDags {
  readonly states?: readonly NoticeState[];
  readonly dagId?: string;
  readonly runId?: string;
  readonly event?: string;
}

export interface NoticeStore {
  /** Saves notices that belong to no other change. What is there already was told already. */
  tell(notices: readonly NewNotice[]): Promise<void>;

  /** Takes notices that are due in hand for `leaseMs`, the longest due first. None is in two hands. */
  claim(deliverer: string, limit: number, leaseMs: number): Promise<readonly ClaimedNotice[]>;
  /** Records how deliveries went. A failure of one that somebody else has taken in hand meanwhile is passed over. */
  settle(deliveries: readonly NoticeDelivery[]): Promise<void>;
  /** Milliseconds until a notice is due; undefined when there is none to be delivered. */
  dueIn(): Promise<number | undefined>;
  /** Calls back when there are new notices, or when they may have been missed. The answer ends the subscription. */
  onNew(listener: () => void): Promise<() => Promise<void>>;

  /** Order: `id`, `created_at`, `next_at`. */
  list(filter: NoticeFilter, page: Page): Promise<Listed<NoticeRecord>>;
  get(id: string): Promise<NoticeRecord | undefined>;
  /** Has a notice delivered (again) now, with all its tries before it. False: there is no such notice. */
  redeliver(id: string): Promise<boolean>;
}
