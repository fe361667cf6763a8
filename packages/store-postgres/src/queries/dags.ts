/** DAGs as people see them. */
import type { Instant } from '@headrace/core';
import type { DagFilter, DagRecord, Listed, Page, QueryStore } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import { Conditions } from './conditions.ts';
import type { KeptSpecs } from './kept-specs.ts';
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
  readonly next_due_at: Instant | null;
  readonly first_seen_at: Instant;
  readonly last_parsed_at: Instant;
  readonly has_import_errors: boolean;
  readonly paused_reason: string | null;
}

const LAST_RUN = '(select r.? from dag_run r where r.dag_id = d.dag_id order by r.run_after desc, r.id desc limit 1)';

/** Specs are had by their versions: see kept-specs.ts. */
type DagFacts = Omit<DagRecord, 'spec'>;

const DAGS: ListQuery<Row, DagFacts> = {
  columns: `d.dag_id, d.file, d.paused, d.removed_at is not null as removed, v.id as version_id, v.number, v.bundle_hash,
    d.next_due_at, d.paused_reason, d.first_seen_at, d.last_parsed_at, exists (select from import_error e where e.file = d.file) as has_import_errors`,
  from: 'dag d',
  joins: { v: 'join dag_version v on v.id = d.version_id' },
  order: {
    dag_id: { neverNull: 'd.dag_id' },
    dag_display_name: { neverNull: 'd.dag_id' },
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
    firstSeenAt: row.first_seen_at,
    lastParsedAt: row.last_parsed_at,
    hasImportErrors: row.has_import_errors,
    ...present({ nextDueAt: row.next_due_at, pausedReason: row.paused ? row.paused_reason : null }),
  }),
};

/** Parameter: name or URI of an asset. */
const WAITS_FOR = `exists (
  select from asset_reference f join asset a on a.id = f.asset_id
  where f.dag_id = d.dag_id and f.kind = 'schedule' and ? in (a.name, a.spec ->> 'uri'))`;

export async function listDags(db: Queryable, specs: KeptSpecs, filter: DagFilter, page: Page): Promise<Listed<DagRecord>> {
  const { run, favorite } = filter;
  const conditions = new Conditions()
    .like('d.dag_id', filter.dagIdPattern)
    .anyOf('d.dag_id', filter.dagIds)
    .add('d.tags @> ?', filter.tags)
    .add('d.tags && ?', filter.anyTags)
    .add('d.paused = ?', filter.paused)
    .add('exists (select from import_error e where e.file = d.file) = ?', filter.hasImportErrors)
    .add(`${LAST_RUN.replace('?', 'state')} = ?`, filter.lastRunStatus)
    .add('v.bundle_hash = ?', filter.bundleHash)
    .add("(v.spec -> 'schedule' ->> 'kind' like 'asset%') = ?", filter.hasAssetSchedule)
    .add(WAITS_FOR, filter.assetDependency)
    .anyOf("v.spec -> 'schedule' ->> 'kind'", filter.scheduleKinds);
  if (filter.owners !== undefined)
    conditions.add("exists (select from jsonb_array_elements_text(v.spec -> 'owners') as o (name) where o.name = any(?))", filter.owners);
  if (run !== undefined) addRun(conditions, run);
  if (favorite !== undefined) {
    const is = favorite.is ? 'exists' : 'not exists';
    conditions.add(`${is} (select from dag_favorite f where f.dag_id = d.dag_id and f.username = ?)`, favorite.user);
  }
  if (filter.includeRemoved !== true) conditions.require('d.removed_at is null');
  const { items, ...facts } = await list(db, DAGS, conditions, page);
  return { ...facts, items: await withSpecs(db, specs, items) };
}

/** Without those that were deleted since. */
async function withSpecs(db: Queryable, specs: KeptSpecs, dags: readonly DagFacts[]): Promise<readonly DagRecord[]> {
  const found = await specs.of(
    db,
    dags.map(({ versionId }) => versionId),
  );
  return dags.flatMap((dag) => {
    const spec = found.get(dag.versionId);
    return spec === undefined ? [] : [{ ...dag, spec }];
  });
}

/** Some run that is all of it. */
function addRun(conditions: Conditions, { statuses, startedAt, endedAt }: NonNullable<DagFilter['run']>): void {
  const ofRun = new Conditions(conditions.values)
    .anyOf('r.state', statuses)
    .range('r.started_at', startedAt)
    .range('r.ended_at', endedAt)
    .require('r.dag_id = d.dag_id');
  conditions.require(`exists (select from dag_run r${ofRun.sql})`);
}

export async function findDag(db: Queryable, specs: KeptSpecs, dagId: string): Promise<DagRecord | undefined> {
  const dag = await one(db, DAGS, new Conditions().key('d.dag_id = ?', dagId));
  return dag && (await withSpecs(db, specs, [dag]))[0];
}

export async function listDagIds(db: Queryable): Promise<readonly string[]> {
  const { rows } = await db.query<{ dag_id: string }>('select dag_id from dag order by dag_id');
  return rows.map((row) => row.dag_id);
}

export async function findVersion(db: Queryable, specs: KeptSpecs, dagId: string, number: number): ReturnType<QueryStore['version']> {
  const { rows } = await db.query<{ id: string; bundle_hash: string; created_at: Instant }>({
    name: 'version',
    text: 'select id, bundle_hash, created_at from dag_version where dag_id = $1 and number = $2',
    values: [dagId, number],
  });
  const [row] = rows;
  const spec = row && (await specs.of(db, [row.id])).get(row.id);
  return row && spec && { versionId: row.id, spec, bundleHash: row.bundle_hash, createdAt: row.created_at };
}
