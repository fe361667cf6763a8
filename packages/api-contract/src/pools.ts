import { type Static, Type } from 'typebox';
import { bulkBody } from './bulk.ts';
import { orderBy, Pattern, paging } from './paging.ts';
import { Nullable } from './scalars.ts';

const Slots = Type.Integer({ minimum: -1, maximum: 1_000_000, description: 'How many. -1: as many as are asked for' });
const Description = Nullable(Type.String({ maxLength: 10_000 }));

export const PoolResponse = Type.Object({
  name: Type.String(),
  slots: Slots,
  description: Nullable(Type.String()),
  include_deferred: Type.Boolean({ description: 'Deferred tasks hold their slots, too' }),
  /** Running, queued, and deferred if those count. */
  occupied_slots: Type.Integer(),
  running_slots: Type.Integer(),
  queued_slots: Type.Integer(),
  /** Of tasks that wait for a slot. */
  scheduled_slots: Type.Integer(),
  deferred_slots: Type.Integer(),
  /** -1 in a pool without a limit; less than 0 in one that was made smaller than what is in use. */
  open_slots: Type.Integer(),
  team_name: Type.Null(),
});
export type PoolResponse = Static<typeof PoolResponse>;

export const PoolCollection = Type.Object({ pools: Type.Array(PoolResponse), total_entries: Type.Integer() });
export type PoolCollection = Static<typeof PoolCollection>;

export const PoolListQuery = Type.Object(
  { ...paging, order_by: orderBy('id'), pool_name_pattern: Type.Optional(Pattern) },
  { additionalProperties: false },
);

export const PoolBody = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 256 }),
    slots: Slots,
    description: Type.Optional(Description),
    include_deferred: Type.Optional(Type.Boolean()),
    team_name: Type.Optional(Type.Null()),
  },
  { additionalProperties: false },
);
export type PoolBody = Static<typeof PoolBody>;

export const PoolPatch = Type.Object(
  {
    pool: Type.Optional(Nullable(Type.String({ description: 'Its name, if given: a pool is not renamed' }))),
    slots: Type.Optional(Nullable(Slots)),
    description: Type.Optional(Description),
    include_deferred: Type.Optional(Nullable(Type.Boolean())),
    team_name: Type.Optional(Type.Null()),
  },
  { additionalProperties: false },
);
export type PoolPatch = Static<typeof PoolPatch>;

export const PoolPatchQuery = Type.Object(
  { update_mask: Type.Optional(Type.Array(Type.Enum(['pool', 'slots', 'description', 'include_deferred', 'team_name']))) },
  { additionalProperties: false },
);

export const BulkPools = bulkBody(PoolBody, ['name', 'slots', 'description', 'include_deferred', 'team_name']);
