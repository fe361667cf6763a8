import { retentionStoreConformance } from '@headrace/ports/conformance/retention-store';
import * as jest from '@jest/globals';
import { createMemoryStore } from '../src/index.ts';

retentionStoreConformance(jest, {
  name: 'Memory',
  async open() {
    let now = Date.UTC(2026, 10, 21);
    const store = createMemoryStore({ now: () => now++ });
    const resizePool = async (slots: number) => store.db.transaction(() => void store.db.pools.change('default_pool', { slots }));
    return { ...store, resizePool, async close() {} };
  },
});
