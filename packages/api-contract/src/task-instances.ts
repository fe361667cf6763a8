import { type Static, Type } from 'typebox';
import { bulkBody } from './bulk.ts';
import { BatchIds, batchPaging } from './dag-runs.ts';
import { DagVersion } from './dag-versions.ts';
import { cursorAnswer, cursorPaging, orderBy, Pattern, paging } from './paging.ts';
import { nullableFields, secondsRange, timeRange } from './ranges.ts';
import { DateTime, JsonObject, MapIndex, Nullable, Ordinal, TaskInstanceState, TryNumber, Uuid } from './scalars.ts';

const tryFields = {
  task_id: Type.String(),
  dag_id: Type.String(),
  dag_run_id: Type.String(),
  map_index: Type.Integer(),
  start_date: Nullable(DateTime),
  end_date: Nullable(DateTime),
  /** Seconds. */
  duration: Nullable(Type.Number()),
  state: Nullable(TaskInstanceState),
  try_number: Type.Integer(),
  max_tries: Type.Integer(),
  task_display_name: Type.String(),
  dag_display_name: Type.String(),
  hostname: Nullable(Type.String()),
  unixname: Nullable(Type.String()),
  pool: Type.String(),
  pool_slots: Type.Integer(),
  queue: Nullable(Type.String()),
  priority_weight: Nullable(Type.Integer()),
  operator: Nullable(Type.String()),
  operator_name: Nullable(Type.String()),
  queued_when: Nullable(DateTime),
  scheduled_when: Nullable(DateTime),
  pid: Nullable(Type.Integer()),
  executor: Nullable(Type.String()),
  executor_config: Type.String(),
  dag_version: Nullable(DagVersion),
  /** Ours: why the attempt ended badly. */
  error: Nullable(
    Type.Object({ name: Type.String(), message: Type.String(), code: Nullable(Type.String()), stack: Nullable(Type.String()) }),
  ),
  /** Ours: why it is in its state, for people. */
  reason: Nullable(Type.String()),
};

/** One try of a task instance. */
export const TaskInstanceTry = Type.Object(tryFields);
export type TaskInstanceTry = Static<typeof TaskInstanceTry>;

export const TaskInstanceTryCollection = Type.Object({ task_instances: Type.Array(TaskInstanceTry), total_entries: Type.Integer() });
export type TaskInstanceTryCollection = Static<typeof TaskInstanceTryCollection>;

export const TaskInstance = Type.Object({
  ...tryFields,
  id: Uuid,
  logical_date: Nullable(DateTime),
  run_after: DateTime,
  note: Nullable(Type.String()),
  rendered_map_index: Nullable(Type.String()),
  rendered_fields: JsonObject,
  trigger: Type.Null(),
  triggerer_job: Type.Null(),
  /** Ours: when the next try begins, while it is `up_for_retry`. */
  due_at: Nullable(DateTime),
});
export type TaskInstance = Static<typeof TaskInstance>;

export const TaskInstanceCollection = Type.Object({ task_instances: Type.Array(TaskInstance), total_entries: Type.Integer() });

/** A page of a list of any length. */
export const TaskInstancePage = Type.Object({ ...TaskInstanceCollection.properties, ...cursorAnswer });
export type TaskInstanceCollection = Static<typeof TaskInstanceCollection>;

/** In a filter, `none` (or `no_status`) means what has not begun. */
const StateFilter = Type.Union([TaskInstanceState, Type.Enum(['none', 'no_status'])]);

const instanceFilters = {
  ...cursorPaging,
  order_by: orderBy('map_index'),
  state: Type.Optional(Type.Array(StateFilter)),
  pool: Type.Optional(Type.Array(Type.String())),
  pool_name_pattern: Type.Optional(Pattern),
  queue: Type.Optional(Type.Array(Type.String())),
  queue_name_pattern: Type.Optional(Pattern),
  executor: Type.Optional(Type.Array(Type.String(), { description: 'Nothing has one: what names one is in no list' })),
  version_number: Type.Optional(Type.Array(Ordinal)),
  try_number: Type.Optional(Type.Array(TryNumber)),
  operator: Type.Optional(Type.Array(Type.String(), { description: 'Kinds of tasks: task, extract, load, transform, export …' })),
  operator_name_pattern: Type.Optional(Pattern),
  map_index: Type.Optional(Type.Array(MapIndex)),
  ...timeRange('run_after'),
  ...timeRange('logical_date'),
  ...timeRange('start_date'),
  ...timeRange('end_date'),
  ...timeRange('updated_at'),
  ...secondsRange('duration'),
};

export const TaskInstanceListQuery = Type.Object(
  {
    ...paging,
    ...instanceFilters,
    task_id: Type.Optional(Type.String()),
    task_display_name_pattern: Type.Optional(Pattern),
    dag_id_pattern: Type.Optional(Pattern),
    run_id_pattern: Type.Optional(Pattern),
    /** The tasks of this group and of the groups in it. Of one DAG only. */
    task_group_id: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);
export type TaskInstanceListQuery = Static<typeof TaskInstanceListQuery>;

export const MappedInstanceListQuery = Type.Object({ ...paging, ...instanceFilters }, { additionalProperties: false });

export const TaskInstancesBatch = Type.Object(
  {
    ...batchPaging,
    dag_ids: BatchIds,
    dag_run_ids: BatchIds,
    task_ids: BatchIds,
    state: Type.Optional(Nullable(Type.Array(Nullable(StateFilter), { maxItems: 20 }))),
    pool: BatchIds,
    queue: BatchIds,
    executor: BatchIds,
    ...nullableFields({ ...timeRange('run_after'), ...timeRange('logical_date'), ...timeRange('start_date'), ...timeRange('end_date') }),
    ...nullableFields(secondsRange('duration')),
  },
  { additionalProperties: false },
);
export type TaskInstancesBatch = Static<typeof TaskInstancesBatch>;

/** -1: the task is not mapped. */
export const MapIndexQuery = Type.Object({ map_index: Type.Integer({ ...MapIndex, default: -1 }) }, { additionalProperties: false });

export const ClearTaskInstances = Type.Object(
  {
    dry_run: Type.Boolean({ default: true }),
    dag_run_id: Type.Optional(Nullable(Type.String())),
    /** Ids of tasks or groups, or `[id, map index]`. Absent: all of the run. */
    task_ids: Type.Optional(Nullable(Type.Array(Type.Union([Type.String(), Type.Tuple([Type.String(), MapIndex])])))),
    only_failed: Type.Boolean({ default: true }),
    only_running: Type.Boolean({ default: false }),
    include_upstream: Type.Boolean({ default: false }),
    include_downstream: Type.Boolean({ default: false }),
    include_future: Type.Boolean({ default: false }),
    include_past: Type.Boolean({ default: false }),
    /** Of a loop, also the iterations after those that are named. */
    include_later_loop_iterations: Type.Boolean({ default: false }),
    reset_dag_runs: Type.Boolean({ default: true }),
    run_on_latest_version: Type.Boolean({ default: false }),
    /** Refuse when one of them is running, instead of stopping it. */
    prevent_running_task: Type.Boolean({ default: false }),
    start_date: Type.Optional(Nullable(DateTime)),
    end_date: Type.Optional(Nullable(DateTime)),
  },
  { additionalProperties: false },
);
export type ClearTaskInstances = Partial<Static<typeof ClearTaskInstances>>;

export const TaskInstancePatchQuery = Type.Object(
  {
    /** Absent: every instance of the task. */
    map_index: Type.Optional(MapIndex),
    update_mask: Type.Optional(Type.Array(Type.Enum(['new_state', 'note']))),
  },
  { additionalProperties: false },
);

/** Says what a task instance came to. */
export const MarkTaskInstance = Type.Object(
  {
    new_state: Type.Optional(Nullable(TaskInstanceState)),
    note: Type.Optional(Nullable(Type.String({ maxLength: 1000 }))),
    include_upstream: Type.Boolean({ default: false }),
    include_downstream: Type.Boolean({ default: false }),
    include_future: Type.Boolean({ default: false }),
    include_past: Type.Boolean({ default: false }),
  },
  { additionalProperties: false },
);
export type MarkTaskInstance = Partial<Static<typeof MarkTaskInstance>>;

export const TaskDependencyCollection = Type.Object({
  /** What keeps it from running, the first blocker first; empty: nothing does. */
  dependencies: Type.Array(Type.Object({ name: Type.String(), reason: Type.String() })),
});

/** Always empty: a task says what it has to say in its result and its log. */
export const ExtraLinkCollection = Type.Object({
  extra_links: Type.Record(Type.String(), Nullable(Type.String())),
  total_entries: Type.Integer(),
});

export const BulkTaskInstance = Type.Object(
  {
    task_id: Type.String(),
    dag_id: Type.Optional(Nullable(Type.String({ description: 'Where the address says ~' }))),
    dag_run_id: Type.Optional(Nullable(Type.String({ description: 'Where the address says ~' }))),
    map_index: Type.Optional(Nullable(MapIndex)),
    new_state: Type.Optional(Nullable(TaskInstanceState)),
    note: Type.Optional(Nullable(Type.String({ maxLength: 1000 }))),
    include_upstream: Type.Boolean({ default: false }),
    include_downstream: Type.Boolean({ default: false }),
    include_future: Type.Boolean({ default: false }),
    include_past: Type.Boolean({ default: false }),
  },
  { additionalProperties: false },
);
export type BulkTaskInstance = Static<typeof BulkTaskInstance>;

export const BulkTaskInstances = bulkBody(BulkTaskInstance, ['new_state', 'note']);
