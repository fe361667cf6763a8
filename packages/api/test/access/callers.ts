/** Users with credentials of every kind, in memory. */
import { issueToken } from '@headrace/access';
import type { Action, GrantedKind, KeyScope, Role } from '@headrace/ports';
import type { AccessDeps } from '../../src/index.ts';

const HOUR = 3_600_000;

export type CredentialKind = 'bearer' | 'session' | 'key';
export const CREDENTIALS: readonly CredentialKind[] = ['bearer', 'session', 'key'];

export interface Grants {
  readonly action: Action;
  readonly object: GrantedKind;
  readonly pattern: string;
}

/** Headers by which the user comes in. A key without scopes may all that its user may. */
export async function caller(
  { store, now }: AccessDeps,
  { name, roles = [], grants = [] }: { readonly name: string; readonly roles?: readonly Role[]; readonly grants?: readonly Grants[] },
  kind: CredentialKind,
  scopes: readonly KeyScope[] = [{ action: 'administer', object: '*', pattern: '*' }],
): Promise<Record<string, string>> {
  const user = (await store.user({ name })) ?? (await store.createUser({ name, roles }, now()));
  for (const grant of grants) await store.addGrant({ ...grant, subject: { kind: 'user', userId: user.userId }, createdAt: now() });
  return credential({ store, now }, user.userId, kind, scopes);
}

async function credential(
  { store, now }: Pick<AccessDeps, 'store' | 'now'>,
  userId: string,
  kind: CredentialKind,
  scopes: readonly KeyScope[] = [{ action: 'administer', object: '*', pattern: '*' }],
): Promise<Record<string, string>> {
  const at = now();
  if (kind === 'key') {
    const { token, hash, hint } = issueToken('apiKey');
    await store.createKey({ tokenHash: hash, name: `key ${hint}${hash.slice(0, 8)}`, userId, hint, scopes, createdAt: at });
    return { authorization: `Bearer ${token}` };
  }
  const { token, hash } = issueToken(kind);
  const storedAs = kind === 'session' ? 'cookie' : 'bearer';
  await store.openSession({ tokenHash: hash, kind: storedAs, userId, createdAt: at, expiresAt: at + HOUR, idleMs: HOUR });
  if (kind === 'bearer') return { authorization: `Bearer ${token}` };
  return { cookie: `headrace_session=${token}`, 'sec-fetch-site': 'same-origin' };
}
