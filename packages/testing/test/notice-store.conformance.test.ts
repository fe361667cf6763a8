import { noticeStoreConformance } from '@headrace/ports/conformance/notice-store';
import * as jest from '@jest/globals';
import { createMemoryStore, type MemoryStore } from '../src/index.ts';
import { saveNotices } from '../src/memory/save-notices.ts';

noticeStoreConformance(jest, {
  name: 'Memory',
  async open() {
    let now = Date.UTC(2026, 0, 1);
    let store: MemoryStore;
    return {
      async empty() {
        store = createMemoryStore({ now: () => now });
        return store.notices;
      },
      save: async (notices) => store.db.transaction(() => saveNotices(store.db, notices)),
      async pass(ms) {
        now += ms;
      },
      close: async () => {},
    };
  },
});
