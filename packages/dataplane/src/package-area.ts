/**
 * Packages: what an extract hands on. A package is Parquet under the name of its content in the run's own folder,
 * `_packages/<dag>/<run>/<task>/<sha256>.parquet`, so that writing it twice writes the same thing, and nothing ever changes it.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { CheckResult, PackageResult } from '@headrace/sdk';
import type { Work } from './connector.ts';
import { ident } from './duckdb.ts';
import { localFiles } from './local-files.ts';
import { type ParquetFile, parquetRelation, type Relation, writeParquet } from './relation.ts';

export async function savePackage(
  connection: string,
  written: ParquetFile,
  relation: Relation,
  checks: readonly CheckResult[],
  work: Work,
): Promise<PackageResult> {
  const root = await work.root(connection);
  const folder = [
    '_packages',
    work.context.dagId,
    work.context.runId,
    `${work.context.taskId}${work.context.mapIndex < 0 ? '' : `.${work.context.mapIndex}`}`,
  ]
    .map((part) => encodeURIComponent(part))
    .join('/');
  const id = createHash('sha256').update(JSON.stringify(relation.columns)).update(written.sha256).digest('hex');
  const path = `${folder}/${id}.parquet`;
  const refused =
    relation.refused === undefined
      ? 0
      : await work.duck.count(`select count(distinct line) + count(*) filter (line is null) from (${relation.refused})`);
  let quarantine: string | undefined;
  if (relation.refused !== undefined && refused > 0) {
    const file = join(work.scratch, 'refused.parquet');
    const columns = ['line', 'column', 'reason', 'raw'];
    const select = `select ${columns.map(ident).join(', ')} from (${relation.refused}) order by line`;
    await writeParquet(work.duck, { select, columns: [] }, file);
    quarantine = `${folder}/${id}.refused.parquet`;
    await root.publish(file, quarantine);
  }
  work.signal.throwIfAborted();
  if ((await root.size(path)) !== written.bytes) await root.publish(written.file, path);
  return {
    kind: 'package',
    connection,
    package: id,
    files: [{ path, rows: written.rows, bytes: written.bytes }],
    rows: written.rows,
    bytes: written.bytes,
    counts: { in: written.rows + refused, out: written.rows, deduplicated: 0, quarantined: refused },
    columns: relation.columns,
    ...(quarantine === undefined ? {} : { quarantine }),
    checks,
  };
}

export async function openPackage(result: PackageResult, work: Work): Promise<Relation> {
  const root = await work.root(result.connection);
  const files = await localFiles(
    root,
    result.files.map((file) => file.path),
    work,
    'packages',
  );
  return parquetRelation(files, result.columns);
}
