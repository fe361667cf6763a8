import { DataError, type FileRoot } from '@headrace/dataplane';
import type { ConnectionSettings } from '@headrace/sdk';
import { openLocalRoot } from './local-root.ts';

const FORMS = 'file:///folder, s3://bucket/prefix, sftp://user@host/folder or https://host/folder (only to read)';

/**
 * Opens the root of a connection: `file:///folder`, `s3://bucket/prefix?region=…`, `sftp://user:password@host/folder?hostKey=…`, or
 * `https://host/folder`. What speaks to a server is loaded when it is needed, and connects with the first request.
 * Throws DataError for any other URL.
 */
export async function openRoot(settings: ConnectionSettings): Promise<FileRoot> {
  const { id, url } = settings;
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new DataError('HR_CONNECTION_URL', `Connection "${id}" has no valid URL: use ${FORMS}`);
  }
  switch (parsed.protocol) {
    case 'file:':
      return openLocalRoot(parsed);
    case 's3:':
      return (await import('./s3-root.ts')).openS3Root(id, parsed);
    case 'sftp:':
      return (await import('./sftp-root.ts')).openSftpRoot(id, parsed);
    case 'http:':
    case 'https:':
      return (await import('./http-root.ts')).openHttpRoot(settings);
    default:
      throw new DataError('HR_CONNECTION_URL', `Connection "${id}" is ${parsed.protocol}//…, which holds no files: use ${FORMS}`);
  }
}
