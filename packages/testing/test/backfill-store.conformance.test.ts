import type { DagSpec } from '@headrace/core';
import { type BackfillStoreHarness, backfillStoreConformance } from '@headrace/ports/conformance/backfill-store';
import * as jest from '@jest/globals';
import { createMemoryStore, type MemoryStore } from '../src/index.ts';

/** The suite empties its store before each test; in memory it gets another one. */
function harness(): BackfillStoreHarness {
  let now = Date.UTC(2026, 0, 1);
  let store: MemoryStore = createMemoryStore({ now: () => ++now });
  const forwarding = <T extends object>(pick: (from: MemoryStore) => T): T =>
    new Proxy({} as T, { get: (_, name) => Reflect.get(pick(store), name) as unknown });
  const saveDag = async (spec: DagSpec): Promise<void> => {
    const graphHash = JSON.stringify(spec);
    await store.catalog.saveFile({
      file: `${spec.dagId}.ts`,
      dags: [{ spec, graphHash }],
      bundle: { hash: graphHash, code: 'export default 1' },
    });
  };
  return {
    backfills: forwarding((from) => from.backfills),
    scheduler: forwarding((from) => from.scheduler),
    commands: forwarding((from) => from.commands),
    async begin(spec) {
      store = createMemoryStore({ now: () => ++now });
      await saveDag(spec);
      store.db.transaction(() => store.db.dags.change(spec.dagId, { nextDueAt: undefined }));
    },
    saveDag,
    end: async (runKey, status) => store.db.transaction(() => void store.db.runs.change(runKey, { status, endedAt: now })),
    clear: async (runKey) =>
      store.db.transaction(() => {
        const { revision } = store.db.runs.require(runKey);
        store.db.runs.change(runKey, { status: 'queued', revision: revision + 1, startedAt: undefined });
      }),
    async close() {},
  };
}

backfillStoreConformance(jest, { name: 'Memory', open: async () => harness() });
