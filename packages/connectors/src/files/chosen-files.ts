/**
 * Which files a source reads: the one it names, all that match its glob, or of these only the new ones.
 *
 * G1. The order is that of the paths, so that the same files give the same rows in the same order.
 * G2. What was read is known by path, size and time of change; what is no longer there is forgotten, so that the memory is never larger than
 *     the folder.
 */
import {
  checkedGlob,
  checkedPath,
  DataError,
  type FileFacts,
  FileNotFoundError,
  type FileRoot,
  notFound,
  urlOf,
} from '@headrace/dataplane';

export interface Choice {
  readonly name: string;
  readonly onlyNew: boolean;
  /** Milliseconds for which a file must not have changed. */
  readonly settleMs: number;
}

/** What is remembered of the files that were read: path, bytes, epoch milliseconds of the change. */
export interface FilesPosition {
  readonly seen: readonly (readonly [path: string, bytes: number, modifiedAt: number])[];
}

export interface ChosenFiles {
  readonly files: readonly FileFacts[];
  /** What to remember when all of them were loaded. */
  readonly position?: FilesPosition;
  /** Those that may still be written. */
  readonly unsettled: readonly string[];
}

function isGlob(name: string): boolean {
  return /[*?[{]/.test(name);
}

/** Throws FileNotFoundError when there is none at all, which is no error for `onlyNew`. */
export async function chooseFiles(root: FileRoot, choice: Choice, position: unknown, now: number): Promise<ChosenFiles> {
  const { name, onlyNew, settleMs } = choice;
  const found = isGlob(name) ? await root.find(checkedGlob(name)) : await oneFile(root, name, onlyNew);
  if (!onlyNew) {
    if (found.length === 0) throw new FileNotFoundError(urlOf(root, name));
    return { files: found, unsettled: [] };
  }
  const known = new Map(positionOf(position, name).seen.map(([path, bytes, modifiedAt]) => [path, `${bytes} ${modifiedAt}`]));
  const isKnown = ({ path, bytes, modifiedAt }: FileFacts): boolean => known.get(path) === `${bytes} ${modifiedAt.getTime()}`;
  const isSettled = ({ changedAt }: FileFacts): boolean => changedAt.getTime() + settleMs <= now;
  const fresh = found.filter((facts) => !isKnown(facts));
  const files = fresh.filter(isSettled);
  const read = new Set(files);
  const seen = found
    .filter((facts) => read.has(facts) || isKnown(facts))
    .map(({ path, bytes, modifiedAt }) => [path, bytes, modifiedAt.getTime()] as const);
  return { files, position: { seen }, unsettled: fresh.filter((facts) => !isSettled(facts)).map(({ path }) => path) };
}

async function oneFile(root: FileRoot, name: string, mayBeMissing: boolean): Promise<readonly FileFacts[]> {
  const facts = await root.facts(checkedPath(name));
  if (facts) return [facts];
  if (mayBeMissing) return [];
  throw await notFound(root, name);
}

function positionOf(position: unknown, name: string): FilesPosition {
  if (position === undefined || position === null) return { seen: [] };
  const { seen } = position as Partial<FilesPosition>;
  if (Array.isArray(seen)) return { seen };
  throw new DataError('HR_POSITION_INVALID', `What is stored of the files "${name}" that were read is no list of files: reset the cursor`);
}
