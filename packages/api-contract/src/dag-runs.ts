import { type Static, Type } from 'typebox';
import { DagVersion } from './dag-versions.ts';
import { cursorAnswer, cursorPaging, LARGEST_PAGE, orderBy, Pattern, paging } from './paging.ts';
import { nullableFields, secondsRange, timeRange } from './ranges.ts';
import { DagRunState, DagRunType, DateTime, JsonObject, Nullable, Ordinal } from './scalars.ts';

export const DagRun = Type.Object({
  dag_run_id: Type.String(),
  dag_id: Type.String(),
  dag_display_name: Type.String(),
  logical_date: Nullable(DateTime),
  queued_at: Nullable(DateTime),
  start_date: Nullable(DateTime),
  end_date: Nullable(DateTime),
  /** Seconds. */
  duration: Nullable(Type.Number()),
  data_interval_start: Nullable(DateTime),
  data_interval_end: Nullable(DateTime),
  run_after: DateTime,
  last_scheduling_decision: Nullable(DateTime),
  run_type: DagRunType,
  state: DagRunState,
  triggered_by: Nullable(Type.String()),
  triggering_user_name: Nullable(Type.String()),
  /** The run's params. */
  conf: Nullable(JsonObject),
  note: Nullable(Type.String()),
  dag_versions: Type.Array(DagVersion),
  bundle_version: Nullable(Type.String()),
  partition_key: Nullable(Type.String()),
});
export type DagRun = Static<typeof DagRun>;

export const DagRunCollection = Type.Object({ dag_runs: Type.Array(DagRun), total_entries: Type.Integer(), ...cursorAnswer });
export type DagRunCollection = Static<typeof DagRunCollection>;

export const DagRunListQuery = Type.Object(
  {
    ...paging,
    order_by: orderBy('id'),
    ...cursorPaging,
    state: Type.Optional(Type.Array(DagRunState)),
    run_type: Type.Optional(Type.Array(DagRunType)),
    dag_version: Type.Optional(Type.Array(Ordinal)),
    bundle_version: Type.Optional(Type.String()),
    conf_contains: Type.Optional(Type.String({ maxLength: 1000, description: 'A text within the params, as JSON writes them' })),
    dag_id_pattern: Type.Optional(Pattern),
    run_id_pattern: Type.Optional(Pattern),
    triggering_user_name_pattern: Type.Optional(Pattern),
    partition_key_pattern: Type.Optional(Pattern),
    ...timeRange('run_after'),
    ...timeRange('logical_date'),
    ...timeRange('start_date'),
    ...timeRange('end_date'),
    ...timeRange('updated_at'),
    ...secondsRange('duration'),
  },
  { additionalProperties: false },
);
export type DagRunListQuery = Static<typeof DagRunListQuery>;

const Ids = Type.Optional(Nullable(Type.Array(Type.String(), { maxItems: 1000 })));

/** How a list is asked for in a body. */
export const batchPaging = {
  page_limit: Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    default: LARGEST_PAGE,
    description: `At most ${LARGEST_PAGE} are given`,
  }),
  page_offset: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, default: 0 }),
  order_by: Type.Optional(
    Nullable(Type.String({ description: 'A column of the answer; `-` before it for descending order. Several: separated by commas' })),
  ),
  ...cursorPaging,
};

/** Lists of texts in a body, null for any. */
export const BatchIds = Ids;

export const DagRunsBatch = Type.Object(
  {
    ...batchPaging,
    dag_ids: Ids,
    states: Type.Optional(Nullable(Type.Array(Nullable(DagRunState), { maxItems: 10 }))),
    conf_contains: Type.Optional(Nullable(Type.String({ maxLength: 1000 }))),
    ...nullableFields({ ...timeRange('run_after'), ...timeRange('logical_date'), ...timeRange('start_date'), ...timeRange('end_date') }),
    ...nullableFields(secondsRange('duration')),
  },
  { additionalProperties: false },
);
export type DagRunsBatch = Static<typeof DagRunsBatch>;

export const WaitForRunQuery = Type.Object(
  {
    interval: Type.Number({ exclusiveMinimum: 0, maximum: 3600, description: 'Seconds between two looks at the run' }),
    result: Type.Optional(Type.Array(Type.String(), { maxItems: 100, description: 'Tasks whose results the last line has' })),
  },
  { additionalProperties: false },
);

export const RunNote = Nullable(Type.String({ maxLength: 1000 }));

/** It stands in addresses and in object keys; Airflow allows the same. */
export const RunId = Type.String({ pattern: '^[A-Za-z0-9_.~:+-]{1,250}$' });

export const TriggerDagRun = Type.Object(
  {
    dag_run_id: Type.Optional(Nullable(RunId)),
    logical_date: Type.Optional(Nullable(DateTime)),
    data_interval_start: Type.Optional(Nullable(DateTime)),
    data_interval_end: Type.Optional(Nullable(DateTime)),
    run_after: Type.Optional(Nullable(DateTime)),
    /** The run's params; what is absent takes the DAG's default. */
    conf: Type.Optional(Nullable(JsonObject)),
    note: Type.Optional(RunNote),
    /** The partition that the run is of. */
    partition_key: Type.Optional(Nullable(Type.String({ minLength: 1, maxLength: 1000 }))),
  },
  { additionalProperties: false },
);
export type TriggerDagRun = Static<typeof TriggerDagRun>;

export const DagRunPatch = Type.Object(
  {
    /** `failed` cancels the run, `queued` runs all of it anew. */
    state: Type.Optional(Nullable(Type.Enum(['queued', 'success', 'failed']))),
    note: Type.Optional(RunNote),
  },
  { additionalProperties: false },
);
export type DagRunPatch = Static<typeof DagRunPatch>;

export const DagRunPatchQuery = Type.Object(
  { update_mask: Type.Optional(Type.Array(Type.Enum(['state', 'note']))) },
  { additionalProperties: false },
);

export const ClearDagRun = Type.Object(
  {
    dry_run: Type.Boolean({ default: true }),
    only_failed: Type.Boolean({ default: false }),
    /** Only tasks that the run does not have yet. Not supported: a run that changes to the latest version gets them in any case. */
    only_new: Type.Boolean({ default: false }),
    run_on_latest_version: Type.Boolean({ default: false }),
    note: Type.Optional(RunNote),
  },
  { additionalProperties: false },
);
export type ClearDagRun = Partial<Static<typeof ClearDagRun>>;
