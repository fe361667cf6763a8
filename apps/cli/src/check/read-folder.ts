/**
 * A folder of DAG files, as the scheduler would load it.
 *
 * R1. Nothing of an earlier load is used, and nothing is left behind.
 */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDagLoader, listDagFiles } from '@headrace/dag-loader';
import { type ImportError, type LoadedFile, noMetrics, silentLog } from '@headrace/ports';
import { UsageError } from '../failures.ts';

export interface ReadFolder {
  readonly files: readonly LoadedFile[];
  readonly errors: readonly ImportError[];
}

/** `told`: after each file, how many are read of how many. Throws UsageError when there is no such folder. */
export async function readFolder(folder: string, told: (done: number, total: number) => void = () => undefined): Promise<ReadFolder> {
  const dagsDir = await realpath(folder).catch(() => {
    throw new UsageError(`There is no folder ${folder}: say where the DAG files are, or set HEADRACE_DAGS`);
  });
  const names = await listDagFiles(dagsDir);
  const scratch = await mkdtemp(join(tmpdir(), 'headrace-check-'));
  const loader = createDagLoader({ dagsDir, cacheDir: join(scratch, 'cache'), log: silentLog, metrics: noMetrics });
  const [files, errors]: [LoadedFile[], ImportError[]] = [[], []];
  const keep = (outcome: LoadedFile | ImportError): void => {
    if ('bundle' in outcome) files.push(outcome);
    else errors.push(outcome);
    told(files.length + errors.length, names.length);
  };
  try {
    const slow: string[] = [];
    for await (const outcome of loader.loadAll(names)) {
      if (outcome.kind === 'slow') slow.push(outcome.file);
      else keep(outcome.kind === 'failed' ? outcome.error : outcome.file);
    }
    for (const file of slow) keep(await loader.loadFile(file));
  } finally {
    await loader.close();
    await rm(scratch, { recursive: true, force: true });
  }
  const byFile = (a: { readonly file: string }, b: { readonly file: string }): number => (a.file < b.file ? -1 : 1);
  return { files: files.sort(byFile), errors: errors.sort(byFile) };
}

/** Where two reads of one folder differ: such a DAG would get a new version each time it is read. */
export function unstableDags(first: ReadFolder, second: ReadFolder): readonly { readonly file: string; readonly dagId: string }[] {
  const hashes = new Map(second.files.flatMap(({ dags }) => dags.map(({ spec, graphHash }) => [spec.dagId, graphHash] as const)));
  return first.files.flatMap(({ file, dags }) =>
    dags.filter(({ spec, graphHash }) => hashes.get(spec.dagId) !== graphHash).map(({ spec }) => ({ file, dagId: spec.dagId })),
  );
}
