/** Runs as people see them. */
import type { Instant, RunStatus, RunType } from '@headrace/core';
import type { Listed, Page, RunFilter, RunRecord } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import { Conditions } from './conditions.ts';
import type { KeptVersions, VersionFacts } from './kept-versions.ts';
import { type ListQuery, list, one } from './list.ts';
import { present } from './optional.ts';

export interface RunRow {
  readonly id: string;
  readonly dag_id: string;
  readonly run_id: string;
  readonly run_type: RunType;
  readonly state: RunStatus;
  readonly triggered_by: string;
  readonly username: string | null;
  readonly parent_dag_id: string | null;
  readonly parent_run_id: string | null;
  readonly parent_task_id: string | null;
  readonly logical_date: Instant | null;
  readonly interval_start: Instant | null;
  readonly interval_end: Instant | null;
  readonly partition_key: string | null;
  readonly run_after: Instant;
  readonly queued_at: Instant | null;
  readonly started_at: Instant | null;
  readonly ended_at: Instant | null;
  readonly last_decision_at: Instant | null;
  readonly params: Readonly<Record<string, unknown>>;
  readonly note: string | null;
  readonly version_id: string;
}

const UPDATED_AT = 'coalesce(r.ended_at, r.last_decision_at, r.started_at, r.queued_at)';

/** Of `dag_run r`. */
export const RUN_COLUMNS = `r.id, r.dag_id, r.run_id, r.run_type, r.state, r.triggered_by, r.username, r.parent_dag_id, r.parent_run_id, r.parent_task_id, r.logical_date, r.interval_start, r.interval_end, r.partition_key,
    r.run_after, r.queued_at, r.started_at, r.ended_at, r.last_decision_at, r.params, r.note, r.version_id`;

const RUNS: ListQuery<RunRow, RunRow> = {
  columns: RUN_COLUMNS,
  from: 'dag_run r',
  joins: { v: 'join dag_version v on v.id = r.version_id' },
  order: {
    id: { neverNull: 'r.id' },
    dag_id: { neverNull: 'r.dag_id' },
    run_id: { neverNull: 'r.run_id' },
    dag_run_id: { neverNull: 'r.run_id' },
    state: { neverNull: 'r.state' },
    run_type: { neverNull: 'r.run_type' },
    logical_date: 'r.logical_date',
    data_interval_start: 'r.interval_start',
    data_interval_end: 'r.interval_end',
    partition_key: 'r.partition_key',
    run_after: { neverNull: 'r.run_after' },
    queued_at: { neverNull: 'r.queued_at' },
    start_date: 'r.started_at',
    end_date: 'r.ended_at',
    updated_at: UPDATED_AT,
    duration: '(r.ended_at - r.started_at)',
    conf: 'r.params',
  },
  key: 'r.id',
  item: (row) => row,
};

export function runOf(row: RunRow, version: VersionFacts): RunRecord {
  return {
    runKey: row.id,
    dagId: row.dag_id,
    runId: row.run_id,
    runType: row.run_type,
    status: row.state,
    triggeredBy: row.triggered_by,
    runAfter: row.run_after,
    params: row.params,
    versionId: row.version_id,
    versionNumber: version.number,
    bundleHash: version.bundleHash,
    ...present({
      user: row.username,
      parent: parentOf(row),
      logicalDate: row.logical_date,
      intervalStart: row.interval_start,
      intervalEnd: row.interval_end,
      partitionKey: row.partition_key,
      queuedAt: row.queued_at,
      startedAt: row.started_at,
      endedAt: row.ended_at,
      lastDecisionAt: row.last_decision_at,
      note: row.note,
    }),
  };
}

const RUN_STATUSES: readonly RunStatus[] = ['queued', 'running', 'success', 'failed'];
const RUN_TYPES: readonly RunType[] = ['scheduled', 'manual', 'backfill', 'asset_triggered', 'asset_materialization'];

export async function listRuns(db: Queryable, versions: KeptVersions, filter: RunFilter, page: Page): Promise<Listed<RunRecord>> {
  const conditions = new Conditions()
    .key('r.dag_id = ?', filter.dagId)
    .anyOf('r.dag_id', filter.dagIds)
    .known('r.state', filter.statuses, RUN_STATUSES)
    .known('r.run_type', filter.runTypes, RUN_TYPES)
    .like('r.dag_id', filter.dagIdPattern)
    .like('r.run_id', filter.runIdPattern)
    .like('r.username', filter.userPattern)
    .like('r.partition_key', filter.partitionKeyPattern)
    .add('strpos(r.params::text, ?) > 0', filter.paramsContain)
    .anyOf('v.number', filter.versions)
    .add('v.bundle_hash = ?', filter.bundleHash)
    .range('r.logical_date', filter.logicalDate)
    .range('r.run_after', filter.runAfter)
    .range('r.started_at', filter.startedAt)
    .range('r.ended_at', filter.endedAt)
    .range(UPDATED_AT, filter.updatedAt)
    .lengths('(r.ended_at - r.started_at)', filter.duration);
  const { items, ...facts } = await list(db, RUNS, conditions, page);
  return { ...facts, items: await versions.join(db, items, runOf) };
}

export async function findRun(db: Queryable, versions: KeptVersions, dagId: string, runId: string): Promise<RunRecord | undefined> {
  const row = await one(db, RUNS, new Conditions().key('r.dag_id = ?', dagId).key('r.run_id = ?', runId));
  return row && (await versions.join(db, [row], runOf))[0];
}

function parentOf({ parent_dag_id: dagId, parent_run_id: runId, parent_task_id: taskId }: RunRow): RunRecord['parent'] | null {
  return dagId === null || runId === null || taskId === null ? null : { dagId, runId, taskId };
}
