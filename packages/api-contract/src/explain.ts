/** Why a task instance is not running. Ours: Airflow's `dependencies` tells only what failed, and not in order. */
import { type Static, Type } from 'typebox';
import { Nullable, TaskInstanceState } from './scalars.ts';

export const TaskExplanation = Type.Object({
  dag_id: Type.String(),
  dag_run_id: Type.String(),
  task_id: Type.String(),
  map_index: Type.Integer(),
  state: Nullable(TaskInstanceState),
  /** The first blocker first; what is met already comes last. */
  conditions: Type.Array(Type.Object({ rule: Type.String(), passed: Type.Boolean(), reason: Type.String() })),
});
export type TaskExplanation = Static<typeof TaskExplanation>;
