/** What every PoolStore must do, wherever it keeps the pools. */
import type { TaskStatus } from '@headrace/core';
import type { PoolStore } from '@headrace/ports';

type TestFunctions = Pick<typeof import('@jest/globals'), 'describe' | 'test' | 'expect' | 'beforeAll' | 'afterAll'>;

export interface PoolStoreHarness {
  readonly pools: PoolStore;
  /** Puts a task instance into this state that takes so many slots of the pool. */
  addTask(pool: string, slots: number, status: TaskStatus): Promise<void>;
  /** What schedulers have been told of pools since the last call. */
  told(): Promise<readonly string[]>;
  close(): Promise<void>;
}

const ALL = { limit: 100, offset: 0 };

export function poolStoreConformance(
  jest: TestFunctions,
  { name, open }: { readonly name: string; readonly open: () => Promise<PoolStoreHarness> },
): void {
  const { describe, test, expect, beforeAll, afterAll } = jest;

  describe(`${name} keeps pools`, () => {
    let harness: PoolStoreHarness;
    let pools: PoolStore;
    beforeAll(async () => {
      harness = await open();
      pools = harness.pools;
    }, 60_000);
    afterAll(() => harness?.close());

    const names = async (filter: { namePattern?: string }, page = {}): Promise<readonly string[]> =>
      (await pools.pools(filter, { ...ALL, ...page })).items.map((pool) => pool.name);

    test('with the default pool from the beginning, which stays', async () => {
      expect(await pools.pool('default_pool')).toMatchObject({ slots: 128, includeDeferred: false, runningSlots: 0 });
      await expect(pools.delete('default_pool')).rejects.toMatchObject({ code: 'HR_DEFAULT_POOL' });
      await pools.change('default_pool', { slots: 64 });
      expect(await pools.pool('default_pool')).toMatchObject({ slots: 64 });
    });

    test('that are created, changed and deleted, and tells schedulers what may let a task go on', async () => {
      await harness.told();
      await pools.create({ name: 'crm', slots: 3, description: 'The CRM takes three', includeDeferred: true });
      expect(await pools.pool('crm')).toEqual({
        name: 'crm',
        slots: 3,
        description: 'The CRM takes three',
        includeDeferred: true,
        runningSlots: 0,
        queuedSlots: 0,
        scheduledSlots: 0,
        deferredSlots: 0,
      });
      await expect(pools.create({ name: 'crm', slots: 1, includeDeferred: false })).rejects.toMatchObject({ code: 'HR_POOL_EXISTS' });
      await pools.change('crm', { slots: 0 });
      expect(await pools.pool('crm')).toMatchObject({ slots: 0, description: 'The CRM takes three', includeDeferred: true });
      await pools.change('crm', { description: null, includeDeferred: false });
      expect(await pools.pool('crm')).not.toHaveProperty('description');
      await pools.change('crm', { slots: -1 });
      expect(await pools.pool('crm')).toMatchObject({ slots: -1, includeDeferred: false });
      expect(await harness.told()).toEqual(['crm', 'crm', 'crm', 'crm']);
      await pools.delete('crm');
      expect(await pools.pool('crm')).toBeUndefined();
      await expect(pools.change('crm', { slots: 1 })).rejects.toMatchObject({ code: 'HR_POOL_NOT_FOUND' });
      await expect(pools.delete('crm')).rejects.toMatchObject({ code: 'HR_POOL_NOT_FOUND' });
    });

    test('and counts the slots of their tasks by state', async () => {
      await pools.create({ name: 'busy', slots: 9, includeDeferred: false });
      for (const [slots, status] of [
        [1, 'running'],
        [2, 'restarting'],
        [4, 'queued'],
        [8, 'queued'],
        [16, 'scheduled'],
        [32, 'deferred'],
        [64, 'success'],
        [128, 'up_for_retry'],
      ] as const) {
        await harness.addTask('busy', slots, status);
      }
      await harness.addTask('elsewhere', 1, 'running');
      expect(await pools.pool('busy')).toMatchObject({ runningSlots: 3, queuedSlots: 12, scheduledSlots: 16, deferredSlots: 32 });
      await pools.delete('busy');
    });

    test('and lists them by name or size, in pages', async () => {
      for (const [pool, slots] of [
        ['a_one', 5],
        ['a_two', 2],
        ['b.three', 2],
      ] as const) {
        await pools.create({ name: pool, slots, includeDeferred: false });
      }
      expect(await names({})).toEqual(['a_one', 'a_two', 'b.three', 'default_pool']);
      expect(await names({}, { orderBy: ['-name'], limit: 2, offset: 1 })).toEqual(['b.three', 'a_two']);
      expect(await names({}, { orderBy: ['slots'], limit: 3 })).toEqual(['a_two', 'b.three', 'a_one']);
      expect(await names({ namePattern: 'A_t' })).toEqual(['a_two']);
      expect(await names({ namePattern: 'o%e' })).toEqual(['a_one']);
      expect(await names({ namePattern: 'b?' })).toEqual([]);
      expect((await pools.pools({ namePattern: 'a' }, { limit: 1, offset: 0 })).total).toBe(3);
      await expect(pools.pools({}, { ...ALL, orderBy: ['colour'] })).rejects.toMatchObject({ code: 'HR_UNKNOWN_ORDER' });
    });
  });
}
