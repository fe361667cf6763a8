/** Writes lake tables: files first, then one snapshot that names them. */
import { join } from 'node:path';
import type { Column, LakeResult } from '@headrace/sdk';
import type { TargetConnector, Work, WriteRequest } from '../connector.ts';
import { ident } from '../duckdb.ts';
import { DataError } from '../errors.ts';
import { checkedPath, urlOf } from '../file-root.ts';
import { fingerprint, type ParquetFile, type Relation, writeParquet } from '../relation.ts';
import { commitChange } from './lake-commit.ts';
import { lakeCursors } from './lake-cursors.ts';
import { lakeFacts } from './lake-facts.ts';
import { type LakeFile, newestSnapshot } from './lake-snapshot.ts';
import { checkFence, holdsCursor, holdsLoad, type LakeChange } from './next-snapshot.ts';

export const lakeTarget: TargetConnector = {
  dispositions: ['append', 'replace', 'replace-partition'],
  ...lakeFacts,
  cursors: lakeCursors,

  async write(request, work): Promise<LakeResult> {
    const table = checkedPath(String(request.target.settings.name));
    const root = await work.root(request.target.connection);
    const where = urlOf(root, table);
    const rows = await withoutPartitionColumns(request, work, where);
    const files = await parquetFiles(rows, work);
    const change: Omit<LakeChange, 'files'> = {
      table,
      loadId: request.loadId,
      fence: work.fence,
      disposition: request.disposition as LakeChange['disposition'],
      partition: request.partition,
      columns: rows.columns,
      partitionColumns: partitionColumns(request.partition),
      ...(request.schema === undefined ? {} : { widen: request.schema.widen }),
      ...(request.cursor === undefined ? {} : { cursor: request.cursor }),
    };
    const before = await newestSnapshot(root, table);
    checkFence(before, change, where);
    const total = { rows: files.reduce((sum, file) => sum + file.rows, 0), bytes: files.reduce((sum, file) => sum + file.bytes, 0) };
    const result = { connection: request.target.connection, table, partition: request.partition, loadId: request.loadId, ...total };
    const described = {
      columns: [...rows.columns, ...change.partitionColumns],
      counts: request.rows.counts,
      checks: request.rows.checks,
      ...(request.cursor === undefined ? {} : { cursor: request.cursor }),
    };
    if (
      before &&
      holdsCursor(before, change) &&
      holdsLoad(
        before,
        change,
        files.map((file) => file.sha256),
      )
    ) {
      return { kind: 'lake', ...result, version: before.version, unchanged: true, ...described };
    }
    const writtenAt = Date.now();
    const published: LakeFile[] = [];
    for (const [index, file] of files.entries()) {
      work.signal.throwIfAborted();
      const path = `${folderOf(table, request.partition)}/part-${work.fence.attemptId}-${request.loadId.slice(0, 8)}-${index}.parquet`;
      await root.publish(file.file, path);
      published.push({
        path,
        rows: file.rows,
        bytes: file.bytes,
        sha256: file.sha256,
        partition: request.partition,
        loadId: request.loadId,
      });
    }
    work.signal.throwIfAborted();
    const snapshot = await commitChange(root, { ...change, files: published, writtenAt }, Date.now);
    return { kind: 'lake', ...result, version: snapshot.version, unchanged: false, ...described };
  },
};

/** `raw/sales` and `{ day: '2017-06-19' }` → `raw/sales/day=2017-06-19`. */
export function folderOf(table: string, partition: Readonly<Record<string, string>>): string {
  return [table, ...Object.entries(partition).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)].join('/');
}

/** Partition columns are dates where their value is one, else text. */
function partitionColumns(partition: Readonly<Record<string, string>>): readonly Column[] {
  return Object.entries(partition).map(([name, value]) => ({ name, type: /^\d{4}-\d{2}-\d{2}$/.test(value) ? 'date' : 'text' }));
}

/** Rows may carry the partition's column; then each must have the partition's value, and the folder's name holds it. */
async function withoutPartitionColumns(request: WriteRequest, work: Work, where: string): Promise<Relation> {
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

async function parquetFiles(relation: Relation, work: Work): Promise<readonly ParquetFile[]> {
  if (!relation.files) return [await writeParquet(work.duck, relation, join(work.scratch, 'lake-rows.parquet'))];
  return Promise.all(
    relation.files.map(async (file) => ({
      file,
      rows: await work.duck.count('select count(*) from read_parquet($file)', { file }),
      ...(await fingerprint(file)),
    })),
  );
}
