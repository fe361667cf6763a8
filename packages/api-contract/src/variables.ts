/** Values that people keep for tasks, encrypted as secrets are. */
import { type Static, Type } from 'typebox';
import { bulkBody } from './bulk.ts';
import { orderBy, Pattern, paging } from './paging.ts';
import { Nullable } from './scalars.ts';

const VariableKey = Type.String({ minLength: 1, maxLength: 250 });

export const VariableResponse = Type.Object({
  key: Type.String(),
  value: Type.String({ description: '`***` where the name says that it is a secret' }),
  description: Nullable(Type.String()),
  is_encrypted: Type.Boolean(),
  team_name: Type.Null(),
});
export type VariableResponse = Static<typeof VariableResponse>;

export const VariableCollection = Type.Object({ variables: Type.Array(VariableResponse), total_entries: Type.Integer() });
export type VariableCollection = Static<typeof VariableCollection>;

export const VariableListQuery = Type.Object(
  { ...paging, order_by: orderBy('id'), variable_key_pattern: Type.Optional(Pattern) },
  { additionalProperties: false },
);

export const VariableBody = Type.Object(
  {
    key: VariableKey,
    value: Type.Unknown({ description: 'A text is kept as it is, anything else as JSON' }),
    description: Type.Optional(Nullable(Type.String({ maxLength: 10_000 }))),
    team_name: Type.Optional(Type.Null()),
  },
  { additionalProperties: false },
);
export type VariableBody = Static<typeof VariableBody>;

const MASKABLE = ['key', 'value', 'description', 'team_name'] as const;
export const VariablePatchQuery = Type.Object(
  { update_mask: Type.Optional(Type.Array(Type.Enum([...MASKABLE]))) },
  { additionalProperties: false },
);

export const BulkVariables = bulkBody(VariableBody, MASKABLE);
