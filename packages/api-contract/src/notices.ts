/** The outbox of notices. Ours. */
import { type Static, Type } from 'typebox';
import { orderBy, paging } from './paging.ts';
import { DateTime, JsonObject, Nullable } from './scalars.ts';

export const NoticeState = Type.Enum(['pending', 'delivered', 'dead']);

export const Notice = Type.Object({
  id: Type.Integer(),
  /** What it is about and for whom: the same thing is told to the same target once. */
  key: Type.String(),
  /** What targets recognise a repeated delivery by. */
  idempotency_key: Type.String(),
  event: Type.String(),
  dag_id: Nullable(Type.String()),
  dag_run_id: Nullable(Type.String()),
  /** `{ kind: 'webhook' | 'email' | 'code', … }` */
  target: JsonObject,
  payload: JsonObject,
  state: NoticeState,
  /** Deliveries begun. */
  attempts: Type.Integer(),
  next_at: Nullable(DateTime),
  last_error: Nullable(Type.String()),
  created_at: DateTime,
  delivered_at: Nullable(DateTime),
});
export type Notice = Static<typeof Notice>;

export const NoticeCollection = Type.Object({ notices: Type.Array(Notice), total_entries: Type.Integer() });
export type NoticeCollection = Static<typeof NoticeCollection>;

export const NoticeListQuery = Type.Object(
  {
    ...paging,
    order_by: orderBy('-id'),
    state: Type.Optional(Type.Array(NoticeState)),
    dag_id: Type.Optional(Type.String()),
    dag_run_id: Type.Optional(Type.String()),
    event: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);
