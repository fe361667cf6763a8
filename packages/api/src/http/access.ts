/**
 * Who may call what.
 *
 * H1. Every route says in `config.access` what it takes to call it; a route that does not say so stops the start.
 * H2. It is checked before the body is read.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { ApiProblem } from './api-problem.ts';

/** `read`: sees. `operate`: triggers, pauses, cancels, clears. `edit`: changes what DAGs work with. `administer`: changes who may what. */
export type Action = 'read' | 'operate' | 'edit' | 'administer';

/** What a route is about. Of some there are grants for each object: a DAG, an asset, a connection. */
export type ObjectKind =
  | 'asset'
  | 'audit'
  | 'backfill'
  | 'connection'
  | 'dag'
  | 'data'
  | 'notice'
  | 'pool'
  | 'run'
  | 'system'
  | 'user'
  | 'variable';

/** `public`: anyone. */
export type Access = 'public' | { readonly action: Action; readonly object: ObjectKind };

export interface Principal {
  readonly name: string;
  readonly may: readonly Action[];
  /** May also do what is for somebody else to do: answer a form that names others. */
  readonly administrator?: boolean;
}

/** Who sends this `Authorization` header; undefined: nobody we know. */
export type Authenticate = (authorization: string | undefined) => Promise<Principal | undefined>;

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    /** Null on public routes. */
    principal: Principal | null;
  }
}

export class UndeclaredAccessError extends Error {
  readonly code = 'HR_ROUTE_WITHOUT_ACCESS';
  constructor(method: string, url: string) {
    super(`The route ${method} ${url} does not say who may call it: give it config.access, by permit(action, object)`);
    this.name = 'UndeclaredAccessError';
  }
}

/** Must be called before the first route is added. */
export function guardRoutes(app: FastifyInstance, authenticate: Authenticate): void {
  app.decorateRequest('principal', null);
  app.addHook('onRoute', (route) => {
    if (route.config?.access === undefined) throw new UndeclaredAccessError(String(route.method), route.url);
  });
  app.addHook('onRequest', async (request) => {
    // An unknown address has no route: it is answered with 404, and tells nothing.
    const access = request.is404 ? 'public' : (request.routeOptions.config.access ?? { action: 'administer', object: 'system' });
    if (access === 'public') return;
    const principal = await authenticate(request.headers.authorization);
    if (principal === undefined) throw new ApiProblem('HR_UNAUTHENTICATED', whatIsMissing(request.headers.authorization));
    if (!principal.may.includes(access.action)) {
      throw new ApiProblem(
        'HR_FORBIDDEN',
        `${principal.name} may not ${access.action} here: this takes ${access.action} of ${access.object}`,
      );
    }
    request.principal = principal;
  });
}

function whatIsMissing(authorization: string | undefined): string {
  if (authorization === undefined) return 'Send the token in the header "Authorization: Bearer <token>"';
  if (!/^bearer /i.test(authorization)) return 'The Authorization header must begin with "Bearer "';
  return 'The token is not valid here';
}

/** Tokens whose bearers may do everything, such as standalone's admin token. Compared in constant time. */
export function knownTokens(tokens: readonly { readonly token: string; readonly name: string }[]): Authenticate {
  const known = tokens.map(({ token, name }) => ({ digest: digest(token), name }));
  return async (authorization) => {
    const given = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (given === undefined) return undefined;
    const presented = digest(given);
    const found = known.filter((one) => timingSafeEqual(one.digest, presented))[0];
    return found && { name: found.name, may: ['read', 'operate', 'edit', 'administer'], administrator: true };
  };
}

/** Equal lengths, whatever was sent. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
