import { type Static, Type } from 'typebox';
import { DEFAULT_PAGE, LARGEST_PAGE } from './paging.ts';
import { DateTime, JsonObject, MapIndex, Nullable } from './scalars.ts';

const Count = Type.Integer();
const Partition = Type.Record(Type.String(), Type.String());

const ofTry = {
  dag_id: Type.String(),
  dag_run_id: Type.String(),
  task_id: Type.String(),
  map_index: Type.Integer(),
  try_number: Type.Integer(),
  connection_id: Type.String(),
  table: Type.String({ description: 'Or the path of a file, the content of a package, a request' }),
  partition: Partition,
  load_id: Nullable(Type.String()),
};

export const DataLoad = Type.Object({
  id: Type.Integer({ description: 'Newer ones are greater' }),
  ...ofTry,
  kind: Type.Enum(['package', 'lake', 'table', 'file', 'delivery']),
  disposition: Nullable(Type.String()),
  data_interval_start: Nullable(DateTime),
  data_interval_end: Nullable(DateTime),
  /** Always `rows_out + rows_deduplicated + rows_quarantined`. */
  rows_in: Count,
  rows_out: Count,
  rows_deduplicated: Count,
  rows_quarantined: Count,
  rows_inserted: Nullable(Count),
  rows_updated: Nullable(Count),
  rows_deleted: Nullable(Count),
  rows_unchanged: Nullable(Count),
  bytes: Nullable(Count),
  version: Nullable(Type.Integer({ description: "Of a lake table's snapshot" })),
  unchanged: Type.Boolean({ description: 'The target held exactly these rows before' }),
  schema_hash: Type.String(),
  columns: Type.Array(Type.Object({ name: Type.String(), type: Type.String() })),
  drift: Type.Array(JsonObject),
  cursor: Nullable(JsonObject),
  quarantine: Nullable(Type.String({ description: 'Where rows that were kept aside are' })),
  checks: Type.Integer(),
  checks_failed: Type.Integer(),
  committed_at: DateTime,
});
export type DataLoad = Static<typeof DataLoad>;

export const DataLoadPage = Type.Object({
  loads: Type.Array(DataLoad),
  next_cursor: Nullable(Type.String({ description: 'Give it as `cursor` for the next page; null: this is the last' })),
});
export type DataLoadPage = Static<typeof DataLoadPage>;

export const DataCheck = Type.Object({
  id: Type.Integer({ description: 'Newer ones are greater' }),
  ...ofTry,
  name: Type.String({ description: 'not_null, unique …' }),
  columns: Type.Array(Type.String()),
  severity: Type.String(),
  stage: Nullable(Type.String({ description: 'When it was made: flight, staging or publish' })),
  ok: Type.Boolean(),
  count: Type.Integer({ description: 'Rows that break it; for those that count rows, the number of rows' }),
  samples: Type.Array(Type.String()),
  detail: Nullable(JsonObject),
  checked_at: DateTime,
});
export type DataCheck = Static<typeof DataCheck>;

export const DataCheckPage = Type.Object({
  checks: Type.Array(DataCheck),
  next_cursor: Nullable(Type.String({ description: 'Give it as `cursor` for the next page; null: this is the last' })),
});
export type DataCheckPage = Static<typeof DataCheckPage>;

const limit = Type.Integer({
  minimum: 0,
  default: DEFAULT_PAGE,
  description: `At most ${LARGEST_PAGE} are given. 0 asks for the default.`,
});
const cursor = Type.Optional(Type.String({ pattern: '^[0-9]{1,18}$', description: '`next_cursor` of the page before' }));

const filters = {
  limit,
  cursor,
  dag_id: Type.Optional(Type.String()),
  dag_run_id: Type.Optional(Type.String()),
  task_id: Type.Optional(Type.String()),
  map_index: Type.Optional(MapIndex),
  connection_id: Type.Optional(Type.String()),
  table: Type.Optional(Type.String()),
  partition: Type.Optional(Type.String({ description: 'As the folders of a lake table: `day=2017-06-19/`' })),
};

export const DataLoadQuery = Type.Object(
  {
    ...filters,
    load_id: Type.Optional(Type.String()),
    quarantined: Type.Optional(Type.Literal(true, { description: 'Only those that kept rows aside' })),
    drifted: Type.Optional(Type.Literal(true, { description: 'Only those whose rows differed from their table' })),
    committed_at_gte: Type.Optional(DateTime),
    committed_at_lte: Type.Optional(DateTime),
  },
  { additionalProperties: false },
);

export const DataCheckQuery = Type.Object(
  {
    ...filters,
    ok: Type.Optional(Type.Boolean()),
    name: Type.Optional(Type.String()),
    checked_at_gte: Type.Optional(DateTime),
    checked_at_lte: Type.Optional(DateTime),
  },
  { additionalProperties: false },
);

export const NewestLoadQuery = Type.Object(
  { limit, cursor: Type.Optional(Type.String()), connection_id: Type.String(), table: Type.String() },
  { additionalProperties: false },
);
