/**
 * Writes rows to files.
 *
 * T1. One file takes the place of the old one in one step. `append` writes a file of its own, under the load's id, so that doing it again
 *     changes nothing.
 * T2. Of a folder of files the manifest is the truth: it is put last, in one step, and names every file that counts. Files that a replaced
 *     manifest named are removed after; what an attempt that died left behind is in no manifest.
 */
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ColumnNotFoundError,
  checkedPath,
  DataError,
  type FileRoot,
  ident,
  literal,
  type TargetConnector,
  urlOf,
  type Work,
  type WriteRequest,
} from '@headrace/dataplane';
import type { Column, FileResult } from '@headrace/sdk';
import { writeRows } from './file-rows.ts';
import { type FilesManifest, publishManifest, readManifest } from './files-manifest.ts';
import { diskFull } from './text-columns.ts';
import { plainTextOf } from './value-texts.ts';

/** More folders than this are a mistake in the choice of the columns. */
const MOST_FOLDERS = 10_000;

export const filesTarget: TargetConnector = {
  dispositions: ['replace', 'append', 'replace-partition'],

  async write(request, work): Promise<FileResult> {
    const { target } = request;
    const path = checkedPath(String(target.settings.name));
    const root = await work.root(target.connection);
    const { partitionBy = [] } = target.settings as { readonly partitionBy?: readonly string[] };
    const isFolder = partitionBy.length > 0 || Object.keys(request.partition).length > 0;
    return isFolder ? writeFolder(request, path, partitionBy, root, work) : writeFile(request, path, root, work);
  },
};

async function writeFile(
  { target, rows, disposition, loadId }: WriteRequest,
  given: string,
  root: FileRoot,
  work: Work,
): Promise<FileResult> {
  const path = disposition === 'append' ? withLoad(given, loadId) : given;
  const { file, written, bytes } = await localFileOf(
    target.kind,
    target.settings,
    rows.relation.select,
    rows.relation.columns,
    path,
    root,
    work,
  );
  await publishFile(root, file, path, work);
  work.log.info(`published ${urlOf(root, path)}`, { path });
  return { kind: 'file', connection: target.connection, path, rows: written, bytes, columns: rows.relation.columns, checks: rows.checks };
}

/** `sales/part.csv.gz` → `sales/day=2017-06-19/part-<load>.csv.gz` …, and `sales/_manifest.json`. */
async function writeFolder(
  request: WriteRequest,
  path: string,
  partitionBy: readonly string[],
  root: FileRoot,
  work: Work,
): Promise<FileResult> {
  const { target, rows, partition, disposition, loadId } = request;
  const { columns, select } = rows.relation;
  const slash = path.lastIndexOf('/');
  if (slash < 0)
    throw new DataError(
      'HR_FILE_FOLDER',
      `"${path}" is to be a folder of files: name the folder and the files in it, for example "${path.split('.')[0]}/part.csv"`,
    );
  const folder = path.slice(0, slash);
  const before = await readManifest(root, folder);
  const given = Object.entries(partition).map(([name, value]) => folderName(name, value));
  const wanted = partitionBy.filter((name) => !(name in partition));
  const inFiles = columns.filter(({ name }) => !wanted.includes(name) && !(name in partition));
  if (inFiles.length === 0)
    throw new DataError('HR_FILE_FOLDER', `${urlOf(root, folder)}: every column is a folder, so that none is left for the files`);
  const made: FilesManifest['files'][number][] = [];
  for (const slice of await slicesOf(select, columns, wanted, root, folder, work)) {
    const name = [folder, ...given, ...slice.folders, withLoad(path.slice(slash + 1), loadId)].join('/');
    const names = inFiles.map((column) => ident(column.name)).join(', ');
    const own = `select ${names} from (${select})${slice.where === '' ? '' : ` where ${slice.where}`}`;
    const { file, written, bytes } = await localFileOf(target.kind, target.settings, own, inFiles, name, root, work);
    await publishFile(root, file, name, work);
    await rm(file);
    made.push({ path: name.slice(folder.length + 1), rows: written, bytes, loadId });
  }
  const names = new Set(made.map((file) => file.path));
  const replaced = given.length === 0 || disposition === 'replace' ? '' : `${given.join('/')}/`;
  const kept = before.files.filter(
    (file) =>
      !names.has(file.path) && file.loadId !== loadId && (disposition === 'append' || (replaced !== '' && !file.path.startsWith(replaced))),
  );
  const files = [...kept, ...made].sort((a, b) => (a.path < b.path ? -1 : 1));
  work.signal.throwIfAborted();
  await publishManifest(root, folder, { before, files, columns: inFiles, loadId }, work);
  return {
    kind: 'file',
    connection: target.connection,
    path: folder,
    rows: made.reduce((sum, file) => sum + file.rows, 0),
    bytes: made.reduce((sum, file) => sum + file.bytes, 0),
    columns,
    checks: rows.checks,
  };
}

interface Slice {
  readonly folders: readonly string[];
  /** Empty: all rows. */
  readonly where: string;
}

/** The rows of each folder. Their order in it is that of all rows. */
async function slicesOf(
  select: string,
  columns: readonly Column[],
  by: readonly string[],
  root: FileRoot,
  folder: string,
  { duck }: Work,
): Promise<readonly Slice[]> {
  if (by.length === 0) return [{ folders: [], where: '' }];
  const texts = by.map((name) => {
    const column = columns.find((candidate) => candidate.name === name);
    if (!column)
      throw new ColumnNotFoundError(
        `The rows for ${urlOf(root, folder)}`,
        name,
        columns.map((candidate) => candidate.name),
      );
    return plainTextOf(column);
  });
  const found = await duck.rows(
    `select distinct ${texts.map((text, index) => `${text} as p${index}`).join(', ')} from (${select}) order by all limit ${MOST_FOLDERS + 1}`,
  );
  if (found.length > MOST_FOLDERS)
    throw new DataError(
      'HR_FILE_FOLDER',
      `${urlOf(root, folder)} would have more than ${MOST_FOLDERS} folders: partition by columns with fewer values`,
    );
  return found.map((row) => ({
    folders: by.map((name, index) => folderName(name, row[`p${index}`] ?? null)),
    where: by
      .map((_, index) => `${texts[index]} is not distinct from ${row[`p${index}`] === null ? 'null' : literal(row[`p${index}`] ?? '')}`)
      .join(' and '),
  }));
}

/** As Hive writes it: what a path cannot hold is escaped, and no value has a name of its own. */
function folderName(name: string, value: string | null): string {
  const escaped = (text: string): string =>
    encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  return `${escaped(name)}=${value === null ? '__HIVE_DEFAULT_PARTITION__' : escaped(value)}`;
}

/** `sales.csv.gz` → `sales-<load>.csv.gz`. */
function withLoad(path: string, loadId: string): string {
  const slash = path.lastIndexOf('/') + 1;
  const dot = path.indexOf('.', slash + 1);
  return dot < 0 ? `${path}-${loadId}` : `${path.slice(0, dot)}-${loadId}${path.slice(dot)}`;
}

let made = 0;

async function localFileOf(
  kind: string,
  settings: Readonly<Record<string, unknown>>,
  select: string,
  columns: readonly Column[],
  path: string,
  root: FileRoot,
  work: Work,
): Promise<{ readonly file: string; readonly written: number; readonly bytes: number }> {
  made += 1;
  const file = join(work.scratch, `report-${made}`);
  const written = await writeRows(kind, { select, columns, settings, name: path, url: urlOf(root, path) }, file, work);
  work.signal.throwIfAborted();
  const { size } = await stat(file);
  work.progress({ phase: 'writing', rows: written, bytes: size });
  return { file, written, bytes: size };
}

async function publishFile(root: FileRoot, file: string, path: string, work: Work): Promise<void> {
  try {
    await root.publish(file, path);
  } catch (error) {
    work.signal.throwIfAborted();
    throw diskFull(error, urlOf(root, path)) ?? error;
  }
}
