import { assetInterleavings } from '@headrace/ports/conformance/asset-interleavings';
import { assetStoreConformance } from '@headrace/ports/conformance/asset-store';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createMemoryStore, type MemoryStore } from '../src/memory/store.ts';

assetStoreConformance(
  { describe, test, expect, beforeAll, afterAll },
  {
    name: 'The store in memory',
    async open() {
      let store: MemoryStore | undefined;
      return {
        async empty() {
          store = newStore();
          return store;
        },
        async run(runKey) {
          const run = store?.db.runs.require(runKey);
          if (run === undefined) throw new Error('there is no store');
          return {
            dagId: run.dagId,
            runId: run.runId,
            runType: run.runType,
            status: run.status,
            triggeredBy: run.triggeredBy,
            partition: run.partitionKey,
            intervalStart: run.intervalStart,
            intervalEnd: run.intervalEnd,
            params: run.params,
          };
        },
        async close() {},
      };
    },
  },
);

assetInterleavings({ test, expect }, { rounds: 1_000, empty: async () => newStore() });

/** Time goes on a little whenever somebody asks for it, so that no two events come at once. */
function newStore(): MemoryStore {
  let now = Date.UTC(2026, 10, 21);
  return createMemoryStore({ now: () => ++now });
}
