/**
 * What OpenLineage calls our places: https://openlineage.io/docs/spec/naming
 *
 * D1. A name follows from the connection's URL and the place in it, so that another tool that reads the same table says the same.
 * D2. Nothing of a URL but its scheme, host, port, database and path gets into a name: no user, no password, no parameter.
 */

export interface DatasetName {
  readonly namespace: string;
  readonly name: string;
}

export interface NamedPlace {
  readonly connection: string;
  readonly name: string;
}

/** Scheme, hosts, path. Not `URL`: it knows no list of hosts. */
const URL_PARTS = /^([a-z][a-z0-9+.-]*):\/\/(?:[^@/?#]*@)?([^/?#]*)([^?#]*)/i;

const SCHEMES: Readonly<Record<string, string>> = {
  postgresql: 'postgres',
  mariadb: 'mysql',
  'mongodb+srv': 'mongodb',
  gcs: 'gs',
  s3a: 's3',
};
const PORTS: Readonly<Record<string, string>> = { postgres: '5432', mysql: '3306', mongodb: '27017', sftp: '22' };

/** `url` of the connection; undefined where it is not known. */
export function datasetName({ connection, name }: NamedPlace, url: string | undefined): DatasetName {
  const [, written = '', hosts = '', path = ''] = URL_PARTS.exec(url ?? '') ?? [];
  const given = written.toLowerCase();
  const scheme = SCHEMES[given] ?? given;
  const database = decoded(path.replace(/^\/+|\/+$/g, ''));
  switch (scheme) {
    case '':
      return { namespace: `headrace://${encodeURIComponent(connection)}`, name };
    case 'postgres':
      return { namespace: place(scheme, hosts), name: `${database || 'postgres'}.${name.includes('.') ? name : `public.${name}`}` };
    case 'mysql':
    case 'mongodb':
      return { namespace: place(scheme, hosts), name: name.includes('.') || database === '' ? name : `${database}.${name}` };
    case 'file':
      return { namespace: 'file', name: joined(`/${database}`, name) };
    case 's3':
    case 'gs':
      return { namespace: `${scheme}://${hosts}`, name: joined(database, name) };
    default:
      return { namespace: place(scheme, hosts), name: joined(database, name) };
  }
}

/** Of several hosts the first: all of them are one system. */
function place(scheme: string, hosts: string): string {
  const [host = ''] = hosts.split(',');
  const port = PORTS[scheme];
  const hasPort = /(?:^[^:[\]]*|\]):\d+$/.test(host);
  return `${scheme}://${host || 'localhost'}${hasPort || port === undefined ? '' : `:${port}`}`;
}

function joined(folder: string, name: string): string {
  const inside = name.replace(/^\/+/, '');
  return folder === '' || folder === '/' ? `${folder}${inside}` : `${folder}/${inside}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
