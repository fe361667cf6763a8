/** What is made of what: places of data, and the tasks between them. */
import { type Static, Type } from 'typebox';
import { DateTime, Nullable } from './scalars.ts';

export const LineageQuery = Type.Object(
  {
    asset: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 1_000,
        description: 'A place, as `connector:connection/name`, a part of that, or the name of an asset',
      }),
    ),
    dag: Type.Optional(Type.String({ minLength: 1, description: 'All that the tasks of a DAG read and write' })),
    direction: Type.Enum(['upstream', 'downstream', 'both'], { default: 'both' }),
    depth: Type.Integer({
      minimum: 0,
      maximum: 50,
      default: 5,
      description: 'Tasks between a place that is asked for and one that is shown',
    }),
    columns: Type.Boolean({ default: true }),
    column: Type.Optional(Type.String({ minLength: 1, description: 'Only what a column of the asset is made of, or goes into' })),
  },
  { additionalProperties: false },
);
export type LineageQuery = Static<typeof LineageQuery>;

export const LineageAsset = Type.Object({
  /** `connector:connection/name`; of an asset that a DAG declares, `asset:` and its name. */
  id: Type.String(),
  /** Of what it was last made. Empty where no task has written it. */
  columns: Type.Array(Type.Object({ name: Type.String(), type: Type.String() })),
});
export type LineageAsset = Static<typeof LineageAsset>;

export const LineageTask = Type.Object({
  /** `<dag>.<task>` */
  id: Type.String(),
  dag_id: Type.String(),
  task_id: Type.String(),
  reads: Type.Array(Type.String()),
  writes: Type.Array(Type.String()),
  /** Which run told it last, and when, to an hour. Null: its DAG says that it will. */
  dag_run_id: Nullable(Type.String()),
  seen_at: Nullable(DateTime),
});
export type LineageTask = Static<typeof LineageTask>;

export const LineageColumnEdge = Type.Object({
  from_asset: Type.String(),
  from_column: Type.String(),
  to_asset: Type.String(),
  to_column: Type.String(),
  /** Between them. */
  task: Type.String(),
});
export type LineageColumnEdge = Static<typeof LineageColumnEdge>;

export const LineageGraph = Type.Object({
  /** What was asked for. */
  roots: Type.Array(Type.String()),
  assets: Type.Array(LineageAsset),
  tasks: Type.Array(LineageTask),
  column_edges: Type.Array(LineageColumnEdge),
  /** There is more than one answer holds: ask with a smaller depth, or for one direction. */
  cut: Type.Boolean(),
});
export type LineageGraph = Static<typeof LineageGraph>;
