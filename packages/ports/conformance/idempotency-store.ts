/** What every IdempotencyStore must do. */
import type { IdempotencyStore } from '@headrace/ports';

type TestFunctions = Pick<typeof import('@jest/globals'), 'describe' | 'test' | 'expect' | 'beforeAll' | 'afterAll'>;

export interface IdempotencyStoreHarness {
  readonly idempotency: IdempotencyStore;
  close(): Promise<void>;
}

const T0 = Date.UTC(2026, 4, 1);
const MINUTE = 60_000;

export function idempotencyStoreConformance(
  jest: TestFunctions,
  { name, open }: { readonly name: string; readonly open: () => Promise<IdempotencyStoreHarness> },
): void {
  const { describe, test, expect, beforeAll, afterAll } = jest;

  describe(`${name} keeps what requests were answered with`, () => {
    let harness: IdempotencyStoreHarness;
    let keys = 0;
    beforeAll(async () => {
      harness = await open();
    }, 60_000);
    afterAll(() => harness?.close());

    const request = (key: string, requestHash = 'hash', scope = 'ada') => ({ scope, key, requestHash });
    const times = (now = T0) => ({ now, leaseUntil: now + MINUTE, expiresAt: now + 60 * MINUTE });
    const newKey = () => `key-${keys++}`;
    async function begun(key: string, now = T0): Promise<string> {
      const found = await harness.idempotency.begin(request(key), times(now));
      if (found.kind !== 'new') throw new Error(`It is ${found.kind}`);
      return found.claim;
    }

    test('of many that come at once one goes on; the answer is for all that come later', async () => {
      const key = newKey();
      const all = await Promise.all(Array.from({ length: 8 }, () => harness.idempotency.begin(request(key), times())));
      const first = all.filter(({ kind }) => kind === 'new');
      expect([first.length, all.filter(({ kind }) => kind === 'running').length]).toEqual([1, 7]);
      const claim = first[0]?.kind === 'new' ? first[0].claim : '';
      await harness.idempotency.answer(request(key), claim, { status: 201, contentType: 'application/json', body: '{"a":"ü"}' });
      expect(await harness.idempotency.begin(request(key), times(T0 + 59 * MINUTE))).toEqual({
        kind: 'answered',
        answer: { status: 201, contentType: 'application/json', body: '{"a":"ü"}' },
      });
    });

    test('a key is of one request, and of who sends it', async () => {
      const key = newKey();
      const claim = await begun(key);
      expect(await harness.idempotency.begin(request(key, 'other'), times())).toEqual({ kind: 'other-request' });
      expect(await harness.idempotency.begin(request(key, 'hash', 'bob'), times())).toMatchObject({ kind: 'new' });
      await harness.idempotency.answer(request(key), claim, { status: 204 });
      expect(await harness.idempotency.begin(request(key), times())).toEqual({ kind: 'answered', answer: { status: 204 } });
      expect(await harness.idempotency.begin(request(key, 'other'), times())).toEqual({ kind: 'other-request' });
    });

    test('whoever died is waited for until its lease ends, and says nothing after that', async () => {
      const key = newKey();
      const dead = await begun(key);
      expect(await harness.idempotency.begin(request(key), times(T0 + MINUTE - 1))).toEqual({ kind: 'running' });
      const claim = await begun(key, T0 + MINUTE);
      await harness.idempotency.answer(request(key), dead, { status: 200, body: 'late' });
      await harness.idempotency.release(request(key), dead);
      expect(await harness.idempotency.begin(request(key), times(T0 + MINUTE))).toEqual({ kind: 'running' });
      await harness.idempotency.answer(request(key), claim, { status: 200, body: 'in time' });
      expect(await harness.idempotency.begin(request(key), times())).toMatchObject({ kind: 'answered', answer: { body: 'in time' } });
    });

    test('what was released may be done again', async () => {
      const key = newKey();
      await harness.idempotency.release(request(key), await begun(key));
      await begun(key);
    });

    test('what has expired is as if it had never been, and is swept', async () => {
      const [old, young] = [newKey(), newKey()];
      await harness.idempotency.answer(request(old), await begun(old), { status: 200 });
      await begun(young, T0 + 30 * MINUTE);
      expect(await harness.idempotency.begin(request(old, 'other'), times(T0 + 60 * MINUTE))).toMatchObject({ kind: 'new' });
      let swept = 0;
      for (let once = 1; once > 0; swept += once) once = await harness.idempotency.sweep(T0 + 80 * MINUTE, 2);
      expect(swept).toBeGreaterThan(0);
      expect(await harness.idempotency.begin(request(young), times(T0 + 30 * MINUTE))).toEqual({ kind: 'running' });
    });
  });
}
