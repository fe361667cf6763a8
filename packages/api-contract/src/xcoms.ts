/** Results of tasks, as Airflow's XCom entries. There is one key: `return_value`. */
import { type Static, Type } from 'typebox';
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
