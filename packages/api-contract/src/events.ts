/** Ours: changes of state, as server-sent events. */
import { Type } from 'typebox';

export const EventsQuery = Type.Object(
  {
    dag_id: Type.Optional(Type.Array(Type.String(), { maxItems: 100, description: 'Only of these DAGs; may be repeated' })),
    dag_run_id: Type.Optional(Type.String({ description: 'Only of the runs of this id' })),
    kind: Type.Optional(
      Type.Array(Type.Enum(['dag_run', 'task_instance']), { maxItems: 2, description: 'Only changes of these; may be repeated' }),
    ),
  },
  { additionalProperties: false },
);

export const EventsHeaders = Type.Object({
  'last-event-id': Type.Optional(
    Type.String({ maxLength: 100, description: 'The id of the last event that was seen: what came after it follows' }),
  ),
});
