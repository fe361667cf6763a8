/** Of an API process: how users come in, as the configuration has it, and the link of the first administrator. */
import { createPasswords, DEFAULT_COST, issueToken, operatorHere } from '@headrace/access';
import type { AccessDeps } from '@headrace/api';
import { ConfigurationError, type ServiceConfiguration } from '@headrace/configuration';
import type { AccessStore, AuditStore, Log } from '@headrace/ports';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const FIRST_LINK_MS = HOUR_MS;
const SWEEP_EVERY_MS = 10 * MINUTE_MS;

/** @throws ConfigurationError when an identity provider is configured by half. */
export function accessOf(configuration: ServiceConfiguration, store: AccessStore): AccessDeps {
  const { publicUrl, sessionIdleMinutes, sessionHours, tokenHours, corsOrigins, trustProxy, passwordCost } = configuration;
  const identityProvider = identityProviderOf(configuration);
  return {
    store,
    passwords: createPasswords({ ...DEFAULT_COST, ln: passwordCost }),
    now: Date.now,
    settings: {
      ...(publicUrl === undefined ? {} : { publicUrl }),
      sessionIdleMs: sessionIdleMinutes * MINUTE_MS,
      sessionMs: sessionHours * HOUR_MS,
      tokenMs: tokenHours * HOUR_MS,
      corsOrigins,
      trustProxy,
    },
    ...(identityProvider === undefined ? {} : { identityProvider }),
  };
}

function identityProviderOf({
  oidcIssuer: issuer,
  oidcClientId: clientId,
  oidcClientSecret: clientSecret,
  oidcScopes: scopes,
  oidcGroupsClaim: groupsClaim,
  oidcRoles,
  publicUrl,
}: ServiceConfiguration): AccessDeps['identityProvider'] {
  if (issuer === undefined) return undefined;
  const missing = [
    ...(clientId === undefined
      ? ['HEADRACE_OIDC_CLIENT_ID is not set: as which client does the identity provider know this Headrace?']
      : []),
    ...(publicUrl === undefined ? ['HEADRACE_PUBLIC_URL is not set: the identity provider sends browsers back to it'] : []),
  ];
  if (clientId === undefined || missing.length > 0) throw new ConfigurationError(missing);
  const roles = oidcRoles.map((pair) => {
    const at = pair.lastIndexOf('=');
    return { group: pair.slice(0, at), role: pair.slice(at + 1) };
  });
  return { issuer, clientId, ...(clientSecret === undefined ? {} : { clientSecret }), scopes, groupsClaim, roles };
}

/** While there is no user: a link, new at each start, that makes the first one. That it was made stands in the audit log before anybody sees it. */
export async function firstHint(
  { access: store, audit }: { readonly access: AccessStore; readonly audit: Pick<AuditStore, 'append'> },
  url: string,
): Promise<string | undefined> {
  if (await store.anyUser()) return undefined;
  const { token, hash } = issueToken('firstLink');
  const at = Date.now();
  const expiresAt = at + FIRST_LINK_MS;
  await store.saveFirstLink(hash, expiresAt);
  const parameters = { expires_at: new Date(expiresAt).toISOString() };
  await audit.append({
    at,
    actor_kind: 'command',
    actor: operatorHere(),
    action: 'make_first_link',
    object: 'user',
    outcome: 'allowed',
    parameters,
  });
  return `There is no user yet. This link makes the first administrator; it works once, within an hour:\n  ${url.replace(/\/+$/, '')}/auth/first?token=${token}`;
}

/** Removes what has expired, now and then. The answer ends it. */
export function sweepAccess(store: AccessStore, log: Log): () => void {
  const timer = setInterval(() => {
    store.sweepAccess(Date.now()).catch((error: unknown) => log.warn({ err: error }, 'expired sessions could not be removed'));
  }, SWEEP_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
