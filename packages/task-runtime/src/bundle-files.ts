/** Bundles as files, under their hash, so that a task process can import them. */

import { randomUUID } from 'node:crypto';
import { access, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface BundleCode {
  /** Content hash of the code. */
  readonly hash: string;
  /** One ES module. */
  readonly code: string;
  readonly sourceMap?: string;
}

const HASH = /^[\w-]{8,128}$/;

/** Writes a bundle, unless it is there already, and answers with its path. Atomic: other workers may share the folder. */
export async function writeBundle(dir: string, { hash, code, sourceMap }: BundleCode): Promise<string> {
  if (!HASH.test(hash)) throw new RangeError(`"${hash}" is not a content hash`);
  const path = join(dir, `${hash}.mjs`);
  if (await exists(path)) return path;
  await mkdir(dir, { recursive: true });
  if (sourceMap !== undefined) await writeWhole(`${path}.map`, sourceMap);
  const named = /\/\/[#@] sourceMappingURL=[^\n]*\s*$/;
  const linked = sourceMap === undefined ? code : `${code.replace(named, '')}\n//# sourceMappingURL=${hash}.mjs.map\n`;
  await writeWhole(path, linked);
  return path;
}

async function writeWhole(path: string, content: string): Promise<void> {
  const unfinished = `${path}.${randomUUID()}`;
  await writeFile(unfinished, content);
  await rename(unfinished, path);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
