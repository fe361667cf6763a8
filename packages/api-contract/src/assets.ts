import { type Static, Type } from 'typebox';
import { RunId, RunNote } from './dag-runs.ts';
import { orderBy, Pattern, paging } from './paging.ts';
import { DagRunState, DateTime, JsonObject, MapIndex, Nullable, RowId } from './scalars.ts';

const referenceFields = { dag_id: Type.String(), created_at: DateTime, updated_at: DateTime };
const DagReference = Type.Object(referenceFields);
const TaskReference = Type.Object({ ...referenceFields, task_id: Type.String() });

export const AssetAlias = Type.Object({ id: Type.Integer(), name: Type.String(), group: Type.String() });
export const AssetAliasCollection = Type.Object({ asset_aliases: Type.Array(AssetAlias), total_entries: Type.Integer() });
export const AssetAliasListQuery = Type.Object(
  { ...paging, order_by: orderBy('id'), name_pattern: Type.Optional(Pattern) },
  { additionalProperties: false },
);

export const Asset = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  /** Its name, unless it has a URI. */
  uri: Type.String(),
  group: Type.String(),
  /** Not secret, and never masked. */
  extra: Nullable(JsonObject),
  created_at: DateTime,
  updated_at: DateTime,
  scheduled_dags: Type.Array(DagReference),
  producing_tasks: Type.Array(TaskReference),
  consuming_tasks: Type.Array(TaskReference),
  /** Always empty: an event names its asset, so nothing needs another name for it. */
  aliases: Type.Array(AssetAlias),
  /** Always empty: what Airflow's watchers do, a task that waits does. */
  watchers: Type.Array(Type.Object({ name: Type.String(), trigger_id: Type.Integer(), created_date: DateTime })),
  last_asset_event: Nullable(Type.Object({ id: Nullable(Type.Integer({ minimum: 0 })), timestamp: Nullable(DateTime) })),
  /** Ours: the kind of its partitions, as the DAG has it. */
  partitions: Nullable(JsonObject),
});
export type Asset = Static<typeof Asset>;

export const AssetCollection = Type.Object({ assets: Type.Array(Asset), total_entries: Type.Integer() });
export type AssetCollection = Static<typeof AssetCollection>;

export const AssetListQuery = Type.Object(
  {
    ...paging,
    order_by: orderBy('id'),
    name_pattern: Type.Optional(Pattern),
    uri_pattern: Type.Optional(Pattern),
    dag_ids: Type.Optional(Type.Array(Type.String())),
    /** Without assets that no DAG names any more. */
    only_active: Type.Boolean({ default: true }),
  },
  { additionalProperties: false },
);

export const DagRunAssetReference = Type.Object({
  run_id: Type.String(),
  dag_id: Type.String(),
  logical_date: Nullable(DateTime),
  /** Of a run that is queued, when it was: Airflow's client takes no null here. */
  start_date: Nullable(DateTime),
  end_date: Nullable(DateTime),
  state: DagRunState,
  data_interval_start: Nullable(DateTime),
  data_interval_end: Nullable(DateTime),
  partition_key: Nullable(Type.String()),
  /** The event is the newest of the run's: the one that made it. */
  triggering: Type.Boolean(),
});

export const AssetEvent = Type.Object({
  id: Type.Integer(),
  asset_id: Type.Integer(),
  uri: Nullable(Type.String()),
  name: Nullable(Type.String()),
  group: Nullable(Type.String()),
  /** Not secret, and never masked. */
  extra: Nullable(JsonObject),
  /** Null of an event from outside. */
  source_task_id: Nullable(Type.String()),
  source_dag_id: Nullable(Type.String()),
  source_run_id: Nullable(Type.String()),
  source_map_index: Type.Integer(),
  created_dagruns: Type.Array(DagRunAssetReference),
  timestamp: DateTime,
  partition_key: Nullable(Type.String()),
  /** Ours: who pushed it. */
  user_name: Nullable(Type.String()),
});
export type AssetEvent = Static<typeof AssetEvent>;

export const AssetEventCollection = Type.Object({ asset_events: Type.Array(AssetEvent), total_entries: Type.Integer() });
export type AssetEventCollection = Static<typeof AssetEventCollection>;

export const AssetEventListQuery = Type.Object(
  {
    ...paging,
    order_by: orderBy('timestamp'),
    asset_id: Type.Optional(RowId),
    source_dag_id: Type.Optional(Type.String()),
    source_task_id: Type.Optional(Type.String()),
    source_run_id: Type.Optional(Type.String()),
    source_map_index: Type.Optional(MapIndex),
    name_pattern: Type.Optional(Pattern),
    timestamp_gte: Type.Optional(DateTime),
    timestamp_gt: Type.Optional(DateTime),
    timestamp_lte: Type.Optional(DateTime),
    timestamp_lt: Type.Optional(DateTime),
  },
  { additionalProperties: false },
);
export type AssetEventListQuery = Static<typeof AssetEventListQuery>;

export const CreateAssetEvent = Type.Object(
  {
    asset_id: RowId,
    /** At most 64 kB of JSON. */
    extra: Type.Optional(JsonObject),
    partition_key: Type.Optional(Nullable(Type.String())),
  },
  { additionalProperties: false },
);
export type CreateAssetEvent = Static<typeof CreateAssetEvent>;

export const MaterializeAsset = Type.Object(
  {
    dag_run_id: Type.Optional(Nullable(RunId)),
    logical_date: Type.Optional(Nullable(DateTime)),
    data_interval_start: Type.Optional(Nullable(DateTime)),
    data_interval_end: Type.Optional(Nullable(DateTime)),
    run_after: Type.Optional(Nullable(DateTime)),
    conf: Type.Optional(Nullable(JsonObject)),
    note: Type.Optional(RunNote),
    partition_key: Type.Optional(Nullable(Type.String())),
  },
  { additionalProperties: false },
);
export type MaterializeAsset = Static<typeof MaterializeAsset>;

export const QueuedEvent = Type.Object({
  dag_id: Type.String(),
  dag_display_name: Type.String(),
  asset_id: Type.Integer(),
  /** When the first of them came. */
  created_at: DateTime,
  /** Ours: how many events of the asset wait. */
  event_count: Type.Integer(),
});
export type QueuedEvent = Static<typeof QueuedEvent>;

export const QueuedEventCollection = Type.Object({ queued_events: Type.Array(QueuedEvent), total_entries: Type.Integer() });
export type QueuedEventCollection = Static<typeof QueuedEventCollection>;

export const QueuedEventQuery = Type.Object({ before: Type.Optional(DateTime) }, { additionalProperties: false });

// Ours -----------------------------------------------------------------------------------------------------------------

/** `fresh`: its data is there. `failed`: the newest run that should have made it has failed and did not. */
export const PartitionState = Type.Enum(['missing', 'fresh', 'running', 'failed']);

export const Partition = Type.Object({
  partition_key: Type.String(),
  state: PartitionState,
  /** Of a partition of time. */
  start: Nullable(DateTime),
  end: Nullable(DateTime),
  last_event: Nullable(
    Type.Object({
      id: Type.Integer(),
      timestamp: DateTime,
      extra: JsonObject,
      source_dag_id: Nullable(Type.String()),
      source_run_id: Nullable(Type.String()),
      source_task_id: Nullable(Type.String()),
    }),
  ),
  /** The newest run, of this partition, of a DAG with a task that makes the asset. */
  newest_run: Nullable(Type.Object({ dag_id: Type.String(), dag_run_id: Type.String(), state: DagRunState })),
});
export type Partition = Static<typeof Partition>;

export const PartitionCollection = Type.Object({
  asset_id: Type.Integer(),
  asset_name: Type.String(),
  partitions: Type.Array(Partition),
  total_entries: Type.Integer(),
});
export type PartitionCollection = Static<typeof PartitionCollection>;

export const MOST_PARTITIONS = 1_000;

export const PartitionListQuery = Type.Object(
  {
    limit: Type.Integer({ minimum: 1, maximum: MOST_PARTITIONS, default: 100 }),
    /** Partitions of time that begin at this time or later. Default: the newest `limit` ones. */
    from: Type.Optional(DateTime),
    /** … and before this time. Default: now. */
    until: Type.Optional(DateTime),
    /** Only these partitions, whatever their time. */
    partition_key: Type.Optional(Type.Array(Type.String(), { maxItems: MOST_PARTITIONS })),
  },
  { additionalProperties: false },
);
export type PartitionListQuery = Static<typeof PartitionListQuery>;

export const AddPartitions = Type.Object(
  {
    /** Which one, of an asset with several dimensions. */
    dimension: Type.Optional(Type.String()),
    keys: Type.Array(Type.String(), { minItems: 1, maxItems: MOST_PARTITIONS }),
  },
  { additionalProperties: false },
);
export type AddPartitions = Static<typeof AddPartitions>;

export const AddedPartitions = Type.Object({ dimension: Type.String(), keys: Type.Array(Type.String()), total_entries: Type.Integer() });
export type AddedPartitions = Static<typeof AddedPartitions>;

export const RemovePartitionQuery = Type.Object({ dimension: Type.Optional(Type.String()) }, { additionalProperties: false });
