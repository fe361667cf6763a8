/** Files on the local disk. Everything that is published is on the disk, not only in its cache, before it can be seen. */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, glob as filesByGlob, link, mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { checkedGlob, checkedPath, type FileFacts, FileNotFoundError, type FileRoot, urlOf } from '@headrace/dataplane';

/** Marks files that are being written; nobody sees them in a listing. */
const UNFINISHED = '.headrace-unfinished-';

export function openLocalRoot(url: URL): FileRoot {
  const folder = fileURLToPath(url);
  const pathOf = (path: string): string => join(folder, checkedPath(path));

  /** Writes next to the destination, so that the last step is one rename or link in one file system. */
  async function place(
    path: string,
    write: (file: string) => Promise<void>,
    finish: (unfinished: string, destination: string) => Promise<void>,
  ): Promise<void> {
    const destination = pathOf(path);
    await mkdir(dirname(destination), { recursive: true });
    const unfinished = join(dirname(destination), `${UNFINISHED}${randomUUID()}`);
    try {
      await write(unfinished);
      await flush(unfinished);
      await finish(unfinished, destination);
      await flush(dirname(destination));
    } finally {
      await rm(unfinished, { force: true });
    }
  }

  const root: FileRoot = {
    url: url.href,
    localPath: pathOf,

    async read(path): Promise<Readable> {
      if ((await root.size(path)) === undefined) throw new FileNotFoundError(urlOf(root, path));
      return createReadStream(pathOf(path));
    },

    async size(path) {
      return (await root.facts(path))?.bytes;
    },

    async facts(path) {
      try {
        const found = await stat(pathOf(path));
        if (!found.isFile()) return undefined;
        const { size: bytes, mtimeMs, ctimeMs } = found;
        return { path, bytes, modifiedAt: new Date(mtimeMs), changedAt: new Date(Math.max(mtimeMs, ctimeMs)) };
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },

    async list(prefix) {
      // Only the folder that the prefix names is walked, never the whole root for one table.
      const start = prefix.includes('/') ? prefix.slice(0, prefix.lastIndexOf('/')) : '';
      const found: string[] = [];
      try {
        for (const entry of await readdir(join(folder, start), { recursive: true, withFileTypes: true })) {
          if (entry.isFile() && !entry.name.startsWith(UNFINISHED))
            found.push(relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'));
        }
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
      return found.filter((path) => path.startsWith(prefix)).sort();
    },

    async find(glob) {
      const found: FileFacts[] = [];
      for await (const match of filesByGlob(checkedGlob(glob), { cwd: folder })) {
        const path = match.split(sep).join('/');
        if (path === '.' || basename(path).startsWith(UNFINISHED)) continue;
        // A folder, or gone meanwhile.
        const facts = await root.facts(path);
        if (facts !== undefined) found.push(facts);
      }
      return found.sort((a, b) => (a.path < b.path ? -1 : 1));
    },

    publish: (localFile, path, final = false) =>
      place(path, (file) => (final ? linkFile(localFile, file) : copyFile(localFile, file)), rename),

    async create(path, text) {
      try {
        await place(
          path,
          async (file) => {
            const handle = await open(file, 'wx');
            await handle.writeFile(text).finally(() => handle.close());
          },
          link,
        );
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
        throw error;
      }
    },

    async remove(path) {
      await unlink(pathOf(path)).catch((error: unknown) => {
        if (!isMissing(error)) throw error;
      });
    },

    async close() {},
  };
  return root;
}

/** Where the file cannot have a second name, because it is on another disk, for example, it is copied. */
async function linkFile(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to));
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r');
  await handle.sync().finally(() => handle.close());
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
