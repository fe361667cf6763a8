/** Who did what: Airflow's event log, and ours, which can be verified. */
import { type Static, Type } from 'typebox';
import { cursorAnswer, cursorPaging, orderBy, Pattern, paging } from './paging.ts';
import { DateTime, JsonObject, MapIndex, Nullable } from './scalars.ts';

export const EventLog = Type.Object({
  event_log_id: Type.Integer(),
  when: DateTime,
  dag_id: Nullable(Type.String()),
  task_id: Nullable(Type.String()),
  run_id: Nullable(Type.String()),
  map_index: Nullable(Type.Integer()),
  try_number: Nullable(Type.Integer()),
  event: Type.String({ description: 'The operation, as the OpenAPI document names it' }),
  logical_date: Nullable(DateTime),
  owner: Nullable(Type.String({ description: 'Who did it' })),
  extra: Nullable(Type.String({ description: 'The whole entry, as JSON' })),
  dag_display_name: Nullable(Type.String()),
  task_display_name: Nullable(Type.String()),
});
export type EventLog = Static<typeof EventLog>;
export const EventLogCollection = Type.Object({ event_logs: Type.Array(EventLog), total_entries: Type.Integer() });
export type EventLogCollection = Static<typeof EventLogCollection>;
const Words = Type.Array(Type.String({ maxLength: 300 }), { maxItems: 100 });
export const EventLogListQuery = Type.Object(
  {
    ...paging,
    order_by: orderBy('id'),
    dag_id: Type.Optional(Type.String()),
    task_id: Type.Optional(Type.String()),
    run_id: Type.Optional(Type.String()),
    map_index: Type.Optional(MapIndex),
    try_number: Type.Optional(Type.Integer({ description: 'As Airflow has it; commands are about all tries: none is of one' })),
    owner: Type.Optional(Type.String()),
    event: Type.Optional(Type.String()),
    excluded_events: Type.Optional(
      Type.Array(Type.String({ maxLength: 300 }), { maxItems: 100, description: 'Without these; may be repeated' }),
    ),
    included_events: Type.Optional(
      Type.Array(Type.String({ maxLength: 300 }), { maxItems: 100, description: 'Only these; may be repeated' }),
    ),
    before: Type.Optional(DateTime),
    after: Type.Optional(DateTime),
    dag_id_pattern: Type.Optional(Pattern),
    task_id_pattern: Type.Optional(Pattern),
    run_id_pattern: Type.Optional(Pattern),
    owner_pattern: Type.Optional(Pattern),
    event_pattern: Type.Optional(Pattern),
  },
  { additionalProperties: false },
);
export type EventLogListQuery = Static<typeof EventLogListQuery>;

const Outcome = Type.Enum(['allowed', 'refused', 'failed']);

export const AuditEvent = Type.Object({
  id: Type.Integer(),
  at: DateTime,
  actor_kind: Type.Enum(['user', 'key', 'service', 'command', 'housekeeping', 'nobody']),
  actor: Nullable(Type.String()),
  key_id: Nullable(Type.String({ description: 'Of the API key' })),
  address: Nullable(Type.String()),
  action: Type.String({ description: 'The operation, as the OpenAPI document names it' }),
  object: Nullable(Type.String()),
  object_id: Nullable(Type.String()),
  dag_id: Nullable(Type.String()),
  run_id: Nullable(Type.String()),
  task_id: Nullable(Type.String()),
  map_index: Nullable(Type.Integer()),
  request_id: Nullable(Type.String()),
  outcome: Outcome,
  status: Nullable(Type.Integer()),
  problem: Nullable(Type.String()),
  parameters: JsonObject,
  hash: Type.String({ description: 'SHA-256 of the hash before, the id and the entry' }),
});
export type AuditEvent = Static<typeof AuditEvent>;
export const AuditCollection = Type.Object({ audit: Type.Array(AuditEvent), total_entries: Type.Integer(), ...cursorAnswer });
export type AuditCollection = Static<typeof AuditCollection>;
export const AuditListQuery = Type.Object(
  {
    ...paging,
    ...cursorPaging,
    order_by: orderBy('-id'),
    actor: Type.Optional(Type.String()),
    action: Type.Optional(Words),
    outcome: Type.Optional(Type.Array(Outcome)),
    object: Type.Optional(Type.String()),
    object_id: Type.Optional(Type.String()),
    dag_id: Type.Optional(Type.String()),
    run_id: Type.Optional(Type.String()),
    task_id: Type.Optional(Type.String()),
    from: Type.Optional(DateTime),
    until: Type.Optional(DateTime),
  },
  { additionalProperties: false },
);
export type AuditListQuery = Static<typeof AuditListQuery>;

export const AuditVerifyQuery = Type.Object(
  {
    known: Type.Optional(
      Type.String({
        pattern: '^[0-9]{1,18}:[0-9a-f]{64}$',
        description: 'An entry that you noted elsewhere, as `id:hash`: it must still be there',
      }),
    ),
  },
  { additionalProperties: false },
);
export const AuditVerification = Type.Object({
  ok: Type.Boolean(),
  entries: Type.Integer({ description: 'How many were looked at' }),
  head: Nullable(Type.String({ description: 'The last entry, as `id:hash`: note it elsewhere' })),
  wrong: Nullable(Type.String()),
});
export type AuditVerification = Static<typeof AuditVerification>;
