/**
 * Objects as files below a folder.
 *
 * F1. A file under its key is always whole: it is written under another name, flushed to the disk, and then renamed.
 * F2. Nothing outside the folder is read or written, whatever the key.
 */

import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { ObjectNotFoundError, type ObjectStore } from '@headrace/ports';
import { assertKey, assertPrefix, assertRange, byBytes, InvalidObjectKeyError, incomingFolder } from './object-key.ts';

const renameTries = 5;

export function fileStore(folder: string): ObjectStore {
  const root = resolve(folder);
  const incoming = join(root, incomingFolder);
  const pathOf = (key: string): string => {
    assertKey(key);
    return join(root, ...key.split('/'));
  };

  return {
    async put(key, body) {
      const path = pathOf(key);
      await mkdir(incoming, { recursive: true });
      const draft = join(incoming, randomUUID());
      try {
        await writeDraft(draft, body);
        await moveInto(draft, path, key);
      } finally {
        await rm(draft, { force: true });
      }
    },

    async get(key, range) {
      assertRange(range);
      const handle = await open(pathOf(key), 'r').catch((error: unknown) => {
        throw isAbsent(error) ? new ObjectNotFoundError(key) : error;
      });
      try {
        const info = await handle.stat();
        if (!info.isFile()) throw new ObjectNotFoundError(key);
        const { start = 0, end = info.size } = range ?? {};
        if (start < Math.min(end, info.size)) return handle.createReadStream({ start, end: end - 1 });
        await handle.close();
        return Readable.from([]);
      } catch (error) {
        await handle.close();
        throw error;
      }
    },

    async head(key) {
      const info = await stat(pathOf(key)).catch(absentAsUndefined);
      return info?.isFile() ? { size: info.size, modifiedAt: Math.floor(info.mtimeMs) } : undefined;
    },

    async *list(prefix) {
      assertPrefix(prefix);
      const last = prefix.lastIndexOf('/');
      yield* walk(root, last === -1 ? '' : prefix.slice(0, last + 1), prefix);
    },

    async delete(key) {
      const path = pathOf(key);
      await rm(path, { force: true }).catch((error: unknown) => {
        // A folder under this name is no object.
        if (!isAbsent(error) && codeOf(error) !== 'ERR_FS_EISDIR') throw error;
      });
      await removeEmptyFolders(dirname(path), root);
    },
  };
}

async function writeDraft(draft: string, body: Uint8Array | Readable): Promise<void> {
  const handle = await open(draft, 'wx');
  try {
    if (body instanceof Uint8Array) await handle.writeFile(body);
    else for await (const chunk of body) await writeAll(handle, typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let written = 0; written < chunk.length; ) written += (await handle.write(chunk, written)).bytesWritten;
}

/** A delete next door may remove the folder between its making and the rename: then it is made again. */
async function moveInto(draft: string, path: string, key: string): Promise<void> {
  for (let left = renameTries; ; left--) {
    try {
      await mkdir(dirname(path), { recursive: true });
      await rename(draft, path);
      return await syncFolder(dirname(path));
    } catch (error) {
      const code = codeOf(error);
      if (code === 'EISDIR' || code === 'ENOTEMPTY')
        throw new InvalidObjectKeyError(key, 'objects exist below it, and a file cannot be a folder');
      if (code === 'ENOTDIR' || code === 'EEXIST')
        throw new InvalidObjectKeyError(key, 'an object exists above it, and a file cannot be a folder');
      if (code !== 'ENOENT' || left <= 1) throw error;
    }
  }
}

/** Makes the rename itself durable. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(absentAsUndefined);
  try {
    await handle?.sync();
  } finally {
    await handle?.close();
  }
}

/** Files whose key begins with the prefix, in key order. `at` is the folder's key with its `/`, or empty. */
async function* walk(root: string, at: string, prefix: string): AsyncGenerator<{ key: string; size: number }> {
  const entries = (await readdir(join(root, at), { withFileTypes: true }).catch(absentAsUndefined)) ?? [];
  const keys = entries
    .filter((entry) => entry.isFile() || (entry.isDirectory() && at + entry.name !== incomingFolder))
    .map((entry) => (entry.isDirectory() ? `${at}${entry.name}/` : at + entry.name))
    .sort(byBytes);
  for (const key of keys) {
    if (key.endsWith('/')) {
      if (key.startsWith(prefix) || prefix.startsWith(key)) yield* walk(root, key, prefix);
    } else if (key.startsWith(prefix)) {
      const info = await stat(join(root, key)).catch(absentAsUndefined);
      if (info !== undefined) yield { key, size: info.size };
    }
  }
}

async function removeEmptyFolders(folder: string, root: string): Promise<void> {
  for (let at = folder; at !== root && at.startsWith(root); at = dirname(at)) {
    try {
      await rmdir(at);
    } catch {
      // Not empty, or gone: nothing above it is empty either, or someone else is at it.
      return;
    }
  }
}

function absentAsUndefined(error: unknown): undefined {
  if (!isAbsent(error)) throw error;
}

function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '');
}

function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
}
