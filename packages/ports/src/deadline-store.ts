/** Deadlines of runs, and how long runs and tasks usually take. */
import type { DagSpec, Instant, RunStatus, RunType, TaskDurations, TaskProgress } from '@headrace/core';
import type { NewNotice } from './notice-store.ts';

/** An active run whose deadlines nobody has worked out yet. */
export interface UnwatchedRun {
  readonly runKey: string;
  readonly dagId: string;
  readonly versionId: string;
  readonly spec: DagSpec;
  readonly queuedAt: Instant;
  readonly logicalDate?: Instant;
  readonly intervalEnd?: Instant;
}

export interface NewDeadline {
  readonly runKey: string;
  readonly name: string;
  /** Absent: it cannot be said for this run, and is never looked at. */
  readonly dueAt?: Instant;
  /** When to look first. With `dueAt`. */
  readonly checkAt?: Instant;
}

/** A deadline that is to be looked at. */
export interface WatchedDeadline {
  readonly runKey: string;
  readonly dagId: string;
  readonly runId: string;
  readonly versionId: string;
  readonly revision: number;
  readonly runType: RunType;
  readonly logicalDate?: Instant;
  readonly intervalStart?: Instant;
  readonly intervalEnd?: Instant;
  readonly partitionKey?: string;
  readonly status: RunStatus;
  readonly runAfter: Instant;
  readonly endedAt?: Instant;
  readonly name: string;
  readonly dueAt: Instant;
  readonly predicted: boolean;
  /** Of the run's task instances; empty while it is queued, and when the deadline has passed. */
  readonly tasks: readonly TaskProgress[];
}

export interface DeadlineVerdict {
  readonly runKey: string;
  readonly name: string;
  readonly state: 'pending' | 'met' | 'missed';
  /** Of a pending one. */
  readonly checkAt?: Instant;
  /** A miss is foreseen now: for when the end is expected. */
  readonly expectedAt?: Instant;
  readonly notices: readonly NewNotice[];
}

/** A living, un-paused DAG that says how fresh assets must be, and the runs of it that may make them. */
export interface FreshnessExpectation {
  readonly dagId: string;
  readonly versionId: string;
  readonly spec: DagSpec;
  readonly activeSince: Instant;
  readonly nextDueAt?: Instant;
  readonly activeRuns: readonly { readonly runAfter: Instant; readonly tasks: readonly TaskProgress[] }[];
}

export interface DeadlineStore {
  expectations(): Promise<readonly FreshnessExpectation[]>;
  /** Runs that are queued or running, of DAG versions with deadlines, that have none stored. */
  unwatched(limit: number): Promise<readonly UnwatchedRun[]>;
  /** What is there already stays as it is. */
  watch(deadlines: readonly NewDeadline[]): Promise<void>;
  /**
   * Locks deadlines whose time to be looked at has come (others pass over them), asks for the verdicts, and saves them with their
   * notices in one transaction. Answers with how many it looked at.
   */
  judge(limit: number, judge: (due: readonly WatchedDeadline[], now: Instant) => Promise<readonly DeadlineVerdict[]>): Promise<number>;
  /** When a deadline is to be looked at next. */
  nextCheck(): Promise<Instant | undefined>;
  /** From queued to ended, of the newest successful runs, newest first. */
  runDurations(dagId: string, runs: number): Promise<readonly number[]>;
  /** How long the tasks of the newest successful runs took, from the beginning of the last try to its end. */
  taskDurations(dagId: string, runs: number): Promise<readonly TaskDurations[]>;
}
