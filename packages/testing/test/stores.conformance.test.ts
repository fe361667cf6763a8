import { attemptStoreConformance } from '@headrace/ports/conformance/attempt-store';
import { commandStoreConformance } from '@headrace/ports/conformance/command-store';
import { schedulerStoreConformance } from '@headrace/ports/conformance/scheduler-store';
import { type StateStoreHarness, stateStoreConformance } from '@headrace/ports/conformance/state-store';
import * as jest from '@jest/globals';
import { createMemoryStore } from '../src/index.ts';

async function open(): Promise<StateStoreHarness> {
  let now = Date.UTC(2026, 10, 21);
  const store = createMemoryStore({ now: () => now++ });
  return {
    ...store,
    resizePool: async (slots) => store.db.transaction(() => void store.db.pools.change('default_pool', { slots })),
    async close() {},
  };
}

schedulerStoreConformance(jest, { name: 'Memory', open });
attemptStoreConformance(jest, { name: 'Memory', open });
commandStoreConformance(jest, { name: 'Memory', open });
stateStoreConformance(jest, { name: 'Memory', open });
