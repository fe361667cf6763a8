/**
 * Data files that no snapshot names: left by attempts that died, or were refused, between writing their rows and committing them.
 *
 * Only a file older than a day is taken for one, because a younger one may be about to be committed.
 */
import type { FileRoot } from '../file-root.ts';
import type { LakeSnapshot } from './lake-snapshot.ts';

export const ORPHAN_AFTER_MS = 24 * 60 * 60 * 1000;

/** How many are removed at once; the others go with a later commit. */
const MOST = 1000;

/** Removes orphans of a table whose newest snapshot this is. Answers with how many. `now` is in epoch milliseconds. */
export async function removeOrphans(root: FileRoot, table: string, newest: LakeSnapshot, now: number): Promise<number> {
  const named = new Set([...newest.files, ...newest.superseded].map(({ path }) => path));
  const own = dataFile(table, newest);
  const orphans = (await root.find(`${escapeGlob(table)}/**/part-*.parquet`))
    .filter(({ path, modifiedAt, changedAt }) => {
      const written = Math.max(modifiedAt.getTime(), changedAt.getTime());
      return now - written > ORPHAN_AFTER_MS && !named.has(path) && own.test(path);
    })
    .slice(0, MOST);
  await Promise.allSettled(orphans.map(({ path }) => root.remove(path)));
  return orphans.length;
}

/** Paths of the table's own data files: another table may lie in a folder below this one's. */
function dataFile(table: string, { partitionColumns }: LakeSnapshot): RegExp {
  const folders = partitionColumns.map(({ name }) => `${literally(name)}=[^/]*/`).join('');
  return new RegExp(`^${literally(table)}/${folders}part-[^/]+\\.parquet$`);
}

function literally(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

/** A table's name has no meaning as a glob. */
function escapeGlob(table: string): string {
  return table.replaceAll(/[*?[\]{}()!+@|]/g, '?');
}
