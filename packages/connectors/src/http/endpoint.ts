/**
 * Where a request goes and what it carries there.
 *
 * E1. What a connection's URL holds besides its address is secret: it is in no message, and it is sent only to the address's own host.
 * E2. A path from a DAG never leads out of the connection's address.
 */
import { DataError } from '@headrace/dataplane';
import type { ConnectionSettings } from '@headrace/sdk';

export interface Endpoint {
  readonly url: URL;
  readonly headers: Headers;
  /** For messages; without query and secrets. */
  readonly shown: string;
}

type QueryValue = string | number | bigint | boolean | Date | null;

const TOKEN_PARAMETER = 'bearerToken';

/** The address of a request to `path` below a connection. Throws DataError. */
export function connectionEndpoint(settings: ConnectionSettings, path: string): Endpoint {
  const where = `connection "${settings.id}"`;
  const url = URL.canParse(settings.url) ? new URL(settings.url) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new DataError(
      'HR_CONNECTION_URL',
      `C${where.slice(1)} has no valid URL: use https://user:password@host/base or https://host/base?bearerToken=…`,
    );
  const authorization = takeCredentials(url, where);
  const base = url.pathname.replace(/\/+$/, '');
  const [name = '', query] = splitAt(path, '?');
  if (name !== '') url.pathname = `${base}/${name.replace(/^\//, '')}`;
  if (name !== '' && !url.pathname.startsWith(`${base}/`))
    throw new DataError('HR_HTTP_PATH', `The path "${name}" leads out of the address of ${where}: leave out ".."`);
  for (const [key, value] of new URLSearchParams(query)) url.searchParams.append(key, value);
  url.hash = '';
  const headers = new Headers(authorization === undefined ? {} : { authorization });
  return { url, headers, shown: `${name === '' ? '/' : name} of ${where}` };
}

/** The address of a request to a URL that a DAG holds. Throws DataError. */
export function plainEndpoint(text: string): Endpoint {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new DataError('HR_HTTP_PATH', 'The address is no http:// or https:// URL');
  if (url.username !== '' || url.password !== '')
    throw new DataError('HR_HTTP_PATH', `The address of ${url.host} holds a password: put it into a connection`);
  url.hash = '';
  return { url, headers: new Headers(), shown: `${url.origin}${url.pathname}` };
}

/** Adds what the DAG sends. Throws DataError, which never repeats a header's value. */
export function withRequest(
  endpoint: Endpoint,
  { headers, query }: { readonly headers: Readonly<Record<string, string>>; readonly query: Readonly<Record<string, QueryValue>> },
): Endpoint {
  const url = new URL(endpoint.url);
  for (const [name, value] of Object.entries(query))
    if (value !== null) url.searchParams.append(name, value instanceof Date ? value.toISOString() : String(value));
  const all = new Headers(endpoint.headers);
  for (const [name, value] of Object.entries(headers)) {
    try {
      all.set(name, value);
    } catch {
      throw new DataError('HR_HTTP_HEADER', `${endpoint.shown}: the header ${JSON.stringify(name)} or its value cannot be sent`);
    }
  }
  return { ...endpoint, url, headers: all };
}

/** What the URL of a connection says about who asks, taken out of it. */
function takeCredentials(url: URL, where: string): string | undefined {
  const token = url.searchParams.get(TOKEN_PARAMETER);
  const { username, password } = url;
  url.searchParams.delete(TOKEN_PARAMETER);
  url.username = '';
  url.password = '';
  if (token !== null) {
    if (/^[\x21-\x7e]+$/.test(token)) return `Bearer ${token}`;
    throw new DataError('HR_CONNECTION_URL', `The bearerToken of ${where} cannot be sent: it must be ASCII text without spaces`);
  }
  if (username === '' && password === '') return undefined;
  try {
    return `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`;
  } catch {
    throw new DataError('HR_CONNECTION_URL', `User and password of ${where} are not encoded as in a URL: write "%" as %25`);
  }
}

function splitAt(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
