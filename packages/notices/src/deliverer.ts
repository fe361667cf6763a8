/**
 * Brings notices from the outbox to their targets, at least once.
 *
 * D1. A notice is taken in hand for longer than a delivery may last, so that nobody else delivers it meanwhile.
 * D2. Slow or dead targets cost their own place only; no more than `concurrency` notices are in hand.
 * D3. What cannot be delivered is tried again, later and later, `MOST_TRIES` times in all; then it is dead: visible, and delivered when
 *     somebody says so. A target that says it never will take it makes it dead at once.
 * D4. Nothing that is logged or stored of an error holds a secret of a connection.
 */
import { retryDelay } from '@headrace/core';
import type { ClaimedNotice, Log, Metrics, NoticeDelivery, NoticeStore } from '@headrace/ports';
import type { Channel } from './channel.ts';
import { NoPlaceError, RefusedError } from './errors.ts';

export interface DelivererOptions {
  readonly deliverer: string;
  readonly store: Pick<NoticeStore, 'claim' | 'settle' | 'dueIn' | 'onNew'>;
  /** By the kind of the target. */
  readonly channels: Readonly<Record<'webhook' | 'email' | 'code', Channel> & { lineage?: Channel }>;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Takes the secrets out of an error's text. */
  readonly mask: (text: string) => string;
  /** In [0, 1): spreads the tries. Default `Math.random`. */
  readonly dice?: () => number;
  /** Notices in hand at once. Default 8. */
  readonly concurrency?: number;
  /** For how long a delivery may last. Default 30 s. */
  readonly timeoutMs?: number;
}

export interface Deliverer {
  /** Takes nothing new and waits for what is in hand, at most for the time that a delivery may last. */
  stop(): Promise<void>;
}

/** From 10 s to an hour between two tries: the last one begins some five hours after the first. */
export const DELIVERY_RETRIES = { delayMs: 10_000, backoff: 'exponential', maxDelayMs: 3_600_000, jitter: 0.3 } as const;
export const MOST_TRIES = 13;
/** Time to record how a delivery went before its lease ends. */
const MARGIN_MS = 30_000;
const NO_PLACE_PAUSE_MS = 5_000;
/** News of new notices may be lost with a connection. */
const LONGEST_SLEEP_MS = 30_000;
const PAUSE_AFTER_ERROR_MS = 1_000;
const LONGEST_ERROR = 2_000;

/** Starts delivering. Rejects when the store cannot be reached. */
export async function startDeliverer(options: DelivererOptions): Promise<Deliverer> {
  const { deliverer, store, log, concurrency = 8, timeoutMs = 30_000 } = options;
  const inHand = new Set<Promise<void>>();
  let wake: () => void = () => {};
  let news = true;
  let stopped = false;

  const alarm = (): void => {
    news = true;
    wake();
  };
  const unsubscribe = await store.onNew(alarm);
  const working = work();

  async function work(): Promise<void> {
    while (!stopped) {
      try {
        news = false;
        const claimed = await claim();
        for (const notice of claimed) take(notice);
        // A full hand is emptied first; an empty outbox says itself when to look again.
        if (inHand.size >= concurrency) await Promise.race(inHand);
        else if (claimed.length === 0 && !news) await sleep(Math.min((await store.dueIn()) ?? LONGEST_SLEEP_MS, LONGEST_SLEEP_MS));
      } catch (error) {
        log.warn({ error }, 'notices could not be read; it is tried again');
        await sleep(PAUSE_AFTER_ERROR_MS);
      }
    }
  }

  async function claim(): Promise<readonly ClaimedNotice[]> {
    return stopped ? [] : store.claim(deliverer, concurrency - inHand.size, timeoutMs + MARGIN_MS);
  }

  function take(notice: ClaimedNotice): void {
    const delivery = deliver(options, notice, timeoutMs).finally(() => inHand.delete(delivery));
    inHand.add(delivery);
  }

  /** Until it is time, there is news, or it ends. */
  function sleep(ms: number): Promise<void> {
    if (stopped || news) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  return {
    async stop() {
      stopped = true;
      wake();
      await unsubscribe();
      await working;
      await Promise.all(inHand);
    },
  };
}

/** Never rejects: what cannot be recorded is delivered again when the lease has ended. */
async function deliver(options: DelivererOptions, notice: ClaimedNotice, timeoutMs: number): Promise<void> {
  const { store, log, metrics } = options;
  const { id, attempt, target } = notice;
  const outcome = await outcomeOf(options, notice, timeoutMs);
  const labels = { target: target.kind };
  if (outcome.kind === 'delivered') metrics.count('headrace_notices_delivered_total', labels);
  else {
    metrics.count(outcome.kind === 'dead' ? 'headrace_notices_dead_total' : 'headrace_notices_failed_total', labels);
    const said = { notice: id, attempt, ...labels, event: notice.payload.event, error: outcome.error };
    if (outcome.kind === 'dead') log.error(said, 'a notice was given up; it stays in the outbox and can be delivered again');
    else log.warn({ ...said, againInMs: outcome.afterMs }, 'a notice could not be delivered; it is tried again');
  }
  try {
    await store.settle([{ id, attempt, outcome }]);
  } catch (error) {
    log.warn({ error, notice: id }, 'how the delivery of a notice went could not be recorded; it will be delivered again');
  }
}

async function outcomeOf(options: DelivererOptions, notice: ClaimedNotice, timeoutMs: number): Promise<NoticeDelivery['outcome']> {
  const { channels, mask, dice = Math.random } = options;
  try {
    const channel = channels[notice.target.kind];
    if (channel === undefined)
      throw new RefusedError('This worker was not told where lineage goes: set OPENLINEAGE_URL for it as for the others');
    await channel.deliver(notice, AbortSignal.timeout(timeoutMs));
    return { kind: 'delivered' };
  } catch (error) {
    const text = mask(error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, LONGEST_ERROR);
    if (error instanceof NoPlaceError) return { kind: 'retry', afterMs: NO_PLACE_PAUSE_MS, error: text };
    const refused = error instanceof RefusedError ? error : undefined;
    if (refused?.final === true || notice.attempt >= MOST_TRIES) return { kind: 'dead', error: text };
    const policy = { ...DELIVERY_RETRIES, max: MOST_TRIES, rules: [] };
    return { kind: 'retry', afterMs: Math.max(retryDelay(policy, notice.attempt, dice()), refused?.retryAfterMs ?? 0), error: text };
  }
}
