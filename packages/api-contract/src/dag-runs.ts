import { type Static, Type } from 'typebox';
import { DagVersion } from './dag-versions.ts';
import { orderBy, Pattern, paging } from './paging.ts';
import { DagRunState, DagRunType, DateTime, JsonObject, Nullable } from './scalars.ts';

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

export const DagRunCollection = Type.Object({ dag_runs: Type.Array(DagRun), total_entries: Type.Integer() });
export type DagRunCollection = Static<typeof DagRunCollection>;

const range = <Name extends string>(name: Name) => {
  const bound = Type.Optional(DateTime);
  type Bounds = Record<`${Name}_gte` | `${Name}_gt` | `${Name}_lte` | `${Name}_lt`, typeof bound>;
  return Object.fromEntries(['gte', 'gt', 'lte', 'lt'].map((suffix) => [`${name}_${suffix}`, bound])) as Bounds;
};

export const DagRunListQuery = Type.Object(
  {
    ...paging,
    order_by: orderBy('id'),
    state: Type.Optional(Type.Array(DagRunState)),
    run_type: Type.Optional(Type.Array(DagRunType)),
    run_id_pattern: Type.Optional(Pattern),
    ...range('run_after'),
    ...range('logical_date'),
    ...range('start_date'),
    ...range('end_date'),
  },
  { additionalProperties: false },
);
export type DagRunListQuery = Static<typeof DagRunListQuery>;

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
