/**
 * What somebody may do, and to which objects. Pure: it is given roles, grants and scopes, and asked.
 *
 * RI1. What nobody allowed is denied; nothing denies what was allowed.
 * RI2. An action brings those before it along: who may operate may read.
 * RI3. Layers narrow: a key may what its owner may and its scopes allow, as both are now.
 */
import { ACTIONS, type Action, fitsGlob, type GrantedKind, type Role, type Visible } from '@headrace/ports';

/** What a route is about. `history`: what was done to a DAG, as the audit log has it; `audit`: all of that log. */
export type ObjectKind =
  | 'asset'
  | 'audit'
  | 'backfill'
  | 'connection'
  | 'dag'
  | 'data'
  | 'history'
  | 'notice'
  | 'pool'
  | 'run'
  | 'system'
  | 'user'
  | 'variable';

/** For each kind by grants on what it is allowed: what belongs to a DAG is allowed with the DAG. Null: by roles alone. */
const ALLOWED_WITH: Readonly<Record<ObjectKind, GrantedKind | null>> = {
  asset: 'asset',
  audit: null,
  backfill: 'dag',
  connection: 'connection',
  dag: 'dag',
  data: 'dag',
  history: 'dag',
  notice: 'dag',
  pool: null,
  run: 'dag',
  system: null,
  user: null,
  variable: null,
};

export const OBJECT_KINDS = Object.keys(ALLOWED_WITH) as readonly ObjectKind[];

/** The most that a role may. A kind that is missing: nothing. Airflow's roles of these names, in our words. */
export const ROLE_TABLE: Readonly<Record<Role, Readonly<Partial<Record<ObjectKind, Action>>>>> = {
  viewer: { asset: 'read', backfill: 'read', dag: 'read', data: 'read', notice: 'read', pool: 'read', run: 'read', system: 'read' },
  user: {
    asset: 'operate',
    backfill: 'operate',
    dag: 'operate',
    data: 'read',
    notice: 'read',
    pool: 'read',
    run: 'operate',
    system: 'read',
  },
  op: {
    asset: 'edit',
    backfill: 'edit',
    connection: 'edit',
    dag: 'edit',
    data: 'edit',
    notice: 'edit',
    pool: 'edit',
    run: 'edit',
    system: 'read',
    variable: 'edit',
  },
  admin: Object.fromEntries(OBJECT_KINDS.map((kind) => [kind, 'administer'])) as Record<ObjectKind, Action>,
};

/** One thing that is allowed: this action on the objects whose id fits the glob. */
export interface Allowance {
  readonly action: Action;
  readonly objects: ReadonlySet<ObjectKind>;
  readonly pattern: string;
}

export function grantedWith(kind: ObjectKind): GrantedKind | null {
  return ALLOWED_WITH[kind];
}

export function ofRoles(roles: readonly Role[]): readonly Allowance[] {
  return roles.flatMap((role) =>
    (Object.entries(ROLE_TABLE[role]) as [ObjectKind, Action][]).map(([kind, action]) => ({
      action,
      objects: new Set([kind]),
      pattern: '*',
    })),
  );
}

export function ofGrant({
  action,
  object,
  pattern,
}: {
  readonly action: Action;
  readonly object: GrantedKind;
  readonly pattern: string;
}): Allowance {
  return { action, objects: new Set(OBJECT_KINDS.filter((kind) => ALLOWED_WITH[kind] === object)), pattern };
}

/** Of an API key. A scope on DAGs holds for what belongs to them; one on `*` for everything; one on the audit log for what it has of DAGs, too. */
export function ofScope({
  action,
  object,
  pattern,
}: {
  readonly action: Action;
  readonly object: string;
  readonly pattern: string;
}): Allowance {
  const brings = (kind: ObjectKind): boolean =>
    kind === object || ALLOWED_WITH[kind] === object || (object === 'audit' && kind === 'history');
  const objects = OBJECT_KINDS.filter((kind) => object === '*' || brings(kind));
  return { action, objects: new Set(objects), pattern };
}

/** Everything, as the service's own token may. */
export const EVERYTHING: readonly Allowance[] = [{ action: 'administer', objects: new Set(OBJECT_KINDS), pattern: '*' }];

export class Rights {
  readonly #layers: readonly (readonly Allowance[])[];
  /** To whatever there is and will be: nothing need be looked at. */
  readonly mayEverything: boolean;

  /** Each layer must allow. No layer at all would allow everything: at least one is needed. */
  constructor(...layers: readonly [readonly Allowance[], ...(readonly Allowance[])[]]) {
    this.#layers = layers;
    this.mayEverything = OBJECT_KINDS.every((kind) => this.mayAll('administer', kind));
  }

  /** To this object; without an id: to at least one, as far as one can tell without looking. */
  may(action: Action, kind: ObjectKind, id?: string): boolean {
    return this.#layers.every((layer) => layer.some((one) => allows(one, action, kind) && (id === undefined || fitsGlob(one.pattern, id))));
  }

  /** To every object of the kind, also those that will be. */
  mayAll(action: Action, kind: ObjectKind): boolean {
    return this.visible(action, kind).length === 0;
  }

  /** The objects of the kind to which it may: what goes into the query of a list. */
  visible(action: Action, kind: ObjectKind): Visible {
    return this.#layers
      .map((layer) => layer.filter((one) => allows(one, action, kind)).map(({ pattern }) => pattern))
      .filter((globs) => !globs.includes('*'));
  }
}

function allows({ action: most, objects }: Allowance, action: Action, kind: ObjectKind): boolean {
  return objects.has(kind) && ACTIONS.indexOf(action) <= ACTIONS.indexOf(most);
}
