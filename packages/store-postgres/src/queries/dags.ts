/** DAGs as people see them. */
import type { DagSpec, Instant } from '@headrace/core';
import type { DagRecord, Listed, Page, QueryStore } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import { Conditions } from './conditions.ts';
import { type ListQuery, list, one } from './list.ts';
import { present } from './optional.ts';

interface Row {
  readonly dag_id: string;
  readonly file: string;
  readonly paused: boolean;
  readonly removed: boolean;
  readonly version_id: string;
  readonly number: number;
  readonly bundle_hash: string;
  readonly spec: DagSpec;
  readonly next_due_at: Instant | null;
  readonly first_seen_at: Instant;
  readonly last_parsed_at: Instant;
  readonly has_import_errors: boolean;
  readonly paused_reason: string | null;
}

const LAST_RUN = '(select r.? from dag_run r where r.dag_id = d.dag_id order by r.run_after desc, r.id desc limit 1)';

const DAGS: ListQuery<Row, DagRecord> = {
  columns: `d.dag_id, d.file, d.paused, d.removed_at is not null as removed, v.id as version_id, v.number, v.bundle_hash, v.spec,
    d.next_due_at, d.paused_reason, d.first_seen_at, d.last_parsed_at, exists (select from import_error e where e.file = d.file) as has_import_errors`,
  from: 'dag d join dag_version v on v.id = d.version_id',
  order: {
    dag_id: 'd.dag_id',
    dag_display_name: 'd.dag_id',
    next_dagrun: 'd.next_due_at',
    next_dagrun_run_after: 'd.next_due_at',
    state: LAST_RUN.replace('?', 'state'),
    start_date: LAST_RUN.replace('?', 'started_at'),
    last_run_state: LAST_RUN.replace('?', 'state'),
    last_run_start_date: LAST_RUN.replace('?', 'started_at'),
  },
  key: 'd.dag_id',
  item: (row) => ({
    dagId: row.dag_id,
    file: row.file,
    paused: row.paused,
    removed: row.removed,
    versionId: row.version_id,
    versionNumber: row.number,
    bundleHash: row.bundle_hash,
    spec: row.spec,
    firstSeenAt: row.first_seen_at,
    lastParsedAt: row.last_parsed_at,
    hasImportErrors: row.has_import_errors,
    ...present({ nextDueAt: row.next_due_at, pausedReason: row.paused ? row.paused_reason : null }),
  }),
};

/** Tags: all of those given. */
export function listDags(db: Queryable, filter: Parameters<QueryStore['dags']>[0], page: Page): Promise<Listed<DagRecord>> {
  const conditions = new Conditions()
    .like('d.dag_id', filter.dagIdPattern)
    .add('d.tags @> ?', filter.tags)
    .add('d.paused = ?', filter.paused);
  if (filter.includeRemoved !== true) conditions.require('d.removed_at is null');
  return list(db, DAGS, conditions, page);
}

export function findDag(db: Queryable, dagId: string): Promise<DagRecord | undefined> {
  return one(db, DAGS, new Conditions().add('d.dag_id = ?', dagId));
}

export async function findVersion(db: Queryable, dagId: string, number: number): ReturnType<QueryStore['version']> {
  const { rows } = await db.query<{ id: string; spec: DagSpec; bundle_hash: string; created_at: Instant }>(
    'select id, spec, bundle_hash, created_at from dag_version where dag_id = $1 and number = $2',
    [dagId, number],
  );
  const [row] = rows;
  return row && { versionId: row.id, spec: row.spec, bundleHash: row.bundle_hash, createdAt: row.created_at };
}
