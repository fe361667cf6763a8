import { expect, test } from '@jest/globals';
import { type FileFacts, type FileRoot, keptPackages, sweepPackages } from '../src/index.ts';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const day = (number: number): Date => new Date(Date.UTC(2024, 0, number));

/** A root that has only names and times. */
function rootOf(files: Readonly<Record<string, Date>>, failsAfter = Number.POSITIVE_INFINITY) {
  const left = new Map(Object.entries(files));
  let removals = 0;
  const find = async (): Promise<readonly FileFacts[]> =>
    [...left].sort().map(([path, time]) => ({ path, bytes: 10, modifiedAt: time, changedAt: time }));
  const remove = async (path: string): Promise<void> => {
    removals += 1;
    if (removals > failsAfter) throw new Error('the network is away');
    left.delete(path);
  };
  return { root: { find, remove } as Partial<FileRoot> as FileRoot, left };
}

test('a package is as old as the last result that names it', async () => {
  const { root, left } = rootOf({
    [`_packages/dag/old/read/${A}.parquet`]: day(1),
    [`_packages/dag/old/read/${A}.refused.parquet`]: day(1),
    [`_packages/dag/old/read/${A}.json`]: day(2),
    // Made again by a later attempt, which found the same content there.
    [`_packages/dag/again/read.3/${B}.parquet`]: day(1),
    [`_packages/dag/again/read.3/${B}.json`]: day(9),
    '_packages/notes.txt': day(1),
  });
  expect(await keptPackages(root)).toMatchObject([
    { dag: 'dag', run: 'old', task: 'read', id: A, bytes: 30, keptAt: day(2) },
    { dag: 'dag', run: 'again', task: 'read', mapIndex: 3, id: B, bytes: 20, keptAt: day(9) },
  ]);
  expect((await sweepPackages(root, day(5).getTime())).map(({ id }) => id)).toEqual([A]);
  expect([...left.keys()]).toEqual([
    `_packages/dag/again/read.3/${B}.parquet`,
    `_packages/dag/again/read.3/${B}.json`,
    '_packages/notes.txt',
  ]);
});

test('a removal that is interrupted leaves no package that could be found, and is ended by the next', async () => {
  const files = { [`_packages/dag/run/read/${A}.parquet`]: day(1), [`_packages/dag/run/read/${A}.json`]: day(1) };
  const { root, left } = rootOf(files, 1);
  await expect(sweepPackages(root, day(5).getTime())).rejects.toThrow('the network is away');
  const [rest] = await keptPackages(root);
  expect(rest).toMatchObject({ id: A });
  expect(rest?.note).toBeUndefined();
  const next = rootOf(Object.fromEntries(left));
  expect(await sweepPackages(next.root, day(5).getTime())).toHaveLength(1);
  expect(next.left.size).toBe(0);
});
