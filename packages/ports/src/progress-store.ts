/**
 * How far running attempts are.
 *
 * PG1. It is for people: nothing is decided by it, and it may be lost.
 * PG2. What an attempt says that no longer runs is not kept, and not shown.
 */
import type { AttemptProgress, Instant } from '@headrace/core';
import type { AttemptRef } from './attempt-store.ts';

export interface ToldProgress extends AttemptRef, AttemptProgress {
  /** When the attempt's process began, by the worker's clock. */
  readonly beganAt: Instant;
  /** When it said so. */
  readonly toldAt: Instant;
}

export interface ProgressRecord extends ToldProgress {
  readonly taskId: string;
  readonly mapIndex: number;
  /** The store's time at the answer, so that the age of the figures does not depend on the caller's clock. */
  readonly readAt: Instant;
}

export interface ProgressStore {
  /** The newest of each attempt, all in one statement. */
  save(told: readonly ToldProgress[]): Promise<void>;
  /** Of attempts that have ended. */
  forget(refs: readonly AttemptRef[]): Promise<void>;
  /** What attempts left that died with their worker. Answers with how many. */
  forgetEnded(): Promise<number>;
  /** Of the attempts of a run that run now, in the order of their task and map index. */
  ofRun(dagId: string, runId: string, taskId?: string): Promise<readonly ProgressRecord[]>;
}
