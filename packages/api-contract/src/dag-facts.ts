/** What is known of DAGs beside themselves. */
import { Type } from 'typebox';
import { orderBy, Pattern, paging } from './paging.ts';
import { DagRunState, DateTime } from './scalars.ts';

export const DagStatsQuery = Type.Object(
  { dag_ids: Type.Optional(Type.Array(Type.String(), { maxItems: 1000 })) },
  { additionalProperties: false },
);

export const DagStatsCollection = Type.Object({
  dags: Type.Array(
    Type.Object({
      dag_id: Type.String(),
      dag_display_name: Type.String(),
      /** All four states, also those with no run. */
      stats: Type.Array(Type.Object({ state: DagRunState, count: Type.Integer() })),
    }),
  ),
  total_entries: Type.Integer(),
});

export const DagTagListQuery = Type.Object(
  { ...paging, order_by: orderBy('name'), tag_name_pattern: Type.Optional(Pattern) },
  { additionalProperties: false },
);
export const DagTagCollection = Type.Object({ tags: Type.Array(Type.String()), total_entries: Type.Integer() });

const WarningType = Type.Enum(['asset conflict', 'non-existent pool', 'runtime varying value']);

export const DagWarningListQuery = Type.Object(
  { ...paging, order_by: orderBy('dag_id'), dag_id: Type.Optional(Type.String()), warning_type: Type.Optional(WarningType) },
  { additionalProperties: false },
);
export const DagWarningCollection = Type.Object({
  dag_warnings: Type.Array(
    Type.Object({
      dag_id: Type.String(),
      dag_display_name: Type.String(),
      warning_type: WarningType,
      message: Type.String(),
      timestamp: DateTime,
    }),
  ),
  total_entries: Type.Integer(),
});
