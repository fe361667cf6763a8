/**
 * What a connection's URL says about who asks, taken out of it:
 *
 * - `https://user:password@host/base`, or `?bearerToken=…`
 * - `?auth=apiKey&apiKey=…&header=X-Api-Key`, or `&parameter=api_key` for a parameter of the query
 * - `?auth=oauth2&tokenUrl=…&clientId=…&clientSecret=…`, with `scope`, `audience`, `clientAuth` (`basic`, or `body`), and `refreshToken` for
 *   that grant; without it, client_credentials.
 */
import { DataError } from '@headrace/dataplane';

export interface OAuthGrant {
  readonly tokenUrl: URL;
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly scope?: string;
  readonly audience?: string;
  readonly refreshToken?: string;
  /** Where the client's secret is sent: as a header, or in the form. */
  readonly clientAuth: 'basic' | 'body';
}

export interface Credentials {
  /** Name and value of a header. */
  readonly header?: readonly [string, string];
  readonly parameter?: readonly [string, string];
  readonly grant?: OAuthGrant;
  /** Texts that no message may hold. */
  readonly secrets: readonly string[];
}

const WAYS = ['none', 'basic', 'bearer', 'apiKey', 'oauth2'];
const SENDABLE = /^[\x21-\x7e]+$/;

/** Takes the credentials out of the URL, which is changed. Throws DataError HR_CONNECTION_URL, which repeats no value. */
export function takeCredentials(url: URL, where: string): Credentials {
  const take = (name: string): string | undefined => {
    const value = url.searchParams.get(name);
    url.searchParams.delete(name);
    return value === null || value === '' ? undefined : value;
  };
  const way = take('auth');
  if (way !== undefined && !WAYS.includes(way)) throw refused(where, `"auth" is none of ${WAYS.join(', ')}`);
  const token = take('bearerToken');
  const basic = takeBasic(url, where);
  if (way === 'apiKey') return apiKey(take, where);
  if (way === 'oauth2') return oauth(take, url, where);
  if (token !== undefined) {
    if (!SENDABLE.test(token)) throw refused(where, 'the bearerToken cannot be sent: it must be ASCII text without spaces');
    return { header: ['authorization', `Bearer ${token}`], secrets: [token] };
  }
  if (way === 'bearer') throw refused(where, 'auth=bearer needs a "bearerToken"');
  if (basic === undefined && way === 'basic') throw refused(where, 'auth=basic needs user and password: https://user:password@host/base');
  return basic ?? { secrets: [] };
}

function takeBasic(url: URL, where: string): Credentials | undefined {
  const { username, password } = url;
  url.username = '';
  url.password = '';
  if (username === '' && password === '') return undefined;
  try {
    const secret = decodeURIComponent(password);
    const encoded = Buffer.from(`${decodeURIComponent(username)}:${secret}`).toString('base64');
    return { header: ['authorization', `Basic ${encoded}`], secrets: [secret, encoded] };
  } catch {
    throw refused(where, 'user and password are not encoded as in a URL: write "%" as %25');
  }
}

function apiKey(take: (name: string) => string | undefined, where: string): Credentials {
  const [key, header, parameter] = [take('apiKey'), take('header'), take('parameter')];
  if (key === undefined) throw refused(where, 'auth=apiKey needs an "apiKey"');
  if ((header === undefined) === (parameter === undefined))
    throw refused(where, 'auth=apiKey needs either "header", the name of a header, or "parameter", the name of a parameter of the query');
  if (parameter !== undefined) return { parameter: [parameter, key], secrets: [key] };
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(header ?? '') || !/^[\x20-\x7e]+$/.test(key))
    throw refused(where, 'the apiKey cannot be sent in a header, or the header has no valid name');
  return { header: [header ?? '', key], secrets: [key] };
}

function oauth(take: (name: string) => string | undefined, base: URL, where: string): Credentials {
  const address = take('tokenUrl') ?? '';
  const clientId = take('clientId');
  const [clientSecret, scope, audience, refreshToken, clientAuth = 'basic'] = [
    take('clientSecret'),
    take('scope'),
    take('audience'),
    take('refreshToken'),
    take('clientAuth'),
  ];
  const tokenUrl = URL.canParse(address) ? new URL(address) : undefined;
  if (tokenUrl === undefined || !/^https?:$/.test(tokenUrl.protocol) || tokenUrl.username !== '' || tokenUrl.password !== '')
    throw refused(where, 'auth=oauth2 needs a "tokenUrl", an https:// URL, encoded as in a query and without user and password');
  if (tokenUrl.protocol === 'http:' && base.protocol === 'https:')
    throw refused(where, 'the tokenUrl is http://, where everybody on the way reads the secret: use https://');
  if (clientId === undefined) throw refused(where, 'auth=oauth2 needs a "clientId"');
  if (clientAuth !== 'basic' && clientAuth !== 'body') throw refused(where, '"clientAuth" is neither basic nor body');
  tokenUrl.hash = '';
  const grant: OAuthGrant = {
    tokenUrl,
    clientId,
    clientAuth,
    ...(clientSecret === undefined ? {} : { clientSecret }),
    ...(scope === undefined ? {} : { scope }),
    ...(audience === undefined ? {} : { audience }),
    ...(refreshToken === undefined ? {} : { refreshToken }),
  };
  return { grant, secrets: [clientSecret, refreshToken].filter((each) => each !== undefined) };
}

function refused(where: string, why: string): DataError {
  return new DataError('HR_CONNECTION_URL', `C${where.slice(1)}: ${why}`);
}
