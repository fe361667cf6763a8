/** Reads lake tables: through the newest snapshot, a partition of it or all. */
import type { Column, LakeResult } from '@headrace/sdk';
import type { SourceConnector, Work } from '../connector.ts';
import { DataError, nearest } from '../errors.ts';
import { checkedPath, type FileRoot, urlOf } from '../file-root.ts';
import { localFiles } from '../local-files.ts';
import { parquetRelation, type Relation } from '../relation.ts';
import { type LakeSnapshot, lakeTables, newestSnapshot } from './lake-snapshot.ts';

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
  const local = await localFiles(
    root,
    files.map((file) => file.path),
    work,
    'lake',
  );
  return parquetRelation(local, snapshot.columns, snapshot.partitionColumns);
}

function namesOf(columns: LakeSnapshot['columns']): string {
  return columns.map(({ name }: Column) => `"${name}"`).join(', ') || 'nothing';
}
