export { type CommitWatcher, MemoryDatabase } from './memory/database.ts';
export * from './memory/rows.ts';
export { DuplicateKeyError, MemoryIndex, MemoryTable, NoSuchRowError, type RowChange } from './memory/table.ts';
