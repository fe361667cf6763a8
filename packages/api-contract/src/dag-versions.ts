import { type Static, Type } from 'typebox';
import { orderBy, paging } from './paging.ts';
import { DateTime, Nullable, Ordinal, Uuid } from './scalars.ts';

export const DagVersion = Type.Object({
  id: Uuid,
  version_number: Type.Integer(),
  dag_id: Type.String(),
  dag_display_name: Type.String(),
  bundle_name: Nullable(Type.String()),
  /** The content hash of the code. */
  bundle_version: Nullable(Type.String()),
  bundle_url: Nullable(Type.String()),
  created_at: DateTime,
});
export type DagVersion = Static<typeof DagVersion>;

export const DagVersionCollection = Type.Object({ dag_versions: Type.Array(DagVersion), total_entries: Type.Integer() });
export type DagVersionCollection = Static<typeof DagVersionCollection>;

export const DagVersionListQuery = Type.Object(
  {
    ...paging,
    order_by: orderBy('id'),
    version_number: Type.Optional(Ordinal),
    bundle_name: Type.Optional(Type.String()),
    bundle_version: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);

export const DagSourceQuery = Type.Object(
  {
    /** Absent: the newest. */
    version_number: Type.Optional(Ordinal),
  },
  { additionalProperties: false },
);

/** The file that defines the DAG, as it was when the version was made: what does not change the code, like a comment, makes no version. */
export const DagSource = Type.Object({
  content: Nullable(Type.String()),
  dag_id: Type.String(),
  version_number: Nullable(Type.Integer()),
  dag_display_name: Type.String(),
});
export type DagSource = Static<typeof DagSource>;

const FieldChange = Type.Object({
  /** Within the task or the DAG: `retries.max`. */
  path: Type.String(),
  /** Absent: the field was not there. */
  before: Type.Optional(Type.Unknown()),
  after: Type.Optional(Type.Unknown()),
});

const Edge = Type.Object({ from: Type.String(), to: Type.String() });

/** Ours: what differs between two versions of a DAG. */
export const DagVersionDiff = Type.Object({
  dag_id: Type.String(),
  before: Type.Integer(),
  after: Type.Integer(),
  tasks: Type.Object({
    added: Type.Array(Type.String()),
    removed: Type.Array(Type.String()),
    changed: Type.Array(Type.Object({ task_id: Type.String(), fields: Type.Array(FieldChange) })),
  }),
  edges: Type.Object({ added: Type.Array(Edge), removed: Type.Array(Edge) }),
  schedule: Type.Array(FieldChange),
  dag: Type.Array(FieldChange),
  /** Unified diffs of the files that differ, by name. */
  code: Type.Array(
    Type.Object({
      file: Type.String(),
      change: Type.Enum(['added', 'removed', 'changed']),
      diff: Type.String(),
      /** It is longer, and was cut here. */
      truncated: Type.Boolean(),
    }),
  ),
});
export type DagVersionDiff = Static<typeof DagVersionDiff>;

export const DagSpecQuery = Type.Object(
  {
    /** Absent: the newest. */
    version_number: Type.Optional(Ordinal),
  },
  { additionalProperties: false },
);

/** Ours: a version as the scheduler has it. */
export const DagSpecDocument = Type.Object({
  dag_id: Type.String(),
  version_number: Type.Integer(),
  /** The content hash of the code. */
  bundle_hash: Type.String(),
  /** In the canonical form of a DAG: its `formatVersion` says which. */
  spec: Type.Record(Type.String(), Type.Unknown()),
});
export type DagSpecDocument = Static<typeof DagSpecDocument>;
