import { type ClaimedNotice, type NoticeDelivery, noMetrics, silentLog } from '@headrace/ports';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type Channel, type Deliverer, MOST_TRIES, NoPlaceError, RefusedError, startDeliverer } from '../src/index.ts';

/** An outbox of which nothing is taken twice; how deliveries went is written down. */
class Outbox {
  readonly settled: NoticeDelivery[] = [];
  readonly #waiting: ClaimedNotice[];
  #listener: () => void = () => {};
  #settling: { readonly count: number; readonly resolve: () => void } | undefined;
  failures = 0;

  constructor(...attempts: readonly number[]) {
    this.#waiting = attempts.map((attempt, index) => notice(String(index + 1), attempt));
  }

  async claim(_deliverer: string, limit: number): Promise<readonly ClaimedNotice[]> {
    if (this.failures-- > 0) throw new Error('the database is away');
    return this.#waiting.splice(0, limit);
  }
  async settle(deliveries: readonly NoticeDelivery[]): Promise<void> {
    this.settled.push(...deliveries);
    if (this.#settling !== undefined && this.settled.length >= this.#settling.count) this.#settling.resolve();
  }
  async dueIn(): Promise<undefined> {
    return undefined;
  }
  async onNew(listener: () => void): Promise<() => Promise<void>> {
    this.#listener = listener;
    return async () => {};
  }
  add(id: string): void {
    this.#waiting.push(notice(id, 1));
    this.#listener();
  }
  settledAll(count: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.settled.length >= count) resolve();
      else this.#settling = { count, resolve };
    });
  }
}

function notice(id: string, attempt: number): ClaimedNotice {
  return { id, attempt, target: { kind: 'webhook', connection: 'pager' }, payload: { event: 'x' }, idempotencyKey: id, createdAt: 0 };
}

let deliverer: Deliverer | undefined;
afterEach(async () => {
  await deliverer?.stop();
  deliverer = undefined;
});

async function start(
  store: Outbox,
  deliver: Channel['deliver'],
  options: { concurrency?: number; timeoutMs?: number } = {},
): Promise<void> {
  const channel: Channel = { deliver };
  deliverer = await startDeliverer({
    deliverer: 'd',
    store,
    channels: { webhook: channel, email: channel, code: channel },
    log: silentLog,
    metrics: noMetrics,
    mask: (text) => text.replaceAll('s3cret', '***'),
    dice: () => 0,
    ...options,
  });
}

describe('the deliverer', () => {
  test('delivers what is there, and what comes', async () => {
    const store = new Outbox(1, 1);
    await start(store, async () => {});
    await store.settledAll(2);
    store.add('3');
    await store.settledAll(3);
    expect(store.settled.map(({ id, outcome }) => [id, outcome.kind])).toEqual([
      ['1', 'delivered'],
      ['2', 'delivered'],
      ['3', 'delivered'],
    ]);
  });

  test('tries again later and later, and gives up in the end', async () => {
    const store = new Outbox(1, 2, 3, 12, MOST_TRIES);
    await start(store, () => Promise.reject(new Error('refused')));
    await store.settledAll(5);
    const pauses = store.settled
      .toSorted((a, b) => a.attempt - b.attempt)
      .map(({ outcome }) => ('afterMs' in outcome ? outcome.afterMs : outcome.kind));
    expect(pauses).toEqual([10_000, 20_000, 40_000, 3_600_000, 'dead']);
  });

  test('what is refused for good is given up at once; a target that asks for time gets it', async () => {
    const store = new Outbox(1, 2);
    await start(store, async ({ id }) => {
      throw new RefusedError('no', id === '1' ? { final: true } : { retryAfterMs: 600_000 });
    });
    await store.settledAll(2);
    expect(store.settled.find((one) => one.id === '1')?.outcome).toEqual({ kind: 'dead', error: 'RefusedError: no' });
    expect(store.settled.find((one) => one.id === '2')?.outcome).toMatchObject({ kind: 'retry', afterMs: 600_000 });
  });

  test('want of a place is no reason to give up', async () => {
    const store = new Outbox(MOST_TRIES + 5);
    await start(store, () => Promise.reject(new NoPlaceError('all are busy')));
    await store.settledAll(1);
    expect(store.settled[0]?.outcome.kind).toBe('retry');
  });

  test('no stored error holds a secret', async () => {
    const store = new Outbox(1);
    await start(store, () => Promise.reject(new Error('https://example.com/s3cret said no')));
    await store.settledAll(1);
    expect(store.settled[0]?.outcome).toMatchObject({ error: 'Error: https://example.com/*** said no' });
  });

  test('a target that hangs costs its own place only, until its time is over', async () => {
    const store = new Outbox(...Array.from({ length: 6 }, () => 1));
    const hanging = ({ id }: ClaimedNotice, signal: AbortSignal): Promise<void> =>
      id === '1'
        ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('too slow')), { once: true }))
        : Promise.resolve();
    await start(store, hanging, { concurrency: 2, timeoutMs: 300 });
    await store.settledAll(6);
    expect(store.settled.at(-1)).toMatchObject({ id: '1', outcome: { kind: 'retry' } });
  });

  test('no more are in hand than it may have', async () => {
    const store = new Outbox(...Array.from({ length: 20 }, () => 1));
    let inHand = 0;
    let most = 0;
    await start(
      store,
      async () => {
        most = Math.max(most, ++inHand);
        await new Promise((resolve) => setImmediate(resolve));
        inHand--;
      },
      { concurrency: 3 },
    );
    await store.settledAll(20);
    expect(most).toBe(3);
  });

  test('goes on after the store was away', async () => {
    const store = new Outbox(1);
    store.failures = 1;
    await start(store, async () => {});
    await store.settledAll(1);
    expect(store.settled[0]?.outcome.kind).toBe('delivered');
  });

  test('stopping waits for what is in hand and takes nothing new', async () => {
    const store = new Outbox(1);
    let finish: () => void = () => {};
    let begun: () => void = () => {};
    const beginning = new Promise<void>((resolve) => {
      begun = resolve;
    });
    await start(
      store,
      () =>
        new Promise((resolve) => {
          finish = resolve;
          begun();
        }),
    );
    await beginning;
    const stopping = deliverer?.stop();
    store.add('2');
    finish();
    await stopping;
    expect(store.settled.map((one) => one.id)).toEqual(['1']);
  });
});
