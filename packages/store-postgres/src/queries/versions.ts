/** Versions of DAGs, for people. */
import type { DagSpec, Instant } from '@headrace/core';
import type { VersionRecord, VersionStore } from '@headrace/ports';
import type { Database } from '../database.ts';
import { Conditions } from './conditions.ts';
import { type ListQuery, list } from './list.ts';

interface Row {
  readonly id: string;
  readonly dag_id: string;
  readonly number: number;
  readonly file: string;
  readonly bundle_hash: string;
  readonly created_at: Instant;
}

const VERSIONS: ListQuery<Row, VersionRecord> = {
  columns: 'v.id, v.dag_id, v.number, v.file, v.bundle_hash, v.created_at',
  from: 'dag_version v',
  order: { id: 'v.id', version_number: 'v.number', bundle_name: 'v.file', bundle_version: 'v.bundle_hash' },
  key: 'v.id',
  item: (row) => ({
    versionId: row.id,
    dagId: row.dag_id,
    number: row.number,
    file: row.file,
    bundleHash: row.bundle_hash,
    createdAt: row.created_at,
  }),
};

const LOAD = `
  select v.id, v.dag_id, v.file, v.spec, b.hash, b.code, b.source_map
  from dag_version v join bundle b on b.hash = v.bundle_hash
  where v.dag_id = $1 and v.number = $2`;

interface LoadRow {
  readonly id: string;
  readonly dag_id: string;
  readonly file: string;
  readonly spec: DagSpec;
  readonly hash: string;
  readonly code: string;
  readonly source_map: string | null;
}

export function createVersionStore(database: Database): VersionStore {
  const reads = () => database.lane('reads');
  return {
    list({ dagId, dagIds, number, bundleHash }, page) {
      const conditions = new Conditions()
        .add('v.dag_id = ?', dagId)
        .add('v.dag_id = any(?)', dagIds)
        .add('v.number = ?', number)
        .add('v.bundle_hash = ?', bundleHash);
      return list(reads(), VERSIONS, conditions, page);
    },
    async load(dagId, number) {
      const { rows } = await reads().query<LoadRow>(LOAD, [dagId, number]);
      const [row] = rows;
      if (row === undefined) return undefined;
      const { id: versionId, file, spec, hash, code, source_map } = row;
      return { versionId, dagId, file, spec, hash, code, ...(source_map === null ? {} : { sourceMap: source_map }) };
    },
  };
}
