/** The secrets in connections' settings: what must never stand in a log or an error. */
import { type ConnectionSettings, variableNameOf } from '@headrace/sdk';

const SECRET_PARAMETER = /password|passphrase|passwd|secret|token|key|credential|signature/i;
/** Not `URL`: it knows no list of hosts, and what it refuses may hold a password all the same. */
const AUTHORITY = /^[a-z][a-z0-9+.-]*:\/\/(?:([^@/?#]*)@)?[^?#]*(?:\?([^#]*))?/i;

/** Passwords and secret parameters of the connections' URLs, written and decoded. */
export function connectionSecrets(connections: readonly ConnectionSettings[]): readonly string[] {
  const secrets = new Set<string>();
  for (const { id, url } of connections) {
    const variable = variableNameOf(id);
    if (variable !== undefined) {
      if (SECRET_PARAMETER.test(variable)) secrets.add(url);
      continue;
    }
    const [, user = '', query = ''] = AUTHORITY.exec(url) ?? [];
    const password = user.includes(':') ? user.slice(user.indexOf(':') + 1) : '';
    for (const value of [password, decoded(password)]) secrets.add(value);
    for (const [name, value] of new URLSearchParams(query)) if (SECRET_PARAMETER.test(name)) secrets.add(value);
  }
  secrets.delete('');
  return [...secrets];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Replaces every secret in a text. Of one that was cut off (`isCut`), the end that may be the beginning of a secret is left out. */
export type Mask = (text: string, isCut?: boolean) => string;

/** Strings anywhere in a value, masked. Only for plain JSON. */
export function maskStrings(value: unknown, mask: Mask): unknown {
  if (typeof value === 'string') return mask(value);
  if (Array.isArray(value)) return value.map((item) => maskStrings(item, mask));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [mask(key), maskStrings(item, mask)]));
}
