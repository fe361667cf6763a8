import { type Static, Type } from 'typebox';
import { bulkBody } from './bulk.ts';
import { orderBy, Pattern, paging } from './paging.ts';
import { Nullable } from './scalars.ts';

const Text = Nullable(Type.String({ maxLength: 10_000 }));
const ConnectionId = Type.String({ pattern: '^[\\w.-]+$', maxLength: 200 });

export const ConnectionResponse = Type.Object({
  connection_id: Type.String(),
  conn_type: Type.String(),
  description: Nullable(Type.String()),
  host: Nullable(Type.String()),
  login: Nullable(Type.String()),
  schema: Nullable(Type.String({ description: 'The database, the folder, the prefix: what stands after the host' })),
  port: Nullable(Type.Integer()),
  password: Nullable(Type.String({ description: '`***` where there is one' })),
  extra: Nullable(Type.String({ description: 'A JSON object. Secret values are `***`' })),
  team_name: Type.Null(),
  /** Ours: the scheme of its URL, where its type has several. */
  protocol: Nullable(Type.String()),
});
export type ConnectionResponse = Static<typeof ConnectionResponse>;

export const ConnectionCollection = Type.Object({ connections: Type.Array(ConnectionResponse), total_entries: Type.Integer() });
export type ConnectionCollection = Static<typeof ConnectionCollection>;

export const ConnectionListQuery = Type.Object(
  { ...paging, order_by: orderBy('id'), connection_id_pattern: Type.Optional(Pattern) },
  { additionalProperties: false },
);

const fields = {
  description: Type.Optional(Text),
  host: Type.Optional(Text),
  login: Type.Optional(Text),
  schema: Type.Optional(Text),
  port: Type.Optional(Nullable(Type.Integer({ minimum: 1, maximum: 65_535 }))),
  password: Type.Optional(Nullable(Type.String({ maxLength: 100_000, description: '`***` leaves it what it is' }))),
  extra: Type.Optional(
    Nullable(Type.String({ maxLength: 1_000_000, description: 'A JSON object. Values that are `***` stay what they are' })),
  ),
  team_name: Type.Optional(Type.Null()),
};

export const ConnectionBody = Type.Object(
  { connection_id: ConnectionId, conn_type: Type.String({ maxLength: 100 }), ...fields },
  { additionalProperties: false },
);
export type ConnectionBody = Static<typeof ConnectionBody>;

export const ConnectionPatch = Type.Object(
  { connection_id: Type.Optional(ConnectionId), conn_type: Type.Optional(Type.String({ maxLength: 100 })), ...fields },
  { additionalProperties: false },
);
export type ConnectionPatch = Static<typeof ConnectionPatch>;

export const ConnectionPatchQuery = Type.Object(
  {
    update_mask: Type.Optional(Type.Array(Type.Enum(['connection_id', 'conn_type', ...Object.keys(fields)] as (keyof ConnectionPatch)[]))),
  },
  { additionalProperties: false },
);

/** Ours: all of a connection in one URL, secrets too. */
export const ConnectionByUrl = Type.Object(
  { url: Type.String({ minLength: 1, maxLength: 100_000 }), description: Type.Optional(Text) },
  { additionalProperties: false },
);
export type ConnectionByUrl = Static<typeof ConnectionByUrl>;

export const ConnectionTestResponse = Type.Object({
  status: Type.Boolean(),
  message: Type.String({ description: 'What answered, or what is wrong and what to do' }),
  /** Ours. */
  code: Nullable(Type.String()),
  ms: Type.Integer(),
});
export type ConnectionTestResponse = Static<typeof ConnectionTestResponse>;

const ConnectionField = Type.Object({
  name: Type.String(),
  description: Type.String(),
  required: Type.Boolean(),
  secret: Type.Boolean(),
});

export const ConnectionTypes = Type.Object({
  connection_types: Type.Array(
    Type.Object({
      conn_type: Type.String(),
      title: Type.String(),
      fields: Type.Array(ConnectionField),
      extra: Type.Array(ConnectionField),
      example: Type.String({ description: 'Its URL' }),
    }),
  ),
});
export type ConnectionTypes = Static<typeof ConnectionTypes>;

export const RotatedConnections = Type.Object({ rotated: Type.Integer(), unchanged: Type.Integer() });
export type RotatedConnections = Static<typeof RotatedConnections>;

export const BulkConnections = bulkBody(ConnectionBody, [
  'connection_id',
  'conn_type',
  ...Object.keys(fields),
] as (keyof ConnectionPatch)[]);
