/** Compiled DAGs by version. A version never changes, so a copy is good for ever; only the number kept is bounded. */
import { compileDag, type Dag } from '@headrace/core';
import type { SchedulerStore } from '@headrace/ports';

export class DagVersions {
  readonly #load: SchedulerStore['loadVersion'];
  readonly #capacity: number;
  readonly #compiled = new Map<string, Promise<Dag>>();

  constructor(store: Pick<SchedulerStore, 'loadVersion'>, capacity = 256) {
    this.#load = (versionId) => store.loadVersion(versionId);
    this.#capacity = capacity;
  }

  async get(versionId: string): Promise<Dag> {
    const known = this.#compiled.get(versionId);
    if (known !== undefined) {
      this.#compiled.delete(versionId);
      this.#compiled.set(versionId, known);
      return known;
    }
    const loading = this.#load(versionId).then(compileDag);
    this.#compiled.set(versionId, loading);
    loading.catch(() => this.#compiled.delete(versionId));
    const oldest = this.#compiled.keys().next().value;
    if (this.#compiled.size > this.#capacity && oldest !== undefined) this.#compiled.delete(oldest);
    return loading;
  }
}
