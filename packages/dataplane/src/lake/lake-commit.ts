/** Gets a change of a lake table committed among other writers. See `lake-snapshot.ts` for what holds. */
import { DataError } from '../errors.ts';
import { type FileRoot, urlOf } from '../file-root.ts';
import { removeOrphans } from './lake-orphans.ts';
import { KEPT_SNAPSHOTS, type LakeSnapshot, newestSnapshot, snapshotPath, snapshotVersions } from './lake-snapshot.ts';
import { SUPERSEDED_FOR_MS } from './next-snapshot.ts';

const TRIES = 100;

/** Listing a whole table costs more than a commit: done with every so many. */
const ORPHANS_EVERY = 16;

/**
 * Commits what `next` makes of the newest snapshot, once; it may be asked several times, and its version must be the next. Undefined:
 * there is nothing to commit.
 */
export async function commitNext<T extends LakeSnapshot | undefined>(
  root: FileRoot,
  table: string,
  now: () => number,
  next: (before: LakeSnapshot | undefined) => T | Promise<T>,
): Promise<T> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const after = await next(await newestSnapshot(root, table));
    if (after === undefined) return after;
    if (!(await root.create(snapshotPath(table, after.version), JSON.stringify(after)))) continue;
    // A writer that slept for so long that its number had been used and removed again has committed nothing.
    const newest = (await snapshotVersions(root, table)).at(-1) ?? after.version;
    if (newest >= after.version + KEPT_SNAPSHOTS) continue;
    await sweep(root, after, table, now());
    return after;
  }
  throw new DataError('HR_LAKE_BUSY', `${urlOf(root, table)}: other writers committed ${TRIES} times before this one could`, {
    retryable: true,
  });
}

/** Removes what nobody can still be reading. What fails here is removed by a later commit. */
async function sweep(root: FileRoot, snapshot: LakeSnapshot, table: string, now: number): Promise<void> {
  const due = snapshot.superseded.filter((file) => now - file.at >= SUPERSEDED_FOR_MS).map((file) => file.path);
  const versions = (await snapshotVersions(root, table)).filter((version) => version <= snapshot.version - KEPT_SNAPSHOTS);
  await Promise.allSettled([...due, ...versions.map((version) => snapshotPath(table, version))].map((path) => root.remove(path)));
  if (snapshot.version % ORPHANS_EVERY === 0) await removeOrphans(root, table, snapshot, now).catch(() => 0);
}
