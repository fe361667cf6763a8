/** Backfills as rows and as the port's records: the only place that converts. */
import type { Instant, ReprocessBehavior } from '@headrace/core';
import type { BackfillRecord } from '@headrace/ports';

export const BACKFILL_COLUMNS = `id, dag_id, from_at, to_at, params, reprocess, backwards, max_active_runs, priority_class, version_id,
  paused, username, created_at, updated_at, completed_at, cancelled_at`;

export interface BackfillRow {
  readonly id: string;
  readonly dag_id: string;
  readonly from_at: Instant;
  readonly to_at: Instant;
  readonly params: Readonly<Record<string, unknown>>;
  readonly reprocess: ReprocessBehavior;
  readonly backwards: boolean;
  readonly max_active_runs: number;
  readonly priority_class: number;
  readonly version_id: string | null;
  readonly paused: boolean;
  readonly username: string | null;
  readonly created_at: Instant;
  readonly updated_at: Instant;
  readonly completed_at: Instant | null;
  readonly cancelled_at: Instant | null;
}

export function backfillRecord(row: BackfillRow): BackfillRecord {
  return {
    backfillId: row.id,
    dagId: row.dag_id,
    from: row.from_at,
    to: row.to_at,
    params: row.params,
    reprocess: row.reprocess,
    backwards: row.backwards,
    maxActiveRuns: row.max_active_runs,
    priorityClass: row.priority_class,
    paused: row.paused,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    ...(row.version_id === null ? {} : { versionId: row.version_id }),
    ...(row.username === null ? {} : { user: row.username }),
    ...(row.completed_at === null ? {} : { completedAt: row.completed_at }),
    ...(row.cancelled_at === null ? {} : { cancelledAt: row.cancelled_at }),
  };
}
