/**
 * What housekeeping asks of the store: to remove what is older than the policy wants it kept.
 *
 * R1. Everything goes in small steps: a step looks at no more than `limit` rows of its kind, and holds no lock for longer than it takes.
 * R2. Of runs there stay, however old: those that are queued or running; the newest scheduled one of each DAG; the newest with a logical
 *     date, and the one before each that is queued or running (the next run may depend on its past); those of a DAG with an open
 *     backfill; those that some task waits for; and as many of the newest of each DAG as asked.
 * R3. What lies in the object store is written down in the transaction in which its rows go, and is handed out until it is told to be
 *     gone: no crash leaves an object that nobody knows of.
 * R4. Every step is safe to repeat, and beside another one like it.
 */
import type { Instant } from '@headrace/core';

/** In the order in which they go: later ones are referred to by earlier ones. */
export const RETENTION_KINDS = [
  'runs',
  'logs',
  'results',
  'notices',
  'data_loads',
  'data_checks',
  'asset_events',
  'dag_versions',
  'bundles',
  'processes',
  'audit',
] as const;

export type RetentionKind = (typeof RETENTION_KINDS)[number];

export interface RetentionStep {
  /** What ended, was delivered, was written … before this instant is old. */
  readonly before: Instant;
  /** Rows to look at. */
  readonly limit: number;
  /** Where the last step ended. Absent: at the beginning. */
  readonly after?: string;
  /** Count, and change nothing. */
  readonly dryRun?: boolean;
  /** Of `runs` and `dag_versions`: how many of the newest of each DAG stay, whatever their age. Default 0; the newest version stays in any case. */
  readonly keepNewest?: number;
}

export interface RetentionResult {
  /** What went, or in a dry run would have gone, by name: `runs` and `task_instances`; of other kinds the kind alone. Of `logs` and `results`: runs. */
  readonly removed: Readonly<Record<string, number>>;
  /** Where to go on; absent: there was nothing more. */
  readonly next?: string;
}

/** What a run has left in the object store and that is to be removed. */
export interface DoomedObjects {
  readonly id: string;
  readonly dagId: string;
  readonly runId: string;
  readonly kinds: readonly ('logs' | 'results')[];
}

export interface RetentionStore {
  /** Does the work while no other process does such work. Undefined: another one is at it. */
  exclusively<T>(work: () => Promise<T>): Promise<T | undefined>;
  /** One step. */
  remove(kind: RetentionKind, step: RetentionStep): Promise<RetentionResult>;
  /** The oldest of what is to be removed from the object store. A run that lives again, or was made again, keeps its objects. */
  doomedObjects(limit: number): Promise<readonly DoomedObjects[]>;
  /** They are gone. */
  forgetObjects(ids: readonly string[]): Promise<void>;
}
