import { type Static, Type } from 'typebox';
import { orderBy, paging } from './paging.ts';
import { DateTime, JsonObject, Nullable } from './scalars.ts';

/** What becomes of runs that exist: left alone, run anew if they failed, or run anew in any case. */
export const ReprocessBehavior = Type.Enum(['failed', 'completed', 'none']);

export const Backfill = Type.Object({
  id: Type.Integer(),
  dag_id: Type.String(),
  dag_display_name: Type.String(),
  from_date: DateTime,
  to_date: DateTime,
  dag_run_conf: Nullable(JsonObject),
  is_paused: Type.Boolean(),
  reprocess_behavior: ReprocessBehavior,
  max_active_runs: Type.Integer(),
  created_at: DateTime,
  completed_at: Nullable(DateTime),
  updated_at: DateTime,
  /** Ours: it was cancelled, and did not run to its end. */
  is_cancelled: Type.Boolean(),
});
export type Backfill = Static<typeof Backfill>;

export const BackfillCollection = Type.Object({ backfills: Type.Array(Backfill), total_entries: Type.Integer() });
export type BackfillCollection = Static<typeof BackfillCollection>;

export const BackfillListQuery = Type.Object(
  { ...paging, dag_id: Type.String(), order_by: orderBy('id') },
  { additionalProperties: false },
);

export const BackfillPost = Type.Object(
  {
    dag_id: Type.String(),
    /** Logical dates, both inclusive. */
    from_date: DateTime,
    to_date: DateTime,
    run_backwards: Type.Boolean({ default: false }),
    /** The params of its runs; what is absent takes the DAG's default. */
    dag_run_conf: Type.Unsafe<Record<string, unknown>>({ ...JsonObject, default: {} }),
    reprocess_behavior: Type.Unsafe<'failed' | 'completed' | 'none'>({ ...ReprocessBehavior, default: 'none' }),
    max_active_runs: Type.Integer({ minimum: 1, maximum: 10_000, default: 10 }),
    /** False: all of its runs are of the version that is the newest now. A run that is run anew then keeps its own. */
    run_on_latest_version: Type.Boolean({ default: true }),
  },
  { additionalProperties: false },
);
export type BackfillPost = Pick<Static<typeof BackfillPost>, 'dag_id' | 'from_date' | 'to_date'> & Partial<Static<typeof BackfillPost>>;

export const DryRunBackfill = Type.Object({
  logical_date: Nullable(DateTime),
  partition_key: Nullable(Type.String()),
  partition_date: Nullable(DateTime),
  /** Ours: whether a run is made, or which run is run anew. */
  action: Type.Enum(['create', 'clear']),
  dag_run_id: Nullable(Type.String()),
});

export const DryRunBackfillCollection = Type.Object({
  backfills: Type.Array(DryRunBackfill),
  total_entries: Type.Integer(),
  /** Ours: dates that are passed over, and why. */
  skipped: Type.Array(Type.Object({ logical_date: DateTime, dag_run_id: Type.String(), reason: Type.String() })),
});
export type DryRunBackfillCollection = Static<typeof DryRunBackfillCollection>;

/** Ours: what became of each date of a backfill. */
export const BackfillRunCollection = Type.Object({
  backfill_runs: Type.Array(
    Type.Object({
      logical_date: DateTime,
      partition_key: Nullable(Type.String()),
      state: Type.Enum(['waiting', 'clearing', 'made', 'skipped']),
      reason: Nullable(Type.String()),
      dag_run_id: Nullable(Type.String()),
    }),
  ),
  total_entries: Type.Integer(),
});
export type BackfillRunCollection = Static<typeof BackfillRunCollection>;

export const BackfillRunListQuery = Type.Object({ ...paging }, { additionalProperties: false });
