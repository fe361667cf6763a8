/** Parquet files on their way into a lake table. */
import { join } from 'node:path';
import type { Column } from '@headrace/sdk';
import type { Work, WriteRequest } from '../connector.ts';
import { ident } from '../duckdb.ts';
import { DataError } from '../errors.ts';
import type { FileRoot } from '../file-root.ts';
import { fingerprint, type ParquetFile, type Relation, writeParquet } from '../relation.ts';
import type { LakeFile } from './lake-snapshot.ts';

/** `raw/sales` and `{ day: '2017-06-19' }` → `raw/sales/day=2017-06-19`. */
function folderOf(table: string, partition: Readonly<Record<string, string>>): string {
  return [table, ...Object.entries(partition).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)].join('/');
}

/** Partition columns are dates where their value is one, else text. */
export function partitionColumns(partition: Readonly<Record<string, string>>): readonly Column[] {
  return Object.entries(partition).map(([name, value]) => ({ name, type: /^\d{4}-\d{2}-\d{2}$/.test(value) ? 'date' : 'text' }));
}

/** Rows may carry the partition's column; then each must have the partition's value, and the folder's name holds it. */
export async function withoutPartitionColumns(request: WriteRequest, work: Work, where: string): Promise<Relation> {
  const { relation } = request.rows;
  const doubled = Object.keys(request.partition).filter((name) => relation.columns.some((column) => column.name === name));
  if (doubled.length === 0) return relation;
  for (const name of doubled) {
    const strange = await work.duck.rows(
      `select distinct cast(${ident(name)} as varchar) as value from (${relation.select}) where cast(${ident(name)} as varchar) is distinct from $value limit 3`,
      { value: request.partition[name] ?? '' },
    );
    if (strange.length > 0) {
      throw new DataError(
        'HR_PARTITION_MISMATCH',
        `${where}: rows for the partition ${name}=${request.partition[name]} have other values in their column "${name}": ${strange.map((row) => row.value ?? 'null').join(', ')}`,
      );
    }
  }
  const columns = relation.columns.filter((column) => !doubled.includes(column.name));
  return { columns, select: `select ${columns.map((column) => ident(column.name)).join(', ')} from (${relation.select})` };
}

/** The rows as files: those that they are in already, or one that is written. */
export async function parquetFiles(relation: Relation, work: Work): Promise<readonly ParquetFile[]> {
  if (relation.written) return relation.written;
  if (!relation.files) return [await writeParquet(work.duck, relation, join(work.scratch, 'lake-rows.parquet'))];
  return Promise.all(
    relation.files.map(async (file) => ({
      file,
      rows: await work.duck.count('select count(*) from read_parquet($file)', { file }),
      ...(await fingerprint(file)),
    })),
  );
}

/** Puts files under the root, under names that no other attempt uses. `from` numbers those of one attempt on. */
export async function publishFiles(
  root: FileRoot,
  table: string,
  files: readonly ParquetFile[],
  { partition, loadId }: WriteRequest,
  work: Work,
  from = 0,
): Promise<readonly LakeFile[]> {
  const published: LakeFile[] = [];
  for (const [index, { file, rows, bytes, sha256 }] of files.entries()) {
    work.signal.throwIfAborted();
    const path = `${folderOf(table, partition)}/part-${work.fence.attemptId}-${loadId.slice(0, 8)}-${from + index}.parquet`;
    await root.publish(file, path, isWithin(work.scratch, file));
    published.push({ path, rows, bytes, sha256, partition, loadId });
  }
  return published;
}

/** What the attempt wrote itself nobody changes any more; a user's own file may be. */
function isWithin(folder: string, file: string): boolean {
  return file.startsWith(`${folder}/`);
}
