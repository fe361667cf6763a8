/**
 * Where a request goes and what it carries there.
 *
 * E1. What a connection's URL holds besides its address is secret: it is in no message, and it is sent only to the address's own host.
 * E2. A path from a DAG never leads out of the connection's address.
 */
import { DataError } from '@headrace/dataplane';
import type { ConnectionSettings } from '@headrace/sdk';
import { type OAuthGrant, takeCredentials } from './credentials.ts';

export interface Endpoint {
  readonly url: URL;
  readonly headers: Headers;
  /** For messages; without query and secrets. */
  readonly shown: string;
  /** A token of this grant is to be sent, too: see `authorize`. */
  readonly grant?: OAuthGrant;
  /** It says who asks, and may go to no other host. */
  readonly confined: boolean;
  /** Texts that no message may hold. */
  readonly secrets: readonly string[];
}

export type QueryValue = string | number | bigint | boolean | Date | null;

/** The address of a request to `path` below a connection. Throws DataError. */
export function connectionEndpoint(settings: ConnectionSettings, path: string): Endpoint {
  const where = `connection "${settings.id}"`;
  const url = URL.canParse(settings.url) ? new URL(settings.url) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new DataError(
      'HR_CONNECTION_URL',
      `C${where.slice(1)} has no valid URL: use https://user:password@host/base, https://host/base?bearerToken=… or https://host/base?auth=…`,
    );
  const { header, parameter, grant, secrets } = takeCredentials(url, where);
  if (parameter !== undefined) url.searchParams.set(...parameter);
  const base = url.pathname.replace(/\/+$/, '');
  const [name = '', query] = splitAt(path, '?');
  if (name !== '') url.pathname = `${base}/${name.replace(/^\//, '')}`;
  if (name !== '' && !url.pathname.startsWith(`${base}/`))
    throw new DataError('HR_HTTP_PATH', `The path "${name}" leads out of the address of ${where}: leave out ".."`);
  for (const [key, value] of new URLSearchParams(query)) url.searchParams.append(key, value);
  url.hash = '';
  const headers = new Headers(header === undefined ? [] : [[...header]]);
  const confined = header !== undefined || parameter !== undefined || grant !== undefined;
  return { url, headers, shown: `${name === '' ? '/' : name} of ${where}`, secrets, confined, ...(grant === undefined ? {} : { grant }) };
}

/**
 * The address that a server has given, relative to where it was asked: what to ask next. What the connection's URL says goes with it again.
 * Throws DataError for one at another host, which must not be told what is sent here.
 */
export function givenEndpoint(base: Endpoint, asked: URL, given: string): Endpoint {
  const url = URL.canParse(given, asked.href) ? new URL(given, asked.href) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new DataError('HR_HTTP_NEXT', `${base.shown}: the next address is none`);
  if (url.origin !== base.url.origin)
    throw new DataError('HR_HTTP_NEXT', `${base.shown} goes on at ${url.origin}, which must not be told what is sent here`);
  url.hash = '';
  for (const name of new Set(base.url.searchParams.keys())) {
    url.searchParams.delete(name);
    for (const value of base.url.searchParams.getAll(name)) url.searchParams.append(name, value);
  }
  return { ...base, url };
}

/** The address of a request to a URL that a DAG holds. Throws DataError. */
export function plainEndpoint(text: string): Endpoint {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new DataError('HR_HTTP_PATH', 'The address is no http:// or https:// URL');
  if (url.username !== '' || url.password !== '')
    throw new DataError('HR_HTTP_PATH', `The address of ${url.host} holds a password: put it into a connection`);
  url.hash = '';
  return { url, headers: new Headers(), shown: `${url.origin}${url.pathname}`, secrets: [], confined: false };
}

/** A token that the endpoint's grant has given goes with the request. */
export function withToken(endpoint: Endpoint, token: string): Endpoint {
  const headers = new Headers(endpoint.headers);
  headers.set('authorization', `Bearer ${token}`);
  return { ...endpoint, headers, secrets: [...endpoint.secrets, token], confined: true };
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

function splitAt(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
