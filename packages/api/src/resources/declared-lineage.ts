/**
 * What DAGs declare of the assets that their tasks read and make, as edges of the graph of data.
 *
 * DL1. A version never changes: what it declares is read once, and kept for whoever asks next. A request asks which versions are the
 *      newest, and reads those that are not known.
 * DL2. No more than `MOST_KEPT` versions are kept; the longest known go first.
 */
import type { DeclaredTask, LineageFlow, LineageStore } from '@headrace/ports';

export type DeclaredFlow = Omit<LineageFlow, 'runId' | 'seenAt'>;

const MOST_DAGS = 10_000;
/** Before and after a deployment that changes all of them. */
const MOST_KEPT = 2 * MOST_DAGS;
const READ_AT_ONCE = 500;

export class DeclaredFlows {
  readonly #store: Pick<LineageStore, 'newestVersions' | 'declared'>;
  readonly #mostKept: number;
  readonly #known = new Map<string, readonly DeclaredFlow[]>();

  constructor(store: Pick<LineageStore, 'newestVersions' | 'declared'>, mostKept = MOST_KEPT) {
    this.#store = store;
    this.#mostKept = mostKept;
  }

  /** Of the newest version of each DAG that the caller may see. `written` is empty for a task that only reads. */
  async all(): Promise<readonly DeclaredFlow[]> {
    const newest = await this.#store.newestVersions(MOST_DAGS);
    const unknown = newest.filter(({ versionId }) => !this.#known.has(versionId));
    const read = new Map<string, readonly DeclaredFlow[]>();
    for (let from = 0; from < unknown.length; from += READ_AT_ONCE) {
      const some = unknown.slice(from, from + READ_AT_ONCE);
      const declared = await this.#store.declared(some.map(({ versionId }) => versionId));
      const tasks = Map.groupBy(declared, ({ versionId }) => versionId);
      for (const { dagId, versionId } of some)
        read.set(
          versionId,
          (tasks.get(versionId) ?? []).flatMap((task) => flowsOf(dagId, task)),
        );
    }
    const flows = newest.flatMap(({ versionId }) => read.get(versionId) ?? this.#known.get(versionId) ?? []);
    this.#keep(read);
    return flows;
  }

  #keep(read: ReadonlyMap<string, readonly DeclaredFlow[]>): void {
    for (const [versionId, flows] of read) this.#known.set(versionId, flows);
    for (const versionId of this.#known.keys()) {
      if (this.#known.size <= this.#mostKept) return;
      this.#known.delete(versionId);
    }
  }
}

function flowsOf(dagId: string, { taskId, inlets, outlets }: DeclaredTask): readonly DeclaredFlow[] {
  const reads = inlets.map(assetPlace);
  const written = outlets.length === 0 && reads.length > 0 ? [''] : outlets.map(assetPlace);
  return written.map((place) => ({ dagId, taskId, written: place, kind: 'asset', reads, columns: [] }));
}

function assetPlace(name: string): string {
  return `asset:${name}`;
}
