/** Reads lake tables: through the newest snapshot, a partition of it or all. */
import type { Column, LakeResult } from '@headrace/sdk';
import { storageType } from '../column-types.ts';
import type { SourceConnector, Work } from '../connector.ts';
import { ident, literal } from '../duckdb.ts';
import { DataError, nearest } from '../errors.ts';
import { checkedPath, type FileRoot, urlOf } from '../file-root.ts';
import { localFiles } from '../local-files.ts';
import { parquetRelation, type Relation } from '../relation.ts';
import { type LakeFile, type LakeSnapshot, lakeTables, newestSnapshot } from './lake-snapshot.ts';

export const lakeSource: SourceConnector = {
  async open(source, work) {
    const table = checkedPath(String(source.settings.name));
    const partition = (source.settings.partition ?? {}) as Readonly<Record<string, string>>;
    return openTable(await work.root(source.connection), table, partition, work);
  },
};

/** What a load or a transform of this run wrote. */
export async function openLakeResult(result: LakeResult, work: Work): Promise<Relation> {
  return openTable(await work.root(result.connection), result.table, result.partition, work);
}

async function openTable(root: FileRoot, table: string, partition: Readonly<Record<string, string>>, work: Work): Promise<Relation> {
  const snapshot = await newestSnapshot(root, table);
  if (!snapshot) {
    throw new DataError(
      'HR_TABLE_NOT_FOUND',
      `There is no lake table ${urlOf(root, table)}${nearest(table, await lakeTables(root))}. A load or a transform makes it`,
    );
  }
  for (const name of Object.keys(partition)) {
    if (!snapshot.partitionColumns.some((column) => column.name === name)) {
      throw new DataError(
        'HR_PARTITION_UNKNOWN',
        `${urlOf(root, table)} is not partitioned by "${name}" but by ${namesOf(snapshot.partitionColumns)}`,
      );
    }
  }
  const files = snapshot.files.filter((file) => Object.entries(partition).every(([name, value]) => file.partition[name] === value));
  return openFiles(root, files, snapshot.columns, work, snapshot.partitionColumns);
}

/** The rows of some files of a table, with its columns as they are now or are to be. */
export async function openFiles(
  root: FileRoot,
  files: readonly LakeFile[],
  columns: readonly Column[],
  work: Work,
  partitionColumns: readonly Column[] = [],
): Promise<Relation> {
  const local = await localFiles(
    root,
    files.map((file) => file.path),
    work,
    'lake',
  );
  return fileRows(local, columns, partitionColumns, work);
}

/** Rows of files that were written at different times: what one lacks is null, what it has in a narrower type is cast. */
async function fileRows(
  files: readonly string[],
  columns: readonly Column[],
  partitions: readonly Column[],
  work: Work,
): Promise<Relation> {
  const plain = parquetRelation(files, columns, partitions);
  if (files.length === 0) return plain;
  const list = files.map(literal).join(', ');
  const held = await work.duck.describe(`select * from read_parquet([${list}], union_by_name = true, hive_partitioning = false)`);
  const types = new Map(held.map(({ name, duckType }) => [name, duckType.replace('TIMESTAMP WITH TIME ZONE', 'TIMESTAMPTZ')]));
  const cast = new Map<string, string>();
  for (const { name, type } of columns) {
    const storage = storageType(type);
    const present = types.get(name);
    if (present === undefined) cast.set(name, `cast(null as ${storage}) as ${ident(name)}`);
    else if (present !== storage && storage !== 'JSON') cast.set(name, `cast(${ident(name)} as ${storage}) as ${ident(name)}`);
  }
  return cast.size === 0 ? plain : parquetRelation(files, columns, partitions, cast);
}

function namesOf(columns: LakeSnapshot['columns']): string {
  return columns.map(({ name }: Column) => `"${name}"`).join(', ') || 'nothing';
}
