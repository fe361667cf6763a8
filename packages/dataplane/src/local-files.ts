/** Brings files of a root to where DuckDB can read them. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Work } from './connector.ts';
import { FileNotFoundError } from './errors.ts';
import { checkedPath, type FileRoot, urlOf } from './file-root.ts';

const AT_ONCE = 4;

/** Local paths of the files, in the same order: the files themselves where the root is local, else copies in the scratch directory. */
export async function localFiles(root: FileRoot, paths: readonly string[], work: Work, folder: string): Promise<readonly string[]> {
  const local: string[] = [];
  for (let start = 0; start < paths.length; start += AT_ONCE) {
    local.push(...(await Promise.all(paths.slice(start, start + AT_ONCE).map((path) => localFile(root, path, work, folder)))));
  }
  return local;
}

/** Throws FileNotFoundError, with the nearest names in the same folder. */
export async function localFile(root: FileRoot, path: string, work: Work, folder: string): Promise<string> {
  checkedPath(path);
  const here = root.localPath(path);
  if (here !== undefined) {
    if ((await root.size(path)) === undefined) throw await notFound(root, path);
    return here;
  }
  if ((await root.size(path)) === undefined) throw await notFound(root, path);
  // The whole path is kept: partition values are read from it.
  const copy = join(work.scratch, folder, path);
  await mkdir(dirname(copy), { recursive: true });
  await pipeline(await root.read(path), createWriteStream(copy), { signal: work.signal });
  return copy;
}

/** An error that offers the nearest names in the same folder. */
export async function notFound(root: FileRoot, path: string): Promise<FileNotFoundError> {
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/') + 1) : '';
  // A root that cannot list its files has no names to offer.
  const near = (await root.list(folder).catch(() => [])).filter((other) => !other.slice(folder.length).includes('/')).slice(0, 1000);
  return new FileNotFoundError(urlOf(root, path), near, path);
}
