/** What tasks wait for: Airflow's human-in-the-loop details for forms, and a list of ours of all waits. */
import { type Static, Type } from 'typebox';
import { orderBy, Pattern, paging } from './paging.ts';
import { DateTime, JsonObject, Nullable, TaskInstanceState } from './scalars.ts';
import { TaskInstance } from './task-instances.ts';

const User = Type.Object({ id: Type.String(), name: Type.String() });

const detailFields = {
  /** Of a choice what may be chosen; of `approve or reject` these two; of any other form one: `OK`. */
  options: Type.Array(Type.String(), { minItems: 1 }),
  subject: Type.String(),
  body: Nullable(Type.String()),
  defaults: Nullable(Type.Array(Type.String())),
  multiple: Type.Boolean(),
  /** The fields of the form, each with its `schema` and, as `value`, its default. */
  params: JsonObject,
  params_input: JsonObject,
  assigned_users: Type.Array(User),
  created_at: DateTime,
  responded_by_user: Nullable(User),
  responded_at: Nullable(DateTime),
  chosen_options: Nullable(Type.Array(Type.String())),
  response_received: Type.Boolean(),
  /** Ours: JSON Schema of the answer. */
  schema: JsonObject,
  /** Ours: by which the task knows the wait. */
  key: Type.String(),
  /** Ours: when it is given up. */
  timeout_at: Nullable(DateTime),
};

export const HitlDetail = Type.Object({ ...detailFields, task_instance: TaskInstance });
export type HitlDetail = Static<typeof HitlDetail>;

export const HitlDetailCollection = Type.Object({ hitl_details: Type.Array(HitlDetail), total_entries: Type.Integer() });
export type HitlDetailCollection = Static<typeof HitlDetailCollection>;

export const HitlListQuery = Type.Object(
  {
    ...paging,
    order_by: orderBy('created_at'),
    dag_id_pattern: Type.Optional(Pattern),
    task_id: Type.Optional(Type.String()),
    task_id_pattern: Type.Optional(Pattern),
    state: Type.Optional(
      Type.Array(Type.Union([TaskInstanceState, Type.Enum(['none', 'no_status'])], { description: 'Of the task instance, now' })),
    ),
    map_index: Type.Optional(Type.Integer({ minimum: -1 })),
    /** True: answered; false: waited for. */
    response_received: Type.Optional(Type.Boolean()),
    responded_by_user_id: Type.Optional(Type.Array(Type.String())),
    responded_by_user_name: Type.Optional(Type.Array(Type.String())),
    subject_search: Type.Optional(Pattern),
    body_search: Type.Optional(Pattern),
    created_at_gte: Type.Optional(DateTime),
    created_at_gt: Type.Optional(DateTime),
    created_at_lte: Type.Optional(DateTime),
    created_at_lt: Type.Optional(DateTime),
  },
  { additionalProperties: false },
);

export const UpdateHitlDetail = Type.Object(
  { chosen_options: Type.Array(Type.String(), { minItems: 1 }), params_input: Type.Optional(JsonObject) },
  { additionalProperties: false },
);
export type UpdateHitlDetail = Static<typeof UpdateHitlDetail>;

export const HitlDetailResponse = Type.Object({
  responded_by: User,
  responded_at: DateTime,
  chosen_options: Type.Array(Type.String()),
  params_input: JsonObject,
});
export type HitlDetailResponse = Static<typeof HitlDetailResponse>;

const WaitKind = Type.Enum(['time', 'asset', 'run', 'webhook', 'input', 'poll']);

export const Wait = Type.Object({
  id: Type.String(),
  dag_id: Type.String(),
  dag_run_id: Type.String(),
  task_id: Type.String(),
  map_index: Type.Integer(),
  /** Of which try. */
  try_number: Type.Integer(),
  key: Type.String(),
  kind: WaitKind,
  /** For people. */
  waits_for: Type.String(),
  condition: JsonObject,
  on_timeout: Type.Enum(['fail', 'skip', 'continue']),
  entered_at: DateTime,
  timeout_at: Nullable(DateTime),
  ended_at: Nullable(DateTime),
  /** `closed`: the task went on without it, cleared or cancelled. */
  outcome: Nullable(Type.Enum(['met', 'timeout', 'failed', 'closed'])),
  ended_by: Nullable(Type.String()),
});
export type Wait = Static<typeof Wait>;

export const WaitCollection = Type.Object({ waits: Type.Array(Wait), total_entries: Type.Integer() });
export type WaitCollection = Static<typeof WaitCollection>;

export const WaitListQuery = Type.Object(
  {
    ...paging,
    order_by: orderBy('id'),
    dag_id: Type.Optional(Type.String()),
    dag_run_id: Type.Optional(Type.String()),
    task_id: Type.Optional(Type.String()),
    kind: Type.Optional(Type.Array(WaitKind)),
    /** False: also what has ended. */
    open: Type.Boolean({ default: true }),
  },
  { additionalProperties: false },
);

/** Of a webhook's call. */
export const WaitEnded = Type.Object({ outcome: Type.Enum(['met']) });
export type WaitEnded = Static<typeof WaitEnded>;
