import { type Static, Type } from 'typebox';
import { orderBy, Pattern, paging } from './paging.ts';
import { DateTime, Nullable } from './scalars.ts';

export const ImportErrorEntry = Type.Object({
  import_error_id: Type.Integer(),
  timestamp: DateTime,
  /** Relative to the DAG folder. */
  filename: Type.String(),
  bundle_name: Nullable(Type.String()),
  /** `file:line:column`, the message, and the stack where there is one. */
  stack_trace: Type.String(),
  /** Ours, for programs: the parts of it. */
  code: Type.String(),
  message: Type.String(),
  line: Nullable(Type.Integer()),
  column: Nullable(Type.Integer()),
});
export type ImportErrorEntry = Static<typeof ImportErrorEntry>;

export const ImportErrorCollection = Type.Object({ import_errors: Type.Array(ImportErrorEntry), total_entries: Type.Integer() });
export type ImportErrorCollection = Static<typeof ImportErrorCollection>;

export const ImportErrorListQuery = Type.Object(
  { ...paging, order_by: orderBy('id'), filename_pattern: Type.Optional(Pattern) },
  { additionalProperties: false },
);
