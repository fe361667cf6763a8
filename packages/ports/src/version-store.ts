/** Versions of DAGs, for people. */
import type { DagSpec, Instant } from '@headrace/core';
import type { StoredBundle } from './attempt-store.ts';
import type { Listed, OfDags, Page } from './page.ts';

export interface VersionRecord {
  readonly versionId: string;
  readonly dagId: string;
  readonly number: number;
  /** Relative to the DAG folder. */
  readonly file: string;
  readonly bundleHash: string;
  readonly createdAt: Instant;
}

export interface VersionFilter extends OfDags {
  readonly dagId?: string;
  readonly number?: number;
  readonly bundleHash?: string;
}

export interface VersionStore {
  /** Order: `id`, `version_number`, `bundle_name`, `bundle_version`. */
  list(filter: VersionFilter, page: Page): Promise<Listed<VersionRecord>>;
  /** The code and the spec of a version. Undefined: no such version. */
  load(dagId: string, number: number): Promise<(StoredBundle & { readonly spec: DagSpec }) | undefined>;
}
