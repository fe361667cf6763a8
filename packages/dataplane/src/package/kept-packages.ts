/**
 * Packages that lie under a root: listed, found again, and removed when they are old.
 *
 * 1. A package is as old as its note, which each extract that makes it writes anew: one that a young result names is never removed.
 * 2. The note goes first. What is left of an interrupted removal belongs to no package that could be found, and goes with the next.
 */
import { text } from 'node:stream/consumers';
import type { PackageResult } from '@headrace/sdk';
import { DataError } from '../errors.ts';
import { type FileFacts, type FileRoot, urlOf } from '../file-root.ts';
import { PACKAGES, type PackageNote, type PackageOwner, packageFolder } from './package-area.ts';

export interface KeptPackage extends PackageOwner {
  readonly id: string;
  readonly keptAt: Date;
  /** Of all its files. */
  readonly bytes: number;
  /** Of its note, relative to the root. Absent for what an interrupted removal or extract left. */
  readonly note?: string;
  readonly paths: readonly string[];
}

/** All packages, oldest first. */
export async function keptPackages(root: FileRoot): Promise<readonly KeptPackage[]> {
  const groups = new Map<string, FileFacts[]>();
  for (const file of await root.find(`${PACKAGES}/**`)) {
    const base = /^(.*\/[0-9a-f]{64})\.(?:refused\.parquet|parquet|json)$/.exec(file.path)?.[1];
    if (base !== undefined) groups.set(base, [...(groups.get(base) ?? []), file]);
  }
  return [...groups].flatMap(([base, files]) => describe(base, files)).sort((a, b) => a.keptAt.getTime() - b.keptAt.getTime());
}

function describe(base: string, files: readonly FileFacts[]): readonly KeptPackage[] {
  const [, dag, run, task, id, ...more] = base.split('/').map(decodeURIComponent);
  if (dag === undefined || run === undefined || task === undefined || id === undefined || more.length > 0) return [];
  const mapped = /^(.*)\.(\d+)$/.exec(task);
  const note = files.find(({ path }) => path.endsWith('.json'))?.path;
  const times = files.map(({ modifiedAt, changedAt }) => Math.max(modifiedAt.getTime(), changedAt.getTime()));
  return [
    {
      dag,
      run,
      ...(mapped ? { task: mapped[1] ?? task, mapIndex: Number(mapped[2]) } : { task }),
      id,
      keptAt: new Date(Math.max(...times)),
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      ...(note === undefined ? {} : { note }),
      paths: files.map(({ path }) => path),
    },
  ];
}

/** Which package: by its id or the first digits of it, at least 12, or the newest of a task. */
export type PackageChoice = { readonly id: string } | PackageOwner;

/** What the extract said of the package. Throws DataError when there is none. */
export async function findPackage(root: FileRoot, choice: PackageChoice): Promise<PackageResult> {
  const all = await keptPackages(root);
  const folder = 'id' in choice ? undefined : `${packageFolder(choice)}/`;
  const named = (id: string): boolean => 'id' in choice && /^[0-9a-f]{12,64}$/.test(choice.id) && id.startsWith(choice.id);
  const found = all.findLast((each) => (folder === undefined ? named(each.id) : each.note?.startsWith(folder)) && each.note !== undefined);
  if (found?.note === undefined) {
    const wanted = 'id' in choice ? `"${choice.id}"` : `of task "${choice.task}" in run "${choice.run}" of DAG "${choice.dag}"`;
    throw new DataError(
      'HR_PACKAGE_NOT_FOUND',
      `There is no package ${wanted} under ${urlOf(root, PACKAGES)}. It may have been removed for its age: headrace packages list shows what is kept`,
    );
  }
  const note = JSON.parse(await text(await root.read(found.note))) as PackageNote;
  if (note.format !== 1) {
    throw new DataError(
      'HR_PACKAGE_FORMAT',
      `${urlOf(root, found.note)} was written by a newer Headrace (format ${String(note.format)}): upgrade this one`,
    );
  }
  return note.result;
}

/** Removes packages that were last made before an instant (epoch milliseconds). Answers with what was removed. */
export async function sweepPackages(root: FileRoot, madeBefore: number): Promise<readonly KeptPackage[]> {
  const due = (await keptPackages(root)).filter(({ keptAt }) => keptAt.getTime() < madeBefore);
  for (const { note, paths } of due) {
    if (note !== undefined) await root.remove(note);
    for (const path of paths) if (path !== note) await root.remove(path);
  }
  return due;
}
