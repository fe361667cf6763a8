import { connectionStoreConformance } from '@headrace/ports/conformance/connection-store';
import { dataReportStoreConformance } from '@headrace/ports/conformance/data-report-store';
import { lineageStoreConformance } from '@headrace/ports/conformance/lineage-store';
import { progressStoreConformance } from '@headrace/ports/conformance/progress-store';
import { variableStoreConformance } from '@headrace/ports/conformance/variable-store';
import * as jest from '@jest/globals';
import { createMemoryStore } from '../src/index.ts';

async function open() {
  let now = Date.UTC(2026, 10, 21);
  const store = createMemoryStore({ now: () => now++ });
  return {
    ...store,
    resizePool: async (slots: number) => store.db.transaction(() => void store.db.pools.change('default_pool', { slots })),
    async close() {},
  };
}

connectionStoreConformance(jest, { name: 'Memory', open });
progressStoreConformance(jest, { name: 'Memory', open });
dataReportStoreConformance(jest, { name: 'Memory', open });
lineageStoreConformance(jest, { name: 'Memory', open });
variableStoreConformance(jest, { name: 'Memory', open });
