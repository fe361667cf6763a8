/** The bundles of DAG versions, each fetched once and kept as a file that task processes import, if there is a folder for them. */
import type { Instant, ScheduleSpec, TaskSpec } from '@headrace/core';
import type { AttemptStore } from '@headrace/ports';
import { writeBundle } from '@headrace/task-runtime';
import { type FlowOfDag, flowOfDag } from './flow-of-dag.ts';

export interface CachedBundle {
  readonly hash: string;
  /** Empty without a folder. */
  readonly path: string;
  readonly tasks: ReadonlyMap<string, TaskSpec>;
  readonly flow: FlowOfDag;
  readonly schedule: ScheduleSpec;
  readonly startAt: Instant | undefined;
}

/** Graphs in memory; a bundle that fell out is fetched again. */
const MAX_VERSIONS = 500;

export class BundleCache {
  readonly #store: Pick<AttemptStore, 'bundle'>;
  readonly #dir: string | undefined;
  /** The one used last stands last. */
  readonly #versions = new Map<string, Promise<CachedBundle>>();

  constructor(store: Pick<AttemptStore, 'bundle'>, dir: string | undefined) {
    this.#store = store;
    this.#dir = dir;
  }

  /** Rejects with what the store or the disk throws; then the next call tries again. */
  get(versionId: string): Promise<CachedBundle> {
    const bundle = this.#versions.get(versionId) ?? this.#fetch(versionId);
    this.#versions.delete(versionId);
    this.#versions.set(versionId, bundle);
    const [oldest] = this.#versions.keys();
    if (this.#versions.size > MAX_VERSIONS && oldest !== undefined) this.#versions.delete(oldest);
    return bundle;
  }

  #fetch(versionId: string): Promise<CachedBundle> {
    const fetched = this.#store.bundle(versionId).then(async ({ hash, code, sourceMap, spec }) => ({
      hash,
      path: this.#dir === undefined ? '' : await writeBundle(this.#dir, { hash, code, ...(sourceMap === undefined ? {} : { sourceMap }) }),
      tasks: new Map(spec.tasks.map((task) => [task.taskId, task])),
      flow: flowOfDag(spec),
      schedule: spec.schedule,
      startAt: spec.startAt,
    }));
    fetched.catch(() => this.#versions.delete(versionId));
    return fetched;
  }
}
