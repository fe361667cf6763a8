/** What every ConnectionStore must do, wherever it keeps connections. */
import type { ConnectionStore, StoredConnection } from '@headrace/ports';

type TestFunctions = Pick<typeof import('@jest/globals'), 'describe' | 'test' | 'expect' | 'beforeAll' | 'afterAll'>;

export interface ConnectionStoreHarness {
  readonly connections: ConnectionStore;
  close(): Promise<void>;
}

const ALL = { limit: 100, offset: 0 };
const secret = (...bytes: number[]) => ({ bytes: new Uint8Array(bytes), keyId: 'k1' });

export function connectionStoreConformance(
  jest: TestFunctions,
  { name, open }: { readonly name: string; readonly open: () => Promise<ConnectionStoreHarness> },
): void {
  const { describe, test, expect, beforeAll, afterAll } = jest;

  describe(`${name} keeps connections`, () => {
    let harness: ConnectionStoreHarness;
    let store: ConnectionStore;
    beforeAll(async () => {
      harness = await open();
      store = harness.connections;
    }, 60_000);
    afterAll(() => harness?.close());

    const till: StoredConnection = {
      connId: 'tills',
      connType: 'postgres',
      description: 'The tills',
      settings: { host: 'tills', port: 5432, login: 'reader', schema: 'pos', extra: { sslmode: 'require' } },
      secret: secret(0, 1, 255),
    };

    test('with all that was said of them, secrets byte for byte', async () => {
      await store.create(till);
      expect(await store.connection('tills')).toEqual(till);
      await expect(store.create({ ...till, description: 'Others' })).rejects.toMatchObject({ code: 'HR_CONNECTION_EXISTS' });
      expect(await store.connection('Tills')).toBeUndefined();
    });

    test('and replaces one only while its secret is the one that was read', async () => {
      const bare: StoredConnection = { connId: 'tills', connType: 'generic', settings: { extra: {} } };
      expect(await store.replace(bare, secret(9))).toBe(false);
      expect(await store.replace(bare, undefined)).toBe(false);
      expect(await store.connection('tills')).toEqual(till);
      expect(await store.replace(bare, till.secret)).toBe(true);
      expect(await store.connection('tills')).toEqual(bare);
      expect(await store.replace(till, undefined)).toBe(true);
      expect(await store.connection('tills')).toEqual(till);
      await expect(store.replace({ ...bare, connId: 'none' }, undefined)).rejects.toMatchObject({ code: 'HR_CONNECTION_NOT_FOUND' });
    });

    test('and deletes them', async () => {
      await store.delete('tills');
      expect(await store.connection('tills')).toBeUndefined();
      await expect(store.delete('tills')).rejects.toMatchObject({ code: 'HR_CONNECTION_NOT_FOUND' });
    });

    test('and lists them in pages, in any order', async () => {
      for (const [connId, connType, host, port] of [
        ['b_two', 'mysql', 'z', 3],
        ['a_one', 'postgres', 'y', 10],
        ['a_six', 'file', undefined, undefined],
      ] as const) {
        await store.create({ connId, connType, settings: { ...(host === undefined ? {} : { host, port }), extra: {} } });
      }
      const ids = async (page: object, filter = {}) =>
        (await store.connections(filter, { ...ALL, ...page })).items.map(({ connId }) => connId);
      expect(await ids({ orderBy: ['id'] })).toEqual(['b_two', 'a_one', 'a_six']);
      expect(await ids({ orderBy: ['-connection_id'], limit: 2, offset: 1 })).toEqual(['a_six', 'a_one']);
      expect(await ids({ orderBy: ['port'] })).toEqual(['b_two', 'a_one', 'a_six']);
      expect(await ids({ orderBy: ['conn_type'] })).toEqual(['a_six', 'b_two', 'a_one']);
      expect(await ids({ orderBy: ['host'] })).toEqual(['a_one', 'b_two', 'a_six']);
      expect(await ids({}, { idPattern: 'A_' })).toEqual(['a_one', 'a_six']);
      expect((await store.connections({ idPattern: 'a%x' }, { limit: 1, offset: 0 })).total).toBe(1);
      await expect(store.connections({}, { ...ALL, orderBy: ['secret'] })).rejects.toMatchObject({ code: 'HR_UNKNOWN_ORDER' });
    });
  });
}
