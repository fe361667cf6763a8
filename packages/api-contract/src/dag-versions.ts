import { type Static, Type } from 'typebox';
import { DateTime, Nullable, Uuid } from './scalars.ts';

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
