/** Which store a URL means. */

import { fileURLToPath } from 'node:url';
import type { ObjectStore } from '@headrace/ports';
import { fileStore } from './file-store.ts';
import { type S3Location, s3Store } from './s3-store.ts';

const s3Settings = ['endpoint', 'region', 'pathStyle', 'accessKeyId', 'secretAccessKey'];

/**
 * `file:///folder`, or `s3://bucket/prefix?endpoint=…&region=…&pathStyle=true&accessKeyId=…&secretAccessKey=…` with every setting
 * optional (region: AWS_REGION or us-east-1; credentials: as the AWS SDK finds them). Connects to nothing. Throws ObjectStoreUrlError.
 */
export function createObjectStore(url: string): ObjectStore {
  if (!URL.canParse(url)) throw new ObjectStoreUrlError('it is not a URL');
  const parsed = new URL(url);
  switch (parsed.protocol) {
    case 'file:':
      if (parsed.host !== '') throw new ObjectStoreUrlError('a file URL has three slashes: file:///var/lib/headrace');
      return fileStore(fileURLToPath(parsed));
    case 's3:':
      return s3Store(s3Location(parsed));
    default:
      throw new ObjectStoreUrlError(`it begins with "${parsed.protocol}"`);
  }
}

function s3Location(url: URL): S3Location {
  const settings = url.searchParams;
  for (const name of settings.keys()) {
    if (!s3Settings.includes(name))
      throw new ObjectStoreUrlError(`it has the unknown setting "${name}"; known are ${s3Settings.join(', ')}`);
  }
  if (url.hostname === '') throw new ObjectStoreUrlError('it names no bucket');
  const pathStyle = settings.get('pathStyle') ?? 'false';
  if (pathStyle !== 'true' && pathStyle !== 'false') throw new ObjectStoreUrlError('pathStyle is true or false');
  const endpoint = settings.get('endpoint');
  if (endpoint !== null && !/^https?:\/\/./.test(endpoint)) throw new ObjectStoreUrlError('its endpoint is not an http:// or https:// URL');
  const accessKeyId = settings.get('accessKeyId');
  const secretAccessKey = settings.get('secretAccessKey');
  if ((accessKeyId === null) !== (secretAccessKey === null))
    throw new ObjectStoreUrlError('accessKeyId and secretAccessKey belong together');
  const folder = decodeURIComponent(url.pathname).replace(/^\/+|\/+$/g, '');
  return {
    bucket: url.hostname,
    prefix: folder === '' ? '' : `${folder}/`,
    region: settings.get('region') ?? process.env.AWS_REGION ?? 'us-east-1',
    pathStyle: pathStyle === 'true',
    ...(endpoint === null ? {} : { endpoint }),
    ...(accessKeyId === null || secretAccessKey === null ? {} : { credentials: { accessKeyId, secretAccessKey } }),
  };
}

export class ObjectStoreUrlError extends Error {
  readonly code = 'HR_OBJECT_STORE_URL';
  constructor(why: string) {
    super(`The URL of the object store cannot be used: ${why}. Use file:///folder or s3://bucket/prefix?region=…`);
    this.name = 'ObjectStoreUrlError';
  }
}
