import { type ScheduleStoreHarness, scheduleStoreConformance } from '@headrace/ports/conformance/schedule-store';
import * as jest from '@jest/globals';
import { createMemoryStore, type MemoryStore } from '../src/index.ts';

/** The suite empties its store before each test; in memory it gets another one. */
function harness(): ScheduleStoreHarness {
  let now = Date.UTC(2026, 0, 1);
  let store: MemoryStore = createMemoryStore({ now: () => ++now });
  const forwarding = <T extends object>(pick: (from: MemoryStore) => T): T =>
    new Proxy({} as T, { get: (_, name) => Reflect.get(pick(store), name) as unknown });
  const change = async (runKey: string, columns: Parameters<MemoryStore['db']['runs']['change']>[1]): Promise<void> =>
    store.db.transaction(() => void store.db.runs.change(runKey, columns));
  return {
    schedules: forwarding((from) => from.schedules),
    scheduler: forwarding((from) => from.scheduler),
    commands: forwarding((from) => from.commands),
    async begin(spec) {
      store = createMemoryStore({ now: () => ++now });
      const bundle = { hash: 'h', code: 'export default 1' };
      await store.catalog.saveFile({ file: 'shop.ts', dags: [{ spec, graphHash: 'h' }], bundle });
      store.db.transaction(() => store.db.dags.change(spec.dagId, { nextDueAt: undefined }));
    },
    end: (runKey) => change(runKey, { status: 'success', endedAt: now }),
    clear: (runKey) => change(runKey, { status: 'queued', revision: 1, startedAt: undefined, endedAt: undefined }),
    letGo: (runKey) => change(runKey, { heldFor: undefined }),
    setEnding: (runKey) => change(runKey, { progress: { ending: { why: 'cancelled', status: 'failed' } } }),
    async close() {},
  };
}

scheduleStoreConformance(jest, { name: 'Memory', open: async () => harness() });
