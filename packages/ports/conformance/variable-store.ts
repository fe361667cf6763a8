/** What every VariableStore must do, whatever keeps the rows. */
import type { VariableStore } from '@headrace/ports';
import type { TestFunctions } from './store-world.ts';

export interface VariableStoreConformanceOptions {
  readonly name: string;
  readonly open: () => Promise<{ readonly variables: VariableStore; close(): Promise<void> }>;
}

export function variableStoreConformance(jest: TestFunctions, { name, open }: VariableStoreConformanceOptions): void {
  const { describe, test, expect, beforeAll, afterAll } = jest;
  const sealed = (text: string) => ({ bytes: new TextEncoder().encode(text), keyId: 'k' });

  describe(`${name} keeps variables`, () => {
    let opened: Awaited<ReturnType<typeof open>>;
    let store: VariableStore;
    beforeAll(async () => {
      opened = await open();
      store = opened.variables;
    }, 60_000);
    afterAll(() => opened?.close());

    test('as they were made and changed, each name once', async () => {
      await store.create({ name: 'region', value: sealed('north'), description: 'where' });
      await expect(store.create({ name: 'region', value: sealed('x') })).rejects.toMatchObject({ code: 'HR_VARIABLE_EXISTS' });
      expect(await store.variable('region')).toEqual({ name: 'region', value: sealed('north'), description: 'where' });
      expect(await store.replace({ name: 'region', value: sealed('west') }, sealed('east'))).toBe(false);
      expect(await store.replace({ name: 'region', value: sealed('west') }, sealed('north'))).toBe(true);
      expect(await store.replace({ name: 'region', value: sealed('south') })).toBe(true);
      expect(await store.variable('region')).toEqual({ name: 'region', value: sealed('south') });
      await store.delete('region');
      expect(await store.variable('region')).toBeUndefined();
      await expect(store.delete('region')).rejects.toMatchObject({ code: 'HR_VARIABLE_NOT_FOUND' });
      await expect(store.replace({ name: 'region', value: sealed('x') })).rejects.toMatchObject({ code: 'HR_VARIABLE_NOT_FOUND' });
    });

    test('in lists, by pattern and in order', async () => {
      for (const key of ['beta', 'alpha', 'gamma']) await store.create({ name: key, value: sealed(key) });
      const names = async (orderBy: string[], namePattern?: string, offset = 0) => {
        const filter = namePattern === undefined ? {} : { namePattern };
        const { items, total } = await store.variables(filter, { limit: 2, offset, orderBy });
        return [total, ...items.map((one) => one.name)];
      };
      expect(await names(['id'])).toEqual([3, 'beta', 'alpha']);
      expect(await names(['-key'])).toEqual([3, 'gamma', 'beta']);
      expect(await names(['key'], undefined, 2)).toEqual([3, 'gamma']);
      expect(await names(['key'], 'A%H | gam')).toEqual([2, 'alpha', 'gamma']);
      await expect(names(['colour'])).rejects.toMatchObject({ code: 'HR_UNKNOWN_ORDER' });
    });
  });
}
