import { type Static, Type } from 'typebox';
import { JsonObject, Nullable } from './scalars.ts';

export const TimeDelta = Type.Object({
  __type: Type.Literal('TimeDelta'),
  days: Type.Integer(),
  seconds: Type.Integer(),
  microseconds: Type.Integer(),
});
export type TimeDelta = Static<typeof TimeDelta>;

export const Task = Type.Object({
  task_id: Type.String(),
  task_display_name: Type.String(),
  owner: Nullable(Type.String()),
  start_date: Type.Null(),
  end_date: Type.Null(),
  trigger_rule: Type.String(),
  depends_on_past: Type.Boolean(),
  wait_for_downstream: Type.Boolean(),
  retries: Type.Number(),
  queue: Nullable(Type.String()),
  pool: Nullable(Type.String()),
  pool_slots: Type.Number(),
  execution_timeout: Nullable(TimeDelta),
  retry_delay: Nullable(TimeDelta),
  /** 0: a fixed delay; otherwise the factor from one delay to the next. */
  retry_exponential_backoff: Type.Number(),
  priority_weight: Type.Number(),
  weight_rule: Type.String(),
  ui_color: Nullable(Type.String()),
  ui_fgcolor: Nullable(Type.String()),
  template_fields: Type.Array(Type.String()),
  downstream_task_ids: Type.Array(Type.String()),
  doc_md: Nullable(Type.String()),
  /** The kind of task: task, extract, load, transform, export. */
  operator_name: Nullable(Type.String()),
  params: JsonObject,
  class_ref: JsonObject,
  is_mapped: Type.Boolean(),
  extra_links: Type.Array(Type.String()),
  /** Ours: the ids of the connections the task declared. */
  connections: Type.Array(Type.String()),
  /** Ours: the names of the variables that it is given. */
  variables: Type.Array(Type.String()),
});
export type Task = Static<typeof Task>;

export const TaskCollection = Type.Object({ tasks: Type.Array(Task), total_entries: Type.Integer() });
export type TaskCollection = Static<typeof TaskCollection>;

const TASK_ORDERS = ['task_id', 'task_display_name', 'owner', 'trigger_rule', 'pool', 'queue', 'retries', 'priority_weight'] as const;
export const TaskListQuery = Type.Object(
  { order_by: Type.Enum([...TASK_ORDERS, ...TASK_ORDERS.map((name) => `-${name}` as const)], { default: 'task_id' }) },
  { additionalProperties: false },
);
export type TaskListQuery = Static<typeof TaskListQuery>;
