import { type Static, Type } from 'typebox';
import { DateTime, Nullable } from './scalars.ts';

const Count = Nullable(Type.Integer());

/** How far a running task instance is. */
export const TaskProgress = Type.Object({
  task_id: Type.String(),
  map_index: Type.Integer(),
  phase: Type.String({ description: 'What it does now: reading, checking, writing …' }),
  rows: Count,
  bytes: Count,
  total_rows: Count,
  total_bytes: Count,
  rows_per_second: Nullable(Type.Number()),
  bytes_per_second: Nullable(Type.Number()),
  fraction: Nullable(Type.Number({ description: 'From 0 to 1' })),
  remaining_seconds: Nullable(Type.Number({ description: 'At the speed so far' })),
  began_at: DateTime,
  told_at: DateTime,
  age_seconds: Type.Number({ description: 'How old the figures are: they stay when the work stalls' }),
});
export type TaskProgress = Static<typeof TaskProgress>;

export const TaskProgressCollection = Type.Object({ progress: Type.Array(TaskProgress) });
export type TaskProgressCollection = Static<typeof TaskProgressCollection>;
