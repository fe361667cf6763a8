/** Results of tasks, as Airflow's XCom entries. There is one key: `return_value`. */
import { type Static, Type } from 'typebox';
import { Pattern, paging } from './paging.ts';
import { timeRange } from './ranges.ts';
import { DateTime, MapIndex, Nullable } from './scalars.ts';

export const RESULT_KEY = 'return_value';

export const XComEntry = Type.Object({
  key: Type.String(),
  timestamp: DateTime,
  logical_date: Nullable(DateTime),
  map_index: Type.Integer(),
  task_id: Type.String(),
  dag_id: Type.String(),
  run_id: Type.String(),
  dag_display_name: Type.String(),
  task_display_name: Type.String(),
  run_after: DateTime,
  value: Type.Unknown(),
});
export type XComEntry = Static<typeof XComEntry>;

export const XComQuery = Type.Object(
  {
    map_index: Type.Integer({ ...MapIndex, default: -1 }),
    deserialize: Type.Boolean({ default: false }),
    /** The value as JSON text instead of JSON. */
    stringify: Type.Boolean({ default: false }),
  },
  { additionalProperties: false },
);

const { value: _, ...withoutValue } = XComEntry.properties;

export const XComCollection = Type.Object({ xcom_entries: Type.Array(Type.Object(withoutValue)), total_entries: Type.Integer() });

export const XComListQuery = Type.Object(
  {
    ...paging,
    xcom_key: Type.Optional(Type.String()),
    map_index: Type.Optional(MapIndex),
    map_index_filter: Type.Optional(MapIndex),
    xcom_key_pattern: Type.Optional(Pattern),
    dag_display_name_pattern: Type.Optional(Pattern),
    run_id_pattern: Type.Optional(Pattern),
    task_id_pattern: Type.Optional(Pattern),
    ...timeRange('logical_date'),
    ...timeRange('run_after'),
  },
  { additionalProperties: false },
);
export type XComListQuery = Static<typeof XComListQuery>;

const given = { value: Type.Unknown({ description: 'Any JSON' }), map_index: Type.Integer({ ...MapIndex, default: -1 }) };
/** Of a task that has succeeded without one: marked by hand, for example. */
export const XComCreate = Type.Object({ key: Type.String(), ...given }, { additionalProperties: false });
export const XComUpdate = Type.Object(given, { additionalProperties: false });
