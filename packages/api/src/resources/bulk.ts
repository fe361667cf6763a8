/**
 * Carries out Airflow's bulk requests: the actions in order, each entity for itself and as the same request for it alone would be.
 *
 * What one entity's request is refused for stands in the answer, and the others go on. What is our own fault, or the database's, fails
 * the whole request: what was done until then stays done, and the request can be sent again with `skip`.
 */
import { type BulkResponse, PROBLEMS, type ProblemCode } from '@headrace/api-contract';
import { isProblemCode } from '../http/api-problem.ts';

export interface BulkKind<Entity> {
  /** As errors and successes name it; of an entity to be deleted also its key alone. */
  keyOf(entity: Entity | string): string;
  create(entity: Entity): Promise<unknown>;
  /** Undefined mask: all fields that are given. */
  update(entity: Entity, mask: readonly string[] | undefined): Promise<unknown>;
  delete(entity: Entity | string): Promise<unknown>;
  /** With which the creation of what exists, and the change of what does not, are refused. */
  readonly exists: ProblemCode | undefined;
  readonly absent: ProblemCode;
}

export interface BulkAction<Entity> {
  readonly action: 'create' | 'update' | 'delete';
  readonly entities: readonly (Entity | string)[];
  readonly action_on_existence?: 'fail' | 'skip' | 'overwrite';
  readonly action_on_non_existence?: 'fail' | 'skip';
  readonly update_mask?: readonly string[] | null;
}

export async function carryOut<Entity>(actions: readonly BulkAction<Entity>[], kind: BulkKind<Entity>): Promise<BulkResponse> {
  const answer: BulkResponse = {};
  for (const action of actions) {
    const told = answer[action.action] ?? { success: [], errors: [] };
    answer[action.action] = told;
    for (const entity of action.entities) {
      const key = kind.keyOf(entity);
      try {
        if (await one(action, entity, kind)) told.success.push(key);
      } catch (error) {
        const { code, message } = error as { readonly code?: unknown; readonly message: string };
        if (!isProblemCode(code) || PROBLEMS[code].status >= 500) throw error;
        told.errors.push({ error: message, status_code: PROBLEMS[code].status, code, entity: key });
      }
    }
  }
  return answer;
}

/** False: it was passed over, as the action says. */
async function one<Entity>(action: BulkAction<Entity>, entity: Entity | string, kind: BulkKind<Entity>): Promise<boolean> {
  const { action_on_existence: onExistence = 'fail', action_on_non_existence: onAbsence = 'fail' } = action;
  const mask = action.update_mask ?? undefined;
  try {
    if (action.action === 'delete') await kind.delete(entity);
    else if (action.action === 'update') await kind.update(entity as Entity, mask);
    else await kind.create(entity as Entity);
    return true;
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (action.action !== 'create') {
      if (code === kind.absent && onAbsence === 'skip') return false;
      throw error;
    }
    if (code === undefined || code !== kind.exists || onExistence === 'fail') throw error;
    if (onExistence === 'overwrite') await kind.update(entity as Entity, undefined);
    return onExistence === 'overwrite';
  }
}
