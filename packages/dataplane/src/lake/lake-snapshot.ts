/**
 * A lake table is Parquet files and a line of numbered snapshots, `<table>/_headrace/00000042.json`, of which the newest says
 * which files are the table. Both are never changed once written.
 *
 * L1. A commit creates the next number, which only one writer can: who loses reads the newest and tries again on top of it.
 * L2. A file is written once under a name of its own attempt before the snapshot that names it, and removed only a while after
 *     the snapshot that no longer does: a reader that has a snapshot can read its files.
 * L3. For each load the snapshot keeps the attempt that committed it: an older attempt of the same task instance is refused.
 * L4. A merge replaces exactly the files that it was made of, and remembers whose they were.
 */
import { createHash } from 'node:crypto';
import { text } from 'node:stream/consumers';
import type { Column, CursorState } from '@headrace/sdk';
import { DataError } from '../errors.ts';
import { type FileRoot, urlOf } from '../file-root.ts';

export interface LakeFile {
  /** Relative to the root. */
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly partition: Readonly<Record<string, string>>;
  readonly loadId: string;
}

/** Who committed a load last. */
export interface LoadMark {
  readonly taskInstanceId: string;
  readonly attempt: number;
  readonly at: number;
  /** Of a load of versions: the instant that it speaks of, epoch milliseconds, and what made it. */
  readonly asOf?: number;
  readonly task?: string;
  /** A merge has rewritten the files of this load: its rows can no longer be told apart. */
  readonly merged?: true;
}

/** A cursor that is kept with the table's rows. */
export interface LakeCursor {
  readonly state: CursorState;
  readonly at: number;
  /** The load that moved it; absent when a person set it. */
  readonly loadId?: string;
}

export interface LakeSnapshot {
  readonly format: 1;
  readonly version: number;
  readonly committedAt: number;
  /** The load that made this version. */
  readonly loadId: string;
  readonly schemaHash: string;
  readonly columns: readonly Column[];
  readonly partitionColumns: readonly Column[];
  readonly rows: number;
  readonly files: readonly LakeFile[];
  readonly loads: Readonly<Record<string, LoadMark>>;
  /** By name. Absent in a table that has none. */
  readonly cursors?: Readonly<Record<string, LakeCursor>>;
  /** Files that are no longer the table's, since when. */
  readonly superseded: readonly { readonly path: string; readonly at: number }[];
}

/** How many snapshots behind the newest are kept. */
export const KEPT_SNAPSHOTS = 50;

const DIRECTORY = '_headrace';

export function snapshotPath(table: string, version: number): string {
  return `${table}/${DIRECTORY}/${String(version).padStart(8, '0')}.json`;
}

/** The newest snapshot; undefined for a table that was never written. */
export async function newestSnapshot(root: FileRoot, table: string): Promise<LakeSnapshot | undefined> {
  const newest = (await snapshotVersions(root, table)).at(-1);
  if (newest === undefined) return undefined;
  return readSnapshot(root, table, newest);
}

/** A snapshot by its number. Throws FileNotFoundError for one that is no longer kept. */
export async function readSnapshot(root: FileRoot, table: string, version: number): Promise<LakeSnapshot> {
  const path = snapshotPath(table, version);
  const snapshot = JSON.parse(await text(await root.read(path))) as LakeSnapshot;
  if (snapshot.format !== 1) {
    throw new DataError(
      'HR_LAKE_FORMAT',
      `${urlOf(root, path)} was written by a newer Headrace (format ${String(snapshot.format)}): upgrade this one`,
    );
  }
  return snapshot;
}

/** Numbers of the snapshots that are there, rising. */
export async function snapshotVersions(root: FileRoot, table: string): Promise<readonly number[]> {
  const paths = await root.list(`${table}/${DIRECTORY}/`);
  return paths
    .flatMap((path) => {
      const match = /\/(\d{8,})\.json$/.exec(path);
      return match ? [Number(match[1])] : [];
    })
    .sort((a, b) => a - b);
}

/** Tables under a root, for an error's advice. */
export async function lakeTables(root: FileRoot): Promise<readonly string[]> {
  const tables = new Set<string>();
  for (const path of await root.list('')) {
    const end = path.indexOf(`/${DIRECTORY}/`);
    if (end > 0) tables.add(path.slice(0, end));
  }
  return [...tables];
}

export function schemaHash(columns: readonly Column[]): string {
  return createHash('sha256')
    .update(JSON.stringify(columns.map(({ name, type }) => [name, type])))
    .digest('hex')
    .slice(0, 16);
}
