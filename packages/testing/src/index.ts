export { type CommitWatcher, MemoryDatabase } from './memory/database.ts';
export * from './memory/rows.ts';
export { createMemoryStore, type MemoryStore } from './memory/store.ts';
export { DuplicateKeyError, MemoryIndex, MemoryTable, NoSuchRowError, type RowChange } from './memory/table.ts';
