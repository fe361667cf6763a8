export { type CommitWatcher, MemoryDatabase } from './memory/database.ts';
export * from './memory/rows.ts';
export { createMemoryStore, type MemoryStore } from './memory/store.ts';
export { DuplicateKeyError, MemoryIndex, MemoryTable, NoSuchRowError, type RowChange } from './memory/table.ts';
export { MemoryBroker } from './memory/task-queue.ts';
export {
  type SimulatedAction,
  type SimulatedDag,
  type SimulateOptions,
  type SimulationControl,
  SimulationError,
  simulate,
} from './simulate.ts';
export type { AnswerRule } from './simulation/answers.ts';
export { type DetailedOutcome, MissingResultError, type Outcome, type OutcomeRule, type SimulatedAttempt } from './simulation/outcomes.ts';
export { CannotCallError } from './simulation/pool.ts';
export * from './simulation/result.ts';
export { VirtualTime } from './virtual/virtual-time.ts';
