/**
 * Who may call what.
 *
 * H1. Every route says in `config.access` what it takes to call it; a route that does not say so stops the start.
 * H2. What the address names is checked before the body is read, what the body names before the handler runs.
 * H3. An object that somebody may not read looks like one that does not exist: the same status, code and text. It is decided by its id
 *     alone, whether it exists or not, so that not even the time tells.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import { type Action, EVERYTHING, grantedWith, type ObjectKind, Rights } from '@headrace/access';
import { AssetNotFoundError, ConnectionNotFoundError, type GrantedKind } from '@headrace/ports';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiProblem } from './api-problem.ts';
import { refuseCrossOrigin } from './cross-origin.ts';
import { inScopeOf } from './request-scope.ts';

export type { Action, ObjectKind } from '@headrace/access';

/** `public`: anyone. `authenticated`: whoever we know, whatever they may; the handler looks at what is theirs. */
export type Access = 'public' | 'authenticated' | PermittedAccess;

export interface PermittedAccess {
  readonly action: Action;
  readonly object: ObjectKind;
  /** Where the request names objects, beside the names that every address has: `dag_id`, `asset_id`, `asset_name`, `connection_id`. */
  readonly names?: readonly NamedObject[];
  /** It takes the action on all objects of the kind: it changes all of them. */
  readonly every?: boolean;
  /** What it names need not be there: who may not act is told so. */
  readonly creates?: boolean;
}

/** `query.connection_id`, `body.dag_id`. A field that is missing, or null, names nothing. */
export interface NamedObject {
  readonly kind: GrantedKind;
  readonly at: `${'params' | 'query' | 'body'}.${string}`;
}

/** By what somebody came in. */
export type Credential =
  | { readonly kind: 'service' }
  | { readonly kind: 'bearer' | 'session'; readonly tokenHash: string }
  | { readonly kind: 'key'; readonly keyId: string };

export interface Principal {
  /** For histories: the user's name, or that of the service's token. */
  readonly name: string;
  readonly rights: Rights;
  /** Absent: no user, but the service's own token. */
  readonly userId?: string;
  readonly credential?: Credential;
  readonly roles?: readonly string[];
  readonly groups?: readonly string[];
  /** May also do what is for somebody else to do: answer a form that names others. */
  readonly administrator?: boolean;
}

/** What a request brings along. */
export interface SentCredentials {
  readonly authorization: string | undefined;
  readonly cookie: string | undefined;
  /** The browser speaks https with us, or with what stands before us. */
  readonly isSecure: boolean;
}

/** Who sends this; undefined: nobody we know. */
export type Authenticate = (sent: SentCredentials) => Promise<Principal | undefined>;

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    /** Null on public routes. */
    principal: Principal | null;
  }
  interface FastifyInstance {
    /** Every route with what it takes to call it, in the order in which they were added. */
    accessTable: { readonly method: string; readonly url: string; readonly access: Access }[];
  }
}

export class UndeclaredAccessError extends Error {
  readonly code = 'HR_ROUTE_WITHOUT_ACCESS';
  constructor(method: string, url: string) {
    super(`The route ${method} ${url} does not say who may call it: give it config.access, by permit(action, object)`);
    this.name = 'UndeclaredAccessError';
  }
}

export interface GuardOptions {
  readonly authenticate: Authenticate;
  /** The name of an asset; undefined: there is none. */
  assetName(assetId: string): Promise<string | undefined>;
  /** Where browsers reach us: see cross-origin.ts. */
  readonly publicOrigin?: string;
}

/** Must be called before the first route is added. */
export function guardRoutes(app: FastifyInstance, options: GuardOptions): void {
  const { authenticate, assetName, publicOrigin } = options;
  app.decorateRequest('principal', null);
  app.decorate('accessTable', []);
  app.addHook('onRoute', ({ method, url, config }) => {
    const access = config?.access;
    if (access === undefined) throw new UndeclaredAccessError(String(method), url);
    for (const one of [method].flat()) app.accessTable.push({ method: one, url, access });
  });
  app.addHook('onRequest', async (request) => {
    const access = accessOf(request);
    if (access === 'public') return;
    const { authorization, cookie } = request.headers;
    const principal = await authenticate({ authorization, cookie, isSecure: isSecure(request, publicOrigin) });
    if (principal === undefined) throw new ApiProblem('HR_UNAUTHENTICATED', whatIsMissing(authorization));
    // A browser sends its cookie with whatever another site makes it send.
    if (principal.credential?.kind === 'session') refuseCrossOrigin(request, publicOrigin);
    request.principal = principal;
    if (access === 'authenticated' || principal.rights.mayEverything) return;
    const named = namedBy(request, access, ['params', 'query']);
    if (access.names?.some(({ at }) => at.startsWith('body.')) === true) {
      // What the body names decides; until it is read, what can be told already.
      if (!principal.rights.may(access.action, access.object)) throw forbidden(principal, access);
      if (named.length === 0) return;
    }
    await judge(principal, access, named, assetName);
  });
  app.addHook('preHandler', (request, _, done) => {
    const access = accessOf(request);
    if (typeof access === 'string' || request.principal === null || request.principal.rights.mayEverything) return done();
    const named = namedBy(request, access, ['body']);
    if (named.length === 0) return done();
    judge(request.principal, access, named, assetName).then(() => done(), done);
  });
  // Last of all, so that the handler runs in it.
  app.addHook('preHandler', (request, _, done) => inScopeOf(request.principal?.rights, done));
}

/** The browser speaks https with us, or with what stands before us. */
export function isSecure({ protocol }: Pick<FastifyRequest, 'protocol'>, publicOrigin: string | undefined): boolean {
  return protocol === 'https' || publicOrigin?.startsWith('https:') === true;
}

/** An unknown address has no route: it is answered with 404, and tells nothing. */
function accessOf(request: FastifyRequest): Access {
  if (request.is404) return 'public';
  return request.routeOptions.config.access ?? { action: 'administer', object: 'system' };
}

/** In place of an id: any. What a list then holds is decided where it is read. */
const ANY = '~';

const IN_ADDRESSES: readonly (NamedObject | { readonly kind: 'assetId'; readonly at: 'params.asset_id' })[] = [
  { kind: 'dag', at: 'params.dag_id' },
  { kind: 'connection', at: 'params.connection_id' },
  { kind: 'asset', at: 'params.asset_name' },
  { kind: 'assetId', at: 'params.asset_id' },
];

interface Named {
  readonly kind: GrantedKind | 'assetId';
  readonly id: string;
}

function namedBy(request: FastifyRequest, { names = [] }: PermittedAccess, places: readonly string[]): readonly Named[] {
  return [...IN_ADDRESSES, ...names].flatMap(({ kind, at }) => {
    const [place, field] = at.split('.') as [string, string];
    const fields = places.includes(place) ? Reflect.get(request, place) : undefined;
    const isThere = typeof fields === 'object' && fields !== null && Object.hasOwn(fields, field);
    const value: unknown = isThere ? Reflect.get(fields, field) : undefined;
    // Several of one name in the query, or an object in the body: each is looked at, and validation refuses what it is not.
    return [value].flat().flatMap((id) => (id === undefined || id === null || id === ANY ? [] : [{ kind, id: String(id) }]));
  });
}

/** Throws what the caller is told. */
async function judge(
  principal: Principal,
  access: PermittedAccess,
  named: readonly Named[],
  assetName: GuardOptions['assetName'],
): Promise<void> {
  const { rights } = principal;
  const { action, object } = access;
  const isAllowed = access.every === true ? rights.mayAll(action, object) : rights.may(action, object);
  if (named.length === 0 && !isAllowed) throw forbidden(principal, access);
  for (const one of named) {
    const kind = one.kind === 'assetId' ? 'asset' : one.kind;
    const allows = (asked: Action, id: string): boolean =>
      grantedWith(object) === kind ? rights.may(asked, object, id) : rights.mayAll(asked, object) || rights.may(asked, kind, id);
    const all = rights.mayAll(action, object) && (grantedWith(object) === kind || rights.mayAll(action, kind));
    if (all) continue;
    const id = one.kind === 'assetId' ? await assetName(one.id) : one.id;
    if (id !== undefined && allows(action, id)) continue;
    if (access.creates === true || (id !== undefined && allows('read', id))) throw forbidden(principal, access);
    throw unknown(kind, one.id);
  }
}

function forbidden({ name }: Principal, { action, object }: PermittedAccess): ApiProblem {
  return new ApiProblem('HR_FORBIDDEN', `${name} may not ${action} here: this takes ${action} of ${object}`);
}

/** In the very words of what is not there. */
function unknown(kind: GrantedKind, id: string): Error {
  if (kind === 'dag') return unknownDag(id);
  return kind === 'asset' ? new AssetNotFoundError(id) : new ConnectionNotFoundError(id);
}

export function unknownDag(dagId: string): ApiProblem {
  return new ApiProblem('HR_DAG_NOT_FOUND', `There is no DAG "${dagId}"`);
}

/** The same for whatever is wrong with a token: unknown, expired, revoked, of somebody inactive. */
function whatIsMissing(authorization: string | undefined): string {
  if (authorization === undefined) return 'Send the token in the header "Authorization: Bearer <token>"';
  if (!/^bearer /i.test(authorization)) return 'The Authorization header must begin with "Bearer "';
  return 'The token is not valid here';
}

/** The token of an `Authorization` header. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
}

/** Tokens whose bearers may do everything, such as standalone's admin token. Compared in constant time. */
export function knownTokens(tokens: readonly { readonly token: string; readonly name: string }[]): Authenticate {
  const known = tokens.map(({ token, name }) => ({ digest: digest(token), name }));
  const rights = new Rights(EVERYTHING);
  return async ({ authorization }) => {
    const given = bearerToken(authorization);
    if (given === undefined) return undefined;
    const presented = digest(given);
    const found = known.filter((one) => timingSafeEqual(one.digest, presented))[0];
    return found && { name: found.name, rights, credential: { kind: 'service' }, administrator: true };
  };
}

/** Equal lengths, whatever was sent. */
function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
