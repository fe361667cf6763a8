/**
 * Who a user's credential belongs to: an API key or a bearer token in the Authorization header, or the cookie of a session.
 *
 * UC1. A token is good only as what it was issued: a session's is no bearer token, and the other way round.
 * UC2. The header goes before the cookie: who sends one means it, and the cookie comes along by itself.
 */
import { ofGrant, ofRoles, ofScope, Rights, readToken } from '@headrace/access';
import type { AccessStore, Bearer, KeyScope } from '@headrace/ports';
import { type Authenticate, bearerToken, type Credential, type Principal } from './access.ts';
import { cookieName, cookieOf } from './cookie.ts';

export const SESSION_COOKIE = 'headrace_session';

/** The hash of the session's token in a Cookie header. Over https only the name that browsers guard counts. */
export function sessionHashOf(cookie: string | undefined, isSecure: boolean): string | undefined {
  const token = readToken(cookieOf(cookie, cookieName(SESSION_COOKIE, isSecure)) ?? '');
  return token?.kind === 'session' ? token.hash : undefined;
}

/** The service's own tokens first: they take no question to the database. */
export function userCredentials(
  service: Authenticate,
  { store, now }: { readonly store: AccessStore; readonly now: () => number },
): Authenticate {
  return async (sent) => {
    const own = await service(sent);
    if (own !== undefined) return own;
    if (sent.authorization === undefined) {
      const tokenHash = sessionHashOf(sent.cookie, sent.isSecure);
      const found = tokenHash === undefined ? undefined : await store.useSession(tokenHash, 'cookie', now());
      return found && tokenHash !== undefined ? principal(found, { kind: 'session', tokenHash }) : undefined;
    }
    const token = readToken(bearerToken(sent.authorization) ?? '');
    if (token?.kind === 'bearer') {
      const found = await store.useSession(token.hash, 'bearer', now());
      return found && principal(found, { kind: 'bearer', tokenHash: token.hash });
    }
    if (token?.kind !== 'apiKey') return undefined;
    const found = await store.useKey(token.hash, now());
    return found && principal(found, { kind: 'key', keyId: found.key.keyId }, found.key.scopes);
  };
}

function principal({ user, grants }: Bearer, credential: Credential, scopes?: readonly KeyScope[]): Principal {
  const own = [...ofRoles(user.roles), ...grants.map(ofGrant)];
  const rights = scopes === undefined ? new Rights(own) : new Rights(own, scopes.map(ofScope));
  return {
    name: user.name,
    rights,
    userId: user.userId,
    credential,
    roles: user.roles,
    groups: user.groups,
    administrator: rights.mayAll('administer', 'user') && rights.mayAll('operate', 'run'),
  };
}
