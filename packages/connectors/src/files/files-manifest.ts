/** The list of the files of a folder that count: `_manifest.json`, put in one step when all of them are there. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { DataError, FencedCommitError, type FileRoot, urlOf, type Work } from '@headrace/dataplane';
import type { Column } from '@headrace/sdk';

export interface FilesManifest {
  /** Paths below the folder, sorted. */
  readonly files: readonly { readonly path: string; readonly rows: number; readonly bytes: number; readonly loadId: string }[];
  /** The attempt that wrote the last load, by which a late one is known. */
  readonly last?: { readonly loadId: string; readonly taskInstanceId: string; readonly attempt: number };
}

const NAME = '_manifest.json';

/** Nothing there is a manifest without files. Throws DataError for one that cannot be read. */
export async function readManifest(root: FileRoot, folder: string): Promise<FilesManifest> {
  const path = `${folder}/${NAME}`;
  if ((await root.size(path)) === undefined) return { files: [] };
  try {
    const manifest = JSON.parse(await text(await root.read(path))) as FilesManifest;
    if (Array.isArray(manifest.files)) return manifest;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new DataError('HR_FILE_FOLDER', `${urlOf(root, path)} is no manifest of files: remove it, or export to another folder`);
}

export interface ManifestChange {
  readonly before: FilesManifest;
  readonly files: FilesManifest['files'];
  readonly columns: readonly Column[];
  readonly loadId: string;
}

/** Makes the files those of the folder, then removes what is no longer one. Throws FencedCommitError for an attempt that was overtaken. */
export async function publishManifest(
  root: FileRoot,
  folder: string,
  { before, files, columns, loadId }: ManifestChange,
  work: Work,
): Promise<void> {
  const { taskInstanceId, attempt } = work.fence;
  const { last } = before;
  if (last?.loadId === loadId && last.taskInstanceId === taskInstanceId && last.attempt > attempt)
    throw new FencedCommitError(urlOf(root, folder), attempt, last.attempt);
  const file = join(work.scratch, 'files-manifest.json');
  await writeFile(file, `${JSON.stringify({ files, columns, last: { loadId, taskInstanceId, attempt } }, undefined, 1)}\n`);
  await root.publish(file, `${folder}/${NAME}`);
  work.log.info(`published ${files.length} files in ${urlOf(root, folder)}`, { path: folder });
  const kept = new Set(files.map(({ path }) => path));
  for (const { path } of before.files) if (!kept.has(path)) await root.remove(`${folder}/${path}`);
}
