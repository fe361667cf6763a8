import { DataError, type FileRoot } from '@headrace/dataplane';
import type { ConnectionSettings } from '@headrace/sdk';
import { openLocalRoot } from './local-root.ts';

/**
 * Opens the root of a connection: `file:///folder`, or `s3://bucket/prefix?region=…`. The S3 client is loaded when it is needed.
 * Throws DataError for any other URL.
 */
export async function openRoot({ id, url }: ConnectionSettings): Promise<FileRoot> {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new DataError('HR_CONNECTION_URL', `Connection "${id}" has no valid URL: use file:///folder or s3://bucket/prefix`);
  }
  if (parsed.protocol === 'file:') return openLocalRoot(parsed);
  if (parsed.protocol === 's3:') return (await import('./s3-root.ts')).openS3Root(id, parsed);
  throw new DataError(
    'HR_CONNECTION_URL',
    `Connection "${id}" is ${parsed.protocol}//…, which holds no files: use file:///folder or s3://bucket/prefix`,
  );
}
