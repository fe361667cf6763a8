/** Why a task instance or a run is not running, and why a run came to be. Ours: Airflow's `dependencies` tells only what failed, and not in order. */
import { type Static, Type } from 'typebox';
import { DagRunState, MapIndex, Nullable, TaskInstanceState } from './scalars.ts';

/** The first blocker first; what is met already comes last. */
const Conditions = Type.Array(Type.Object({ rule: Type.String(), passed: Type.Boolean(), reason: Type.String() }));

export const TaskExplanation = Type.Object({
  dag_id: Type.String(),
  dag_run_id: Type.String(),
  task_id: Type.String(),
  map_index: Type.Integer(),
  state: Nullable(TaskInstanceState),
  conditions: Conditions,
});
export type TaskExplanation = Static<typeof TaskExplanation>;

export const ExplainQuery = Type.Object(
  { map_index: Type.Integer({ ...MapIndex, default: -1, description: 'Of a mapped task. -1: its first instance' }) },
  { additionalProperties: false },
);

export const RunExplanation = Type.Object({
  dag_id: Type.String(),
  dag_run_id: Type.String(),
  state: DagRunState,
  /** Why it came to be, what decided first. */
  causes: Type.Array(Type.Object({ cause: Type.String(), reason: Type.String() })),
  conditions: Conditions,
});
export type RunExplanation = Static<typeof RunExplanation>;
