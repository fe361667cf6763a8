import { type Static, Type } from 'typebox';
import { DagVersion } from './dag-versions.ts';
import { orderBy, Pattern, paging } from './paging.ts';
import { timeRange } from './ranges.ts';
import { DagRunState, DagRunType, DateTime, JsonObject, Nullable } from './scalars.ts';

export const DagTag = Type.Object({ name: Type.String(), dag_id: Type.String(), dag_display_name: Type.String() });

const dagFields = {
  dag_id: Type.String(),
  dag_display_name: Type.String(),
  is_paused: Type.Boolean(),
  /** Ours: why it paused itself; null when it did not. */
  paused_reason: Nullable(Type.String()),
  /** The DAG is no longer in any file. */
  is_stale: Type.Boolean(),
  last_parsed_time: Nullable(DateTime),
  last_parse_duration: Nullable(Type.Number()),
  last_expired: Nullable(DateTime),
  bundle_name: Nullable(Type.String()),
  bundle_version: Nullable(Type.String()),
  relative_fileloc: Nullable(Type.String()),
  fileloc: Type.String(),
  file_token: Type.String(),
  description: Nullable(Type.String()),
  timetable_summary: Nullable(Type.String()),
  timetable_description: Nullable(Type.String()),
  timetable_partitioned: Type.Boolean(),
  timetable_periodic: Type.Boolean({ description: 'Its schedule comes again and again: not by hand, by assets alone, or once' }),
  is_backfillable: Type.Boolean({ description: 'Its schedule has dates that a backfill can fill' }),
  tags: Type.Array(DagTag),
  max_active_tasks: Type.Integer(),
  max_active_runs: Nullable(Type.Integer()),
  max_consecutive_failed_dag_runs: Type.Integer(),
  has_task_concurrency_limits: Type.Boolean(),
  has_import_errors: Type.Boolean(),
  next_dagrun_logical_date: Nullable(DateTime),
  next_dagrun_data_interval_start: Nullable(DateTime),
  next_dagrun_data_interval_end: Nullable(DateTime),
  next_dagrun_run_after: Nullable(DateTime),
  allowed_run_types: Nullable(Type.Array(DagRunType)),
  owners: Type.Array(Type.String()),
};

export const Dag = Type.Object(dagFields);
export type Dag = Static<typeof Dag>;

export const DagDetails = Type.Object({
  ...dagFields,
  catchup: Type.Boolean(),
  concurrency: Type.Integer(),
  dag_run_timeout: Type.Null(),
  default_args: Nullable(JsonObject),
  doc_md: Nullable(Type.String()),
  start_date: Nullable(DateTime),
  end_date: Nullable(DateTime),
  is_paused_upon_creation: Type.Boolean(),
  last_parsed: Nullable(DateTime),
  latest_dag_version: Nullable(DagVersion),
  owner_links: Type.Record(Type.String(), Type.String()),
  /** Param name → `{ value, schema, description }`, as Airflow shows params. */
  params: JsonObject,
  /** Ours: the JSON Schema of all params together. */
  params_schema: Nullable(JsonObject),
  render_template_as_native_obj: Type.Boolean(),
  template_search_path: Type.Null(),
  timezone: Nullable(Type.String()),
  is_favorite: Type.Boolean(),
  active_runs_count: Type.Integer({ description: 'Runs that are running' }),
});
export type DagDetails = Static<typeof DagDetails>;

export const DagCollection = Type.Object({ dags: Type.Array(Dag), total_entries: Type.Integer() });
export type DagCollection = Static<typeof DagCollection>;

export const DagListQuery = Type.Object(
  {
    ...paging,
    order_by: orderBy('dag_id'),
    dag_id_pattern: Type.Optional(Pattern),
    dag_display_name_pattern: Type.Optional(Pattern),
    tags: Type.Optional(Type.Array(Type.String())),
    tags_match_mode: Type.Optional(Type.Enum(['any', 'all'], { description: 'Absent: any' })),
    owners: Type.Optional(Type.Array(Type.String())),
    paused: Type.Optional(Type.Boolean()),
    /** Without DAGs that are no longer in any file. */
    exclude_stale: Type.Boolean({ default: true }),
    has_import_errors: Type.Optional(Type.Boolean()),
    last_dag_run_state: Type.Optional(DagRunState),
    bundle_name: Type.Optional(Type.String()),
    bundle_version: Type.Optional(Type.String()),
    has_asset_schedule: Type.Optional(Type.Boolean()),
    asset_dependency: Type.Optional(Type.String({ description: 'Name or URI of an asset that its schedule waits for' })),
    ...timeRange('dag_run_start_date'),
    ...timeRange('dag_run_end_date'),
    dag_run_state: Type.Optional(Type.Array(DagRunState)),
    is_favorite: Type.Optional(Type.Boolean({ description: 'Of whoever asks' })),
    timetable_type: Type.Optional(Type.Array(Type.String(), { description: 'Kinds of schedules: cron, delta, events, assets, manual …' })),
  },
  { additionalProperties: false },
);

export type DagListQuery = Static<typeof DagListQuery>;

/** Which DAGs are paused, or go on, together. */
export const DagsPatchQuery = Type.Object(
  {
    ...paging,
    update_mask: Type.Optional(Type.Array(Type.Enum(['is_paused']))),
    tags: Type.Optional(Type.Array(Type.String())),
    tags_match_mode: Type.Optional(Type.Enum(['any', 'all'])),
    owners: Type.Optional(Type.Array(Type.String())),
    dag_id_pattern: Type.Optional(Pattern),
    exclude_stale: Type.Boolean({ default: true }),
    paused: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

export const DagPatch = Type.Object({ is_paused: Type.Boolean() }, { additionalProperties: false });
export type DagPatch = Static<typeof DagPatch>;

export const DagPatchQuery = Type.Object(
  { update_mask: Type.Optional(Type.Array(Type.Enum(['is_paused']))) },
  { additionalProperties: false },
);
