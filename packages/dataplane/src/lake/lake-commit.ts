/** Gets a change of a lake table committed among other writers. See `lake-snapshot.ts` for what holds. */
import { DataError } from '../errors.ts';
import { type FileRoot, urlOf } from '../file-root.ts';
import { KEPT_SNAPSHOTS, type LakeSnapshot, newestSnapshot, snapshotPath, snapshotVersions } from './lake-snapshot.ts';
import { applyChange, type LakeChange, SUPERSEDED_FOR_MS } from './next-snapshot.ts';

const TRIES = 100;

/**
 * Commits a change. Throws FencedCommitError for an attempt that was overtaken, SchemaChangedError for columns that do not fit.
 * `now` is in epoch milliseconds.
 */
export async function commitChange(root: FileRoot, change: LakeChange, now: () => number): Promise<LakeSnapshot> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const before = await newestSnapshot(root, change.table);
    const after = applyChange(before, change, urlOf(root, change.table), now());
    if (!(await root.create(snapshotPath(change.table, after.version), JSON.stringify(after)))) continue;
    // A writer that slept for so long that its number had been used and removed again has committed nothing.
    const newest = (await snapshotVersions(root, change.table)).at(-1) ?? after.version;
    if (newest >= after.version + KEPT_SNAPSHOTS) continue;
    await sweep(root, after, change.table, now());
    return after;
  }
  throw new DataError('HR_LAKE_BUSY', `${urlOf(root, change.table)}: other writers committed ${TRIES} times before this one could`, {
    retryable: true,
  });
}

/** Removes what nobody can still be reading. What fails here is removed by a later commit. */
async function sweep(root: FileRoot, snapshot: LakeSnapshot, table: string, now: number): Promise<void> {
  const due = snapshot.superseded.filter((file) => now - file.at >= SUPERSEDED_FOR_MS).map((file) => file.path);
  const versions = (await snapshotVersions(root, table)).filter((version) => version <= snapshot.version - KEPT_SNAPSHOTS);
  await Promise.allSettled([...due, ...versions.map((version) => snapshotPath(table, version))].map((path) => root.remove(path)));
}
