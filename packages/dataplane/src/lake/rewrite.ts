/**
 * Merging into a lake table by copy on write: the files of the partition (or of the table, where it has none) are read, and others take
 * their place. What is committed is what was made of exactly the files that the newest snapshot still has.
 */
import { join } from 'node:path';
import type { Column, Disposition } from '@headrace/sdk';
import { storageType } from '../column-types.ts';
import type { Work, WriteRequest } from '../connector.ts';
import { ident, literal } from '../duckdb.ts';
import { DataError } from '../errors.ts';
import type { FileRoot } from '../file-root.ts';
import { ownColumns } from '../own-columns.ts';
import { type ParquetFile, type Relation, writeParquet } from '../relation.ts';
import type { LakeFile, LakeSnapshot } from './lake-snapshot.ts';
import { openFiles } from './lake-source.ts';
import { mergeColumns } from './merge-columns.ts';
import { mergedRows, type RowsAndGiven } from './merged-rows.ts';
import { laterTimes, newsAt, versionRows } from './version-rows.ts';

export interface Rewriting {
  readonly request: WriteRequest;
  /** Rows with unique keys, without the partition's columns. */
  readonly given: Relation;
  readonly partitionColumns: readonly Column[];
  /** The instant that the load speaks of. */
  readonly at: Date;
  readonly root: FileRoot;
  readonly where: string;
  readonly work: Work;
}

export interface Rewritten {
  readonly columns: readonly Column[];
  readonly partitionColumns: readonly Column[];
  /** Paths of the files that go. */
  readonly replaces: readonly string[];
  readonly file: ParquetFile;
}

/** Undefined when the rows are there already. Throws DataError HR_HISTORY_OUT_OF_ORDER, SchemaChangedError. */
export async function rewrite(before: LakeSnapshot | undefined, task: string, rewriting: Rewriting): Promise<Rewritten | undefined> {
  const { request, given, partitionColumns, at, root, where, work } = rewriting;
  const disposition = request.disposition as Exclude<Disposition, string>;
  const gone = 'merge' in disposition ? disposition.deletes?.column : undefined;
  const written = given.columns.filter(({ name }) => name !== gone);
  const wanted = { columns: [...written, ...ownColumns(disposition)], partitionColumns, widen: request.schema?.widen ?? [] };
  const columns = mergeColumns(before, wanted, before !== undefined && before.files.length > 0, where);
  const files = partitionFiles(before, request.partition);
  const old = await openFiles(root, files, columns, work);
  const rows: RowsAndGiven = { old: old.select, given: given.select, columns, written, at: `${literal(at.toISOString())}::timestamptz` };

  if ('scd2' in disposition && (disposition.validFrom === undefined || disposition.missing === 'close')) {
    const later = Object.entries(before?.loads ?? {}).some(
      ([loadId, mark]) => loadId !== request.loadId && mark.task === task && (mark.asOf ?? 0) > at.getTime(),
    );
    const events = disposition.validFrom !== undefined;
    if (later || (!events && (await work.duck.count(laterTimes(rows, disposition))) > 0)) {
      if ((await work.duck.count(newsAt(rows, disposition))) === 0) return undefined;
      throw new DataError(
        'HR_HISTORY_OUT_OF_ORDER',
        `${where}: this load says what was valid at ${at.toISOString()}, but the table already knows of a later time, and the two cannot be told apart. Run the loads in the order of their intervals (concurrency 1), or say with "validFrom" since when each row is valid`,
      );
    }
  }
  const next = 'scd2' in disposition ? versionRows(rows, disposition) : mergedRows(rows, disposition);
  const select = `select ${columns.map(({ name, type }) => `cast(${ident(name)} as ${storageType(type)}) as ${ident(name)}`).join(', ')} from (${next})`;
  const file = await writeParquet(work.duck, { select, columns }, join(work.scratch, `rewritten-${before?.version ?? 0}.parquet`));
  const unchanged =
    before !== undefined &&
    columns.length === before.columns.length &&
    columns.every(({ name, type }, index) => before.columns[index]?.name === name && before.columns[index]?.type === type) &&
    (await contentOf(old.select, columns, work)) === (await contentOf(`select * from read_parquet(${literal(file.file)})`, columns, work));
  return unchanged ? undefined : { columns, partitionColumns, replaces: files.map(({ path }) => path), file };
}

/** The files that a load into the partition may rewrite. */
export function partitionFiles(snapshot: LakeSnapshot | undefined, partition: Readonly<Record<string, string>>): readonly LakeFile[] {
  const own = JSON.stringify(partition);
  return (snapshot?.files ?? []).filter((file) => JSON.stringify(file.partition) === own);
}

/** The same for the same rows, in whatever order, and for others not, but for a chance of one in 2^64. */
async function contentOf(select: string, columns: readonly Column[], work: Work): Promise<string> {
  const [row] = await work.duck.rows(
    `select count(*) as n, coalesce(sum(hash(${columns.map(({ name }) => ident(name)).join(', ')})), 0) as h from (${select})`,
  );
  return `${row?.n} ${row?.h}`;
}
