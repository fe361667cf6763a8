/**
 * What rows tell of the DAG version that they are of, read once: a version never changes, and lists name few of them again and again.
 */
import type { Queryable } from '../database.ts';
import { BoundedMap } from './bounded-map.ts';

const MOST_KEPT = 10_000;

const VERSIONS = { name: 'versions', text: 'select id, number, bundle_hash from dag_version where id = any($1)' };

export interface VersionFacts {
  readonly number: number;
  readonly bundleHash: string;
}

interface OfVersion {
  readonly version_id: string;
}

export class KeptVersions {
  /** By id. */
  readonly #kept = new BoundedMap<string, VersionFacts>(MOST_KEPT);

  /** What `item` makes of each row and its version. A row whose version was deleted since, and so itself, is left out. */
  async join<Row extends OfVersion, Item>(
    db: Queryable,
    rows: readonly Row[],
    item: (row: Row, version: VersionFacts) => Item,
  ): Promise<readonly Item[]> {
    const unknown = rows.flatMap(({ version_id: id }) => (this.#kept.has(id) ? [] : [id]));
    // Before anything else may be kept in their place.
    const found = new Map(rows.map(({ version_id: id }) => [id, this.#kept.get(id)]));
    if (unknown.length > 0) for (const [id, version] of await this.#read(db, [...new Set(unknown)])) found.set(id, version);
    return rows.flatMap((row) => {
      const version = found.get(row.version_id);
      return version === undefined ? [] : [item(row, version)];
    });
  }

  async #read(db: Queryable, ids: readonly string[]): Promise<readonly (readonly [string, VersionFacts])[]> {
    const { rows } = await db.query<{ id: string; number: number; bundle_hash: string }>({ ...VERSIONS, values: [ids] });
    return rows.map(({ id, number, bundle_hash: bundleHash }) => {
      const version = { number, bundleHash };
      this.#kept.set(id, version);
      return [id, version] as const;
    });
  }
}
