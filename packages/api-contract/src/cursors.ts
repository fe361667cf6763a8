import { type Static, Type } from 'typebox';
import { DateTime, Nullable } from './scalars.ts';

/** Where cursors are kept: in a table of a connection. */
export const CursorPlaceQuery = Type.Object(
  {
    connection_id: Type.String({ minLength: 1, description: 'Of the configuration, or kept in Headrace' }),
    table: Type.Optional(Type.String({ minLength: 1, description: 'As the DAG file names it. Default: all tables' })),
  },
  { additionalProperties: false },
);

export const CursorResponse = Type.Object({
  name: Type.String(),
  connection_id: Type.String(),
  table: Type.String(),
  value: Nullable(Type.String({ description: "The largest value that was loaded, in the column type's own form" })),
  remembered_from: Nullable(Type.String({ description: 'Loaded rows are recognised from this value on' })),
  remembered_rows: Type.Integer(),
  /** What the source itself remembers. */
  position: Type.Unknown(),
  updated_at: DateTime,
  load_id: Nullable(Type.String({ description: 'The load that moved it. Null: a person set it' })),
});
export type CursorResponse = Static<typeof CursorResponse>;

export const CursorCollection = Type.Object({ cursors: Type.Array(CursorResponse), total_entries: Type.Integer() });
export type CursorCollection = Static<typeof CursorCollection>;

export const CursorPatch = Type.Object(
  { value: Type.String({ minLength: 1, description: "In the column type's own form: the next run reads from it on" }) },
  { additionalProperties: false },
);
export type CursorPatch = Static<typeof CursorPatch>;
