/**
 * The specs of DAG versions, read once: a version never changes, and its spec may be megabytes of JSON.
 *
 * KS1. What is kept is bounded by the length of its JSON; what was not asked for the longest goes first. One that is longer than all that
 *      may be kept is read each time.
 * KS2. Whoever asks for a version gets the same object: nobody changes it.
 * KS3. A version that is being read is not read by others, too: they wait for it.
 */
import type { DagSpec } from '@headrace/core';
import type { Queryable } from '../database.ts';

/** Characters of JSON: some 5,000 DAGs of ten tasks. */
const MOST_KEPT = 24 * 1024 * 1024;

const SPECS = { name: 'specs', text: 'select id, spec::text as spec from dag_version where id = any($1)' };

interface KeptSpec {
  readonly spec: DagSpec;
  readonly length: number;
}

export class KeptSpecs {
  readonly #most: number;
  /** In order of use, the oldest first. */
  readonly #kept = new Map<string, KeptSpec>();
  #length = 0;
  readonly #reading = new Map<string, Promise<ReadonlyMap<string, DagSpec>>>();

  constructor(most = MOST_KEPT) {
    this.#most = most;
  }

  /** By version id. One that is missing does not exist. */
  async of(db: Queryable, versionIds: readonly string[]): Promise<ReadonlyMap<string, DagSpec>> {
    const found = new Map<string, DagSpec>();
    const unknown: string[] = [];
    for (const versionId of versionIds) {
      const kept = this.#kept.get(versionId);
      if (kept === undefined) {
        unknown.push(versionId);
        continue;
      }
      this.#kept.delete(versionId);
      this.#kept.set(versionId, kept);
      found.set(versionId, kept.spec);
    }
    if (unknown.length === 0) return found;
    this.#read(
      db,
      unknown.filter((id) => !this.#reading.has(id)),
    );
    const reads = unknown.map(async (id) => [id, (await this.#reading.get(id))?.get(id)] as const);
    for (const [id, spec] of await Promise.all(reads)) if (spec !== undefined) found.set(id, spec);
    return found;
  }

  #read(db: Queryable, versionIds: readonly string[]): void {
    if (versionIds.length === 0) return;
    const read = db
      .query<{ id: string; spec: string }>({ ...SPECS, values: [versionIds] })
      .then(({ rows }) => new Map(rows.map(({ id, spec }) => [id, this.#keep(id, spec)])))
      .finally(() => {
        for (const id of versionIds) this.#reading.delete(id);
      });
    for (const id of versionIds) this.#reading.set(id, read);
  }

  #keep(versionId: string, json: string): DagSpec {
    const spec = JSON.parse(json) as DagSpec;
    if (json.length > this.#most) return spec;
    this.#kept.set(versionId, { spec, length: json.length });
    this.#length += json.length;
    for (const [oldest, { length }] of this.#kept) {
      if (this.#length <= this.#most) break;
      this.#kept.delete(oldest);
      this.#length -= length;
    }
    return spec;
  }
}
