/** Airflow's bulk requests: actions in order, each on several entities, each entity for itself. */
import { type Static, type TSchema, Type } from 'typebox';

export const MOST_ENTITIES = 1000;

const OnExistence = Type.Enum(['fail', 'skip', 'overwrite'], { default: 'fail' });
const OnAbsence = Type.Enum(['fail', 'skip'], { default: 'fail' });
const entities = <Entity extends TSchema>(entity: Entity) => Type.Array(entity, { maxItems: MOST_ENTITIES });

/** `named`: what stands for an entity where it is deleted, beside its key. */
export function bulkBody<Entity extends TSchema, Field extends string>(entity: Entity, maskable: readonly Field[]) {
  const create = { action: Type.Literal('create'), entities: entities(entity), action_on_existence: OnExistence };
  const update = {
    action: Type.Literal('update'),
    entities: entities(entity),
    update_mask: Type.Optional(Type.Union([Type.Array(Type.Enum([...maskable])), Type.Null()])),
    action_on_non_existence: OnAbsence,
  };
  const remove = {
    action: Type.Literal('delete'),
    entities: entities(Type.Union([Type.String(), entity])),
    action_on_non_existence: OnAbsence,
  };
  const strict = { additionalProperties: false };
  return Type.Object(
    {
      actions: Type.Array(Type.Union([Type.Object(create, strict), Type.Object(update, strict), Type.Object(remove, strict)]), {
        maxItems: 100,
      }),
    },
    strict,
  );
}

const BulkActionResponse = Type.Object({
  /** Keys of the entities. */
  success: Type.Array(Type.String()),
  errors: Type.Array(
    Type.Object({
      error: Type.String({ description: 'What was wrong, where, and what to do' }),
      status_code: Type.Integer({ description: 'The status that the same request for this entity alone would have had' }),
      /** Ours. */
      code: Type.String(),
      entity: Type.String({ description: 'The key of the entity' }),
    }),
  ),
});

/** What became of each action; those that were not asked for are absent. */
export const BulkResponse = Type.Object({
  create: Type.Optional(BulkActionResponse),
  update: Type.Optional(BulkActionResponse),
  delete: Type.Optional(BulkActionResponse),
});
export type BulkResponse = Static<typeof BulkResponse>;
