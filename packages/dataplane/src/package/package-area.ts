/**
 * Packages: what an extract hands on. A package is Parquet under the name of its content in the run's own folder,
 * `_packages/<dag>/<run>/<task>/<sha256>.parquet`, so that writing it twice writes the same thing, and nothing ever changes it.
 * Beside it lies `<sha256>.json`, what the extract said of it: with that any task can read the package later (`kept-packages.ts`).
 */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckResult, PackageResult } from '@headrace/sdk';
import type { Work } from '../connector.ts';
import type { ReadResult } from '../cursor/read-result.ts';
import { localFiles } from '../local-files.ts';
import { parquetRelation, type Relation } from '../relation.ts';

/** The folder of all packages under a root. */
export const PACKAGES = '_packages';

/** What lies beside a package. */
export interface PackageNote {
  readonly format: 1;
  readonly result: PackageResult;
}

/** Whose packages a folder has. */
export interface PackageOwner {
  readonly dag: string;
  readonly run: string;
  readonly task: string;
  /** Of an instance of a mapped task. */
  readonly mapIndex?: number;
}

export function packageFolder({ dag, run, task, mapIndex = -1 }: PackageOwner): string {
  return [PACKAGES, dag, run, `${task}${mapIndex < 0 ? '' : `.${mapIndex}`}`].map((part) => encodeURIComponent(part)).join('/');
}

/** What is known of the rows beside what was read. */
export interface PackageFacts {
  readonly checks: readonly CheckResult[];
  readonly quarantined?: number;
  /** The table of the quarantine. */
  readonly quarantine?: string;
}

export async function savePackage(
  connection: string,
  { relation, written, deduplicated, move }: ReadResult,
  { checks, quarantined = 0, quarantine }: PackageFacts,
  work: Work,
): Promise<PackageResult> {
  const root = await work.root(connection);
  const { dagId, runId, taskId, mapIndex } = work.context;
  const id = createHash('sha256').update(JSON.stringify(relation.columns)).update(written.sha256).digest('hex');
  const base = `${packageFolder({ dag: dagId, run: runId, task: taskId, mapIndex })}/${id}`;
  const path = `${base}.parquet`;
  work.signal.throwIfAborted();
  if ((await root.size(path)) !== written.bytes) await root.publish(written.file, path, true);
  const result: PackageResult = {
    kind: 'package',
    connection,
    package: id,
    files: [{ path, rows: written.rows, bytes: written.bytes }],
    rows: written.rows,
    bytes: written.bytes,
    counts: { in: written.rows + deduplicated + quarantined, out: written.rows, deduplicated, quarantined },
    columns: relation.columns,
    ...(quarantine === undefined ? {} : { quarantine }),
    ...(move === undefined ? {} : { cursor: move }),
    checks,
  };
  // Written anew each time, so that a package that was made again is as young as its last result.
  const note = join(work.scratch, 'package.json');
  await writeFile(note, JSON.stringify({ format: 1, result } satisfies PackageNote));
  await root.publish(note, `${base}.json`);
  return result;
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
