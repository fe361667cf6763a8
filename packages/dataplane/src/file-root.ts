/**
 * Files under a connection's root, on the local disk or in S3: the same calls, the same promises.
 *
 * F1. Paths are relative, with `/`, and never lead out of the root.
 * F2. A published file is whole: a reader sees the old one or the new one.
 * F3. `create` succeeds for exactly one of many writers, which is what the lake's commits rest on.
 */
import type { Readable } from 'node:stream';

/** What is known of a file without reading it. */
export interface FileFacts {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedAt: Date;
  /** When it was last written, or came to where it is: a file that is moved keeps its `modifiedAt`. */
  readonly changedAt: Date;
}

export interface FileRoot {
  /** The root's URL, without credentials: for messages. */
  readonly url: string;
  /** The path on the local disk, when the root is there. The file need not exist. */
  localPath(path: string): string | undefined;
  /** Throws FileNotFoundError. */
  read(path: string): Promise<Readable>;
  /** Undefined when there is none. */
  size(path: string): Promise<number | undefined>;
  /** Undefined when there is no such file. */
  facts(path: string): Promise<FileFacts | undefined>;
  /** Paths that begin with the prefix, sorted. */
  list(prefix: string): Promise<readonly string[]>;
  /** Files whose paths match a glob as `checkedGlob` has it, sorted by path. */
  find(glob: string): Promise<readonly FileFacts[]>;
  /**
   * Puts a local file at the path, whole or not at all, over what is there. `final`: nobody changes the local file any more, so that a root
   * on the same disk may take it as it is.
   */
  publish(localFile: string, path: string, final?: boolean): Promise<void>;
  /** Puts small text at a path where nothing is. False when there is something already. */
  create(path: string, text: string): Promise<boolean>;
  /** Nothing is not an error. */
  remove(path: string): Promise<void>;
  close(): Promise<void>;
}

/** A path of plain segments. Throws TypeError for one that could lead elsewhere. */
export function checkedPath(path: string): string {
  if (
    path === '' ||
    path.startsWith('/') ||
    path.includes('\\') ||
    path.includes('\0') ||
    path.split('/').some((part) => part === '' || part === '.' || part === '..')
  ) {
    throw new TypeError(`"${path}" is not a path inside a connection's root: use names separated by single "/"`);
  }
  return path;
}

/**
 * A glob of `*`, `?`, `**`, `[…]` and `{…,…}` over paths inside a root; a name that begins with a dot is matched only by a dot.
 * Throws TypeError for one that could lead elsewhere.
 */
export function checkedGlob(glob: string): string {
  const leadsOut = glob.split(/[/{},|()]/).includes('..') || /[{,|(]\//.test(glob);
  if (leadsOut || glob.includes('\0') || glob.includes('\\') || glob.split('/').includes(''))
    throw new TypeError(`"${glob}" is not a glob inside a connection's root: use names and patterns separated by single "/"`);
  return glob;
}

/** What all paths that a glob matches begin with. */
export function prefixOfGlob(glob: string): string {
  return /^[^*?[\]{}()!+@|]*/.exec(glob)?.[0] ?? '';
}

/** The URL of a path under the root, for messages. */
export function urlOf(root: FileRoot, path: string): string {
  return `${root.url.replace(/\/$/, '')}/${path}`;
}
