/**
 * A connection's fields and the URL that connectors take: each is made of the other.
 *
 * U1. Fields are plain text; what a URL must escape is escaped here, and nowhere else.
 * U2. No error repeats a URL: it may hold a password.
 */
import { type ConnectionType, connectionType, typeNames, typeOfProtocol } from './connection-types.ts';
import { InvalidConnectionError } from './errors.ts';

export interface ConnectionParts {
  readonly connType: string;
  readonly protocol?: string;
  readonly host?: string;
  readonly port?: number;
  readonly login?: string;
  readonly password?: string;
  readonly schema?: string;
  readonly extra: Readonly<Record<string, string>>;
}

const SCHEME = /^[a-z][a-z0-9+.-]*$/i;
const HOST = /^[^\s/?#@]+$/;
/** scheme, user and password, hosts, path, query. Not `URL`: it knows no list of hosts. */
const URL_PARTS = /^([a-z][a-z0-9+.-]*):\/\/(?:([^@/?#]*)@)?([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?$/i;

/** Throws InvalidConnectionError. */
export function connectionUrl(connId: string, parts: ConnectionParts): string {
  const refuse = (what: string): InvalidConnectionError => new InvalidConnectionError(connId, what);
  const type = connectionType(parts.connType);
  if (type === undefined) throw refuse(`there is no type "${parts.connType}"; there are ${typeNames.join(', ')}`);
  const { protocol, schema } = schemeOf(type, parts);
  if (!SCHEME.test(protocol) || (type.name !== 'generic' && !type.protocols.includes(protocol)))
    throw refuse(`a connection of type "${type.name}" cannot be "${protocol}"; it can be ${type.protocols.join(' or ')}`);
  for (const field of type.required)
    if ((field === 'schema' ? schema : parts[field]) === undefined) throw refuse(`it needs ${field}: ${type.fields[field]}`);
  const { host, port, login, password, extra } = parts;
  if (host !== undefined && (!HOST.test(host) || (host.includes(',') && type.severalHosts !== true)))
    throw refuse('its host must be a name or an address, without spaces, "/", "?", "#" and "@"');
  if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_535))
    throw refuse('its port must be a number from 1 to 65535');
  const query = new URLSearchParams(extra);
  let user = '';
  if (type.credentials === 'authority') {
    if (login !== undefined || password !== undefined)
      user = `${encodeURIComponent(login ?? '')}${password === undefined ? '' : `:${encodeURIComponent(password)}`}@`;
  } else {
    if (login !== undefined) query.set(type.credentials.login, login);
    if (password !== undefined) query.set(type.credentials.password, password);
  }
  const place = `${bracketed(host ?? '', type)}${port === undefined ? '' : `:${port}`}`;
  const url = `${protocol}://${user}${place}${pathOf(schema)}${query.size === 0 ? '' : `?${query}`}`;
  if (!URL_PARTS.test(url) || (type.severalHosts !== true && !URL.canParse(url))) throw refuse('its fields make no valid URL');
  return url;
}

/** Throws InvalidConnectionError. */
export function parseConnectionUrl(connId: string, url: string): ConnectionParts {
  const [, scheme = '', user, hosts = '', path = '', search = ''] = URL_PARTS.exec(url.trim()) ?? [];
  if (scheme === '')
    throw new InvalidConnectionError(
      connId,
      'this is no URL: write scheme://user:password@host:port/path, with "@", "/", "?" and "#" in a password escaped (%40, %2F, %3F, %23)',
    );
  const protocol = scheme.toLowerCase();
  const type = typeOfProtocol(protocol);
  const extra = new Map(new URLSearchParams(search));
  const [login, password] = credentialsOf(connId, type, user, extra);
  const { host, port } = placeOf(type, hosts);
  const schema = decoded(connId, protocol === 'file' ? path : path.slice(1));
  return {
    connType: type.name,
    ...(type.protocols[0] === protocol ? {} : { protocol }),
    ...(host === '' ? {} : { host }),
    ...(port === undefined ? {} : { port }),
    ...(login === undefined || login === '' ? {} : { login }),
    ...(password === undefined || password === '' ? {} : { password }),
    ...(schema === '' ? {} : { schema }),
    extra: Object.fromEntries(extra),
  };
}

/** In Airflow the schema of an HTTP connection is `https`. */
function schemeOf(type: ConnectionType, { protocol, schema }: ConnectionParts): { protocol: string; schema?: string } {
  if (type.name === 'http' && (schema === 'http' || schema === 'https')) return { protocol: schema };
  return { protocol: protocol ?? type.protocols[0], ...(schema === undefined ? {} : { schema }) };
}

function bracketed(host: string, { severalHosts = false }: ConnectionType): string {
  return host.includes(':') && !host.startsWith('[') && !severalHosts ? `[${host}]` : host;
}

function pathOf(schema: string | undefined): string {
  if (schema === undefined) return '';
  const segments = schema.replace(/^\//, '').split('/');
  return `/${segments.map((segment) => encodeURIComponent(segment).replaceAll('%7E', '~')).join('/')}`;
}

function credentialsOf(
  connId: string,
  { credentials }: ConnectionType,
  user: string | undefined,
  extra: Map<string, string>,
): [login?: string, password?: string] {
  if (credentials !== 'authority') {
    const found = [credentials.login, credentials.password].map((name) => extra.get(name));
    extra.delete(credentials.login);
    extra.delete(credentials.password);
    return found as [string?, string?];
  }
  if (user === undefined) return [];
  const colon = user.indexOf(':');
  const [login, password] = colon < 0 ? [user, undefined] : [user.slice(0, colon), user.slice(colon + 1)];
  return [decoded(connId, login), ...(password === undefined ? [] : [decoded(connId, password)])] as [string, string?];
}

function placeOf({ severalHosts = false }: ConnectionType, hosts: string): { readonly host: string; readonly port?: number } {
  if (severalHosts && hosts.includes(',')) return { host: hosts };
  const [, host = hosts, port] = /^(.*?)(?::(\d+))?$/.exec(hosts) ?? [];
  return { host: host.replace(/^\[(.*)\]$/, '$1'), ...(port === undefined ? {} : { port: Number(port) }) };
}

function decoded(connId: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new InvalidConnectionError(connId, 'its user, password and path must be escaped as in a URL: write "%" as %25');
  }
}
