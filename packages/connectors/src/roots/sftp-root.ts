/**
 * Files on an SFTP server. A file is written under another name beside its own and then renamed, so that nobody sees a part of it
 * (`posix-rename@openssh.com`, which OpenSSH and most others have).
 */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { posix } from 'node:path';
import {
  checkedGlob,
  checkedPath,
  DataError,
  type FileFacts,
  FileNotFoundError,
  type FileRoot,
  prefixOfGlob,
  urlOf,
} from '@headrace/dataplane';
import type { Stats } from 'ssh2';
import { type FileEntry, isFailure, isMissing, openSftpSession } from './sftp-session.ts';
import { sftpSettings } from './sftp-settings.ts';
import { readRemote, writeRemote } from './sftp-transfer.ts';

const { matchesGlob } = posix;
/** Marks files that are being written; nobody sees them in a listing. */
const UNFINISHED = '.headrace-unfinished-';
/** Folders that are looked into at the same time. */
const AT_ONCE = 8;
const DISK_FULL_BELOW = 64 * 1024;

type Done = (error?: Error | null) => void;

export function openSftpRoot(connection: string, url: URL): FileRoot {
  const settings = sftpSettings(connection, url);
  const session = openSftpSession(settings);
  const { folder } = settings;
  const remote = (path: string): string => (path === '' ? folder || '/' : `${folder}/${path}`);
  const shown = (path: string): string => urlOf(root, path);

  async function stat(path: string): Promise<Stats | undefined> {
    try {
      return await session.ask<Stats>(`look at ${shown(path)}`, (sftp, done) => sftp.stat(remote(path), done));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** Files below a folder, those of `wanted` folders only. A link to a file is that file; a link to a folder is not followed. */
  async function walk(start: string, wanted: (folder: string) => boolean): Promise<FileFacts[]> {
    const found: FileFacts[] = [];
    let level = [start];
    while (level.length > 0) {
      const below: string[] = [];
      for (let at = 0; at < level.length; at += AT_ONCE)
        await Promise.all(level.slice(at, at + AT_ONCE).map((path) => look(path, found, below)));
      level = below.filter(wanted);
    }
    return found;
  }

  async function look(path: string, found: FileFacts[], below: string[]): Promise<void> {
    let entries: FileEntry[];
    try {
      entries = await session.ask<FileEntry[]>(`list ${shown(path)}`, (sftp, done) => sftp.readdir(remote(path), done));
    } catch (error) {
      if (isMissing(error)) return;
      throw error;
    }
    for (const { filename, attrs } of entries) {
      const name = path === '' ? filename : `${path}/${filename}`;
      if (filename === '.' || filename === '..' || filename.startsWith(UNFINISHED)) continue;
      const type = attrs.mode & constants.S_IFMT;
      if (type === constants.S_IFDIR) below.push(name);
      else if (type === constants.S_IFREG) found.push(factsOf(name, attrs));
      else if (type === constants.S_IFLNK) {
        const facts = await root.facts(name);
        if (facts) found.push(facts);
      }
    }
  }

  async function makeFolder(path: string): Promise<void> {
    if (path === '' || path === '.' || path === '/') return;
    const ask = (): Promise<void> => session.ask<void>(`make the folder ${path}`, (sftp, done) => sftp.mkdir(path, done as Done));
    try {
      await ask();
    } catch (error) {
      if (isMissing(error)) {
        await makeFolder(posix.dirname(path));
        return makeFolder(path);
      }
      // It is there already, which SFTP has no name for.
      const there = await session.ask<Stats>(`look at ${path}`, (sftp, done) => sftp.stat(path, done)).catch(() => undefined);
      if (!there?.isDirectory()) throw error;
    }
  }

  /** Writes under another name, then has `finish` give it its own. */
  async function place(
    path: string,
    from: { readonly file: string } | { readonly text: string },
    finish: (unfinished: string, destination: string) => Promise<void>,
  ): Promise<void> {
    const destination = remote(checkedPath(path));
    await makeFolder(posix.dirname(destination));
    const unfinished = `${posix.dirname(destination)}/${UNFINISHED}${randomUUID()}`;
    try {
      await writeRemote(session, from, unfinished, shown(path));
      await finish(unfinished, destination);
    } catch (error) {
      throw isFailure(error) && (await isFull(posix.dirname(destination))) ? diskFull(shown(path), error) : error;
    } finally {
      await session.ask<void>('tidy up', (sftp, done) => sftp.unlink(unfinished, done as Done)).catch(() => {});
    }
  }

  async function isFull(path: string): Promise<boolean> {
    const space = session.ask<{ f_bavail?: number; f_frsize?: number }>('ask for free space', (sftp, done) =>
      sftp.ext_openssh_statvfs(path, done),
    );
    return space.then(
      ({ f_bavail, f_frsize }) => Number(f_bavail) * Number(f_frsize) < DISK_FULL_BELOW,
      () => false,
    );
  }

  const root: FileRoot = {
    url: `sftp://${settings.host}:${settings.port}${folder.startsWith('.') ? `/~${folder.slice(1)}` : folder}/`,
    localPath: () => undefined,

    async read(path) {
      try {
        return await readRemote(session, remote(checkedPath(path)), shown(path));
      } catch (error) {
        if (isMissing(error)) throw new FileNotFoundError(shown(path));
        throw error;
      }
    },

    async size(path) {
      return (await root.facts(path))?.bytes;
    },

    async facts(path) {
      const found = await stat(checkedPath(path));
      return found?.isFile() ? factsOf(path, found) : undefined;
    },

    async list(prefix) {
      // Only the folder that the prefix names is walked, never the whole root for one table.
      const start = prefix.includes('/') ? prefix.slice(0, prefix.lastIndexOf('/')) : '';
      const found = await walk(start, (path) => path.startsWith(prefix) || prefix.startsWith(`${path}/`));
      return found
        .map(({ path }) => path)
        .filter((path) => path.startsWith(prefix))
        .sort();
    },

    async find(glob) {
      const fixed = prefixOfGlob(checkedGlob(glob));
      const start = fixed.includes('/') ? fixed.slice(0, fixed.lastIndexOf('/')) : '';
      const depth = glob.includes('**') || /[{(]/.test(glob) ? Number.POSITIVE_INFINITY : glob.split('/').length - 1;
      const found = await walk(
        start,
        (path) => path.split('/').length <= depth && (path.startsWith(fixed) || fixed.startsWith(`${path}/`)),
      );
      return found.filter(({ path }) => matchesGlob(path, glob)).sort((a, b) => (a.path < b.path ? -1 : 1));
    },

    publish: (localFile, path) =>
      place(path, { file: localFile }, (unfinished, destination) =>
        session.ask<void>(`put ${shown(path)} in its place`, (sftp, done) =>
          sftp.ext_openssh_rename(unfinished, destination, done as Done),
        ),
      ),

    async create(path, text) {
      if ((await stat(checkedPath(path))) !== undefined) return false;
      try {
        // SFTP's own rename, unlike POSIX's, fails when there is something already.
        await place(path, { text }, (unfinished, destination) =>
          session.ask<void>(`create ${shown(path)}`, (sftp, done) => sftp.rename(unfinished, destination, done as Done)),
        );
        return true;
      } catch (error) {
        if (isFailure(error) && (await stat(path)) !== undefined) return false;
        throw error;
      }
    },

    async remove(path) {
      const file = remote(checkedPath(path));
      try {
        await session.ask<void>(`delete ${shown(path)}`, (sftp, done) => sftp.unlink(file, done as Done));
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    },

    async close() {
      session.close();
    },
  };
  return root;
}

/** SFTP tells whole seconds, and only when a file was last written. */
function factsOf(path: string, { size, mtime }: { readonly size: number; readonly mtime: number }): FileFacts {
  const modifiedAt = new Date(mtime * 1000);
  return { path, bytes: size, modifiedAt, changedAt: modifiedAt };
}

function diskFull(url: string, cause: unknown): DataError {
  return new DataError('HR_DISK_FULL', `${url} cannot be written: the server's disk, or the user's quota, is full. Nothing was published`, {
    cause,
    retryable: true,
  });
}
