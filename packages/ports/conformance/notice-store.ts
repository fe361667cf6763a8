/** What every NoticeStore must do, wherever it keeps the notices. */
import type { ClaimedNotice, NewNotice, NoticeStore } from '@headrace/ports';

type TestFunctions = Pick<typeof import('@jest/globals'), 'describe' | 'test' | 'expect' | 'beforeAll' | 'afterAll'>;

export interface NoticeStoreHarness {
  /** An empty store. */
  empty(): Promise<NoticeStore>;
  /** Saves notices as a decision does. */
  save(notices: readonly NewNotice[]): Promise<void>;
  /** Lets so much time pass for the store. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

const LEASE_MS = 60_000;
const PAGE = { limit: 100, offset: 0 };

export function noticeStoreConformance(
  jest: TestFunctions,
  { name, open }: { readonly name: string; readonly open: () => Promise<NoticeStoreHarness> },
): void {
  const { describe, test, expect, beforeAll, afterAll } = jest;

  describe(`${name} is an outbox of notices`, () => {
    let harness: NoticeStoreHarness;
    beforeAll(async () => {
      harness = await open();
    }, 60_000);
    afterAll(() => harness?.close());

    const claimOne = async (store: NoticeStore): Promise<ClaimedNotice> => {
      const [notice, ...others] = await store.claim('deliverer-1', 10, LEASE_MS);
      if (notice === undefined || others.length > 0) throw new Error(`Expected one notice and got ${others.length + (notice ? 1 : 0)}`);
      return notice;
    };

    test('a notice comes back as it was saved, once, with the same idempotency key for the same key', async () => {
      const store = await harness.empty();
      await harness.save([notice('a')]);
      await harness.save([notice('a'), notice('b')]);
      const claimed = await store.claim('deliverer-1', 10, LEASE_MS);
      expect(claimed.map(({ payload, target, attempt }) => ({ payload, target, attempt }))).toEqual(
        ['a', 'b'].map((key) => ({ payload: notice(key).payload, target: notice(key).target, attempt: 1 })),
      );
      expect(new Set(claimed.map((one) => one.idempotencyKey)).size).toBe(2);
      expect(claimed.every((one) => /^[\x21-\x7e]{8,64}$/.test(one.idempotencyKey))).toBe(true);
    });

    test('a notice in hand is nobody else’s until its lease ends', async () => {
      const store = await harness.empty();
      await harness.save([notice('a')]);
      const first = await claimOne(store);
      expect(await store.claim('deliverer-2', 10, LEASE_MS)).toEqual([]);
      await harness.pass(LEASE_MS + 1_000);
      const again = await store.claim('deliverer-2', 10, LEASE_MS);
      expect(again.map(({ id, attempt, idempotencyKey }) => ({ id, attempt, idempotencyKey }))).toEqual([
        { id: first.id, attempt: 2, idempotencyKey: first.idempotencyKey },
      ]);
    });

    test('two deliverers that claim at once never get the same notice', async () => {
      const store = await harness.empty();
      await harness.save(Array.from({ length: 40 }, (_, index) => notice(`n${index}`)));
      const claims = await Promise.all(['a', 'b', 'c', 'd'].map((deliverer) => store.claim(deliverer, 15, LEASE_MS)));
      const ids = claims.flat().map((one) => one.id);
      expect(new Set(ids).size).toBe(ids.length);
      const rest = await store.claim('e', 40, LEASE_MS);
      expect(ids.length + rest.length).toBe(40);
    });

    test('what was delivered is not delivered again', async () => {
      const store = await harness.empty();
      await harness.save([notice('a')]);
      const { id, attempt } = await claimOne(store);
      await store.settle([{ id, attempt, outcome: { kind: 'delivered' } }]);
      await harness.pass(LEASE_MS * 2);
      expect(await store.claim('deliverer-1', 10, LEASE_MS)).toEqual([]);
      expect(await store.dueIn()).toBeUndefined();
      expect(await store.get(id)).toMatchObject({ state: 'delivered', attempts: 1 });
    });

    test('a failed delivery is tried again after its pause, and not before', async () => {
      const store = await harness.empty();
      await harness.save([notice('a')]);
      const { id, attempt } = await claimOne(store);
      await store.settle([{ id, attempt, outcome: { kind: 'retry', afterMs: 30_000, error: 'refused' } }]);
      expect(await store.claim('deliverer-1', 10, LEASE_MS)).toEqual([]);
      expect(await store.get(id)).toMatchObject({ state: 'pending', lastError: 'refused' });
      const dueIn = (await store.dueIn()) ?? 0;
      expect(dueIn).toBeGreaterThan(20_000);
      expect(dueIn).toBeLessThanOrEqual(30_000);
      await harness.pass(31_000);
      expect((await claimOne(store)).attempt).toBe(2);
    });

    test('a dead notice stays visible, is not tried again, and is when somebody says so', async () => {
      const store = await harness.empty();
      await harness.save([notice('a'), notice('b')]);
      const [first] = await store.claim('deliverer-1', 1, LEASE_MS);
      if (first === undefined) throw new Error('nothing was claimed');
      await store.settle([{ id: first.id, attempt: first.attempt, outcome: { kind: 'dead', error: '410 Gone' } }]);
      await harness.pass(LEASE_MS * 10);
      expect((await store.list({ states: ['dead'] }, PAGE)).items).toMatchObject([{ id: first.id, lastError: '410 Gone' }]);
      expect((await store.claim('deliverer-1', 10, LEASE_MS)).map((one) => one.id)).not.toContain(first.id);
      expect(await store.redeliver(first.id)).toBe(true);
      expect((await claimOne(store)).id).toBe(first.id);
      expect(await store.redeliver('999999999')).toBe(false);
    });

    test('the late word of a deliverer whose lease ended: a failure changes nothing, a delivery counts', async () => {
      const store = await harness.empty();
      await harness.save([notice('a')]);
      const slow = await claimOne(store);
      await harness.pass(LEASE_MS + 1_000);
      const quick = await claimOne(store);
      await store.settle([{ id: slow.id, attempt: slow.attempt, outcome: { kind: 'dead', error: 'timed out' } }]);
      expect(await store.get(slow.id)).toMatchObject({ state: 'pending' });
      await store.settle([{ id: slow.id, attempt: slow.attempt, outcome: { kind: 'delivered' } }]);
      await store.settle([{ id: quick.id, attempt: quick.attempt, outcome: { kind: 'retry', afterMs: 0, error: 'refused' } }]);
      expect(await store.get(slow.id)).toMatchObject({ state: 'delivered' });
      expect(await store.claim('deliverer-1', 10, LEASE_MS)).toEqual([]);
    });

    test('new notices are told', async () => {
      const store = await harness.empty();
      let heard: () => void = () => {};
      const told = new Promise<void>((resolve) => {
        heard = resolve;
      });
      const stop = await store.onNew(heard);
      await harness.save([notice('a')]);
      await told;
      await stop();
    });

    test('lists are filtered by state, DAG, run and event, in the order asked for', async () => {
      const store = await harness.empty();
      await harness.save([
        notice('a', { dagId: 'shop', runId: 'r1' }),
        notice('b', { dagId: 'shop', runId: 'r2', event: 'run.success' }),
        notice('c', { dagId: 'mill', runId: 'r1' }),
      ]);
      const keys = async (filter: Parameters<NoticeStore['list']>[0], orderBy: readonly string[] = ['id']) =>
        (await store.list(filter, { ...PAGE, orderBy })).items.map((one) => one.key);
      expect(await keys({ dagId: 'shop' })).toHaveLength(2);
      expect(await keys({ dagId: 'shop', runId: 'r2' })).toEqual(['b']);
      expect(await keys({ event: 'run.success' })).toEqual(['b']);
      expect(await keys({ states: ['delivered'] })).toEqual([]);
      expect(await keys({})).toEqual((await keys({}, ['-id'])).toReversed());
      expect((await store.list({}, { limit: 1, offset: 0 })).total).toBe(3);
    });
  });
}

function notice(key: string, payload: Readonly<Record<string, unknown>> = {}): NewNotice {
  return {
    key,
    target: { kind: 'webhook', connection: 'pager' },
    payload: { event: 'task.failure', dagId: 'shop', runId: 'r1', about: key, ...payload },
  };
}
