/**
 * Housekeeping: one round over everything that a policy wants removed.
 *
 * K1. It is done in small steps, with a rest between them as long as the step took: half of the time belongs to whoever else is there.
 * K2. Any process may do a round, and one does at a time. A round that is broken off leaves nothing that the next does not find.
 * K3. Objects go after the rows that name them: see `RetentionStore`, R3.
 */
import type { Instant, Milliseconds } from '@headrace/core';
import {
  type DoomedObjects,
  type Metrics,
  noMetrics,
  type ObjectStore,
  RETENTION_KINDS,
  type RetentionKind,
  type RetentionStep,
  type RetentionStore,
  systemTimers,
  type Timers,
} from '@headrace/ports';

export interface RetentionPolicy {
  /** How long each is kept, from its end. Absent: for ever; logs and results: as long as their run. */
  readonly keepFor: Readonly<Partial<Record<RetentionKind, Milliseconds>>>;
  /** How many of the newest runs of each DAG are kept, whatever their age. */
  readonly keepRuns: number;
  /** How many of the newest versions of each DAG are kept, whatever their age. Default 0. */
  readonly keepVersions?: number;
}

export interface CleanUpOptions {
  readonly store: RetentionStore;
  readonly policy: RetentionPolicy;
  /** The store's time. */
  readonly now: Instant;
  readonly objects: Pick<ObjectStore, 'list' | 'delete'>;
  /** Under which keys a run leaves its logs, or its results. Ends with `/`. */
  objectsOf(kind: 'logs' | 'results', run: { readonly dagId: string; readonly runId: string }): string;
  readonly metrics?: Metrics;
  readonly timers?: Timers;
  /** Count, and change nothing. */
  readonly dryRun?: boolean;
  /** No further step is taken after it. */
  readonly signal?: AbortSignal;
  /** Told after each step what has gone so far. */
  onProgress?(removed: Removed): void;
}

/** How many of what has gone: `runs`, `task_instances`, `objects` … */
export type Removed = Readonly<Record<string, number>>;

const ROWS_AT_ONCE = 200;
const OBJECTS_OF_RUNS_AT_ONCE = 100;
/** Then the object store is away. */
const FAILURES_AT_MOST = 10;

/** Undefined: another process is at it. */
export async function cleanUp(options: CleanUpOptions): Promise<Removed | undefined> {
  // Counting needs no turn.
  return options.dryRun === true ? new Round(options).perform() : options.store.exclusively(() => new Round(options).perform());
}

class Round {
  readonly #options: CleanUpOptions;
  readonly #removed: Record<string, number> = {};

  constructor(options: CleanUpOptions) {
    this.#options = options;
  }

  async perform(): Promise<Removed> {
    const { policy, now, dryRun = false } = this.#options;
    const keepNewest: Partial<Record<RetentionKind, number>> = { runs: policy.keepRuns, dag_versions: policy.keepVersions ?? 0 };
    for (const kind of RETENTION_KINDS) {
      const keepFor = policy.keepFor[kind];
      if (keepFor === undefined) continue;
      await this.#removeAll(kind, { before: now - keepFor, limit: ROWS_AT_ONCE, dryRun, keepNewest: keepNewest[kind] ?? 0 });
    }
    if (!dryRun) await this.#removeObjects();
    return this.#removed;
  }

  async #removeAll(kind: RetentionKind, step: RetentionStep): Promise<void> {
    let after: string | undefined;
    do {
      if (this.#options.signal?.aborted === true) return;
      const began = performance.now();
      const { removed, next } = await this.#options.store.remove(kind, after === undefined ? step : { ...step, after });
      this.#note(removed);
      after = next;
      if (after !== undefined) await this.#rest(performance.now() - began);
    } while (after !== undefined);
  }

  /** Also those that an earlier round could not remove. Those that cannot be removed now do not keep the others, unless they are many. */
  async #removeObjects(): Promise<void> {
    const { store, signal } = this.#options;
    const failures = new Map<string, unknown>();
    for (;;) {
      const doomed = await store.doomedObjects(OBJECTS_OF_RUNS_AT_ONCE + failures.size);
      const others = doomed.filter(({ id }) => !failures.has(id));
      for (const run of others) {
        if (signal?.aborted === true) return;
        try {
          await this.#removeObjectsOf(run);
        } catch (error) {
          failures.set(run.id, error);
          if (failures.size >= FAILURES_AT_MOST) throw error;
        }
      }
      if (others.length > 0) continue;
      for (const error of failures.values()) throw error;
      return;
    }
  }

  async #removeObjectsOf(run: DoomedObjects): Promise<void> {
    const { store, objects, objectsOf } = this.#options;
    let gone = 0;
    for (const kind of run.kinds) {
      for await (const { key } of objects.list(objectsOf(kind, run))) {
        await objects.delete(key);
        gone++;
      }
    }
    await store.forgetObjects([run.id]);
    this.#note({ objects: gone });
  }

  #note(removed: Removed): void {
    const { metrics = noMetrics, dryRun = false, onProgress } = this.#options;
    for (const [kind, count] of Object.entries(removed)) {
      this.#removed[kind] = (this.#removed[kind] ?? 0) + count;
      if (!dryRun && count > 0 && !OF_OBJECTS.has(kind)) metrics.count('headrace_housekeeping_removed_total', { kind }, count);
    }
    onProgress?.(this.#removed);
  }

  async #rest(milliseconds: number): Promise<void> {
    const { timers = systemTimers, dryRun = false } = this.#options;
    if (!dryRun) await new Promise<void>((resolve) => void timers.after(milliseconds, resolve));
  }
}

/** Runs whose objects are to go: what counts is that the objects go. */
const OF_OBJECTS: ReadonlySet<string> = new Set(['logs', 'results']);
