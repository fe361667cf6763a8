/** What the caller of the request that runs may do to single objects, and which DAGs its lists may be of. */
import type { Action, ObjectKind } from '@headrace/access';
import { isVisible, type Visible } from '@headrace/ports';
import { unknownDag } from '../http/access.ts';
import { ApiProblem } from '../http/api-problem.ts';
import { rightsOfRequest } from '../http/request-scope.ts';

export function mayRead(object: ObjectKind, id: string): boolean {
  return rightsOfRequest()?.may('read', object, id) ?? true;
}

/** To all objects of the kind: nothing need be looked up. */
export function mayAll(action: Action, object: ObjectKind): boolean {
  return rightsOfRequest()?.mayAll(action, object) ?? true;
}

/** The globs of what is visible; undefined: everything is. */
export function visibleTo(action: Action, object: ObjectKind): Visible | undefined {
  return mayAll(action, object) ? undefined : rightsOfRequest()?.visible(action, object);
}

/** Throws HR_DAG_NOT_FOUND of a DAG that may not be seen, HR_FORBIDDEN of one that may. */
export function requireOnDag(action: Action, object: ObjectKind, dagId: string): void {
  if (rightsOfRequest()?.may(action, object, dagId) ?? true) return;
  if (!mayRead(object, dagId)) throw unknownDag(dagId);
  throw forbidden(action, object);
}

/** Throws HR_FORBIDDEN. */
export function requireOn(action: Action, object: ObjectKind, id: string): void {
  if (!(rightsOfRequest()?.may(action, object, id) ?? true)) throw forbidden(action, object);
}

/** Throws HR_FORBIDDEN. */
export function requireOnAll(action: Action, object: ObjectKind): void {
  if (!mayAll(action, object)) throw forbidden(action, object);
}

/** The ids to which a list is narrowed, of those that were asked for; `all` is asked only when there are globs to fit. */
export class VisibleDags {
  readonly #all: () => Promise<readonly string[]>;

  constructor(all: () => Promise<readonly string[]>) {
    this.#all = all;
  }

  /** A filter with `dagIds`; none is added for whom everything is visible. */
  async narrow<Filter extends { readonly dagIds?: readonly string[] }>(filter: Filter, action: Action = 'read'): Promise<Filter> {
    const visible = visibleTo(action, 'dag');
    if (visible === undefined) return filter;
    const asked = filter.dagIds ?? (await this.#candidates(visible));
    return { ...filter, dagIds: asked.filter((dagId) => isVisible(visible, dagId)) };
  }

  /** Plain ids are their own list; of a DAG that is gone there may still be something to see. */
  async #candidates(visible: Visible): Promise<readonly string[]> {
    const plain = visible.find((group) => group.every((glob) => !glob.includes('*')));
    if (plain !== undefined) return [...new Set(plain)];
    const named = visible.flat().filter((glob) => !glob.includes('*'));
    return [...new Set([...(await this.#all()), ...named])];
  }
}

function forbidden(action: Action, object: ObjectKind): ApiProblem {
  return new ApiProblem('HR_FORBIDDEN', `You may not ${action} here: this takes ${action} of ${object}`);
}
