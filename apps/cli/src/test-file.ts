/** A DAG file that is tried here and now: loaded as the scheduler would load it, its params checked, its interval found. */
import { realpath } from 'node:fs/promises';
import { basename, dirname, relative, resolve, sep } from 'node:path';
import { type DagSpec, type Instant, intervalFrom } from '@headrace/core';
import type { DagLoader } from '@headrace/dag-loader';
import type { LoadedFile } from '@headrace/ports';
import { FailedError, UsageError } from './failures.ts';

/** The DAG folder, when the file lies in it; else the file's own folder. Throws UsageError. */
export async function placeOf(given: string, dags: string): Promise<{ dagsDir: string; file: string }> {
  const path = await realpath(resolve(given)).catch(() => {
    throw new UsageError(`There is no file ${resolve(given)}`);
  });
  const folder = await realpath(dags).catch(() => undefined);
  if (folder === undefined || !path.startsWith(folder + sep)) return { dagsDir: dirname(path), file: basename(path) };
  return { dagsDir: folder, file: relative(folder, path).replaceAll(sep, '/') };
}

/** Throws FailedError. */
export async function loadFile(loader: DagLoader, file: string): Promise<LoadedFile> {
  const loaded = await loader.loadFile(file);
  if ('bundle' in loaded) return loaded;
  const place = [loaded.file, loaded.line, loaded.column].filter((part) => part !== undefined).join(':');
  throw new FailedError(`${place}: ${loaded.message}`);
}

/** The DAG of this id, or the only one. Throws UsageError. */
export function pickDag({ dags, file }: LoadedFile, wanted: string | undefined): DagSpec {
  const ids = dags.map(({ spec }) => spec.dagId);
  const found = wanted === undefined ? dags.slice(0, dags.length === 1 ? 1 : 0) : dags.filter(({ spec }) => spec.dagId === wanted);
  const [only] = found;
  if (only !== undefined) return only.spec;
  if (ids.length === 0) throw new UsageError(`${file} defines no DAG: it must export one, e.g. export default dag('my_dag', …)`);
  throw new UsageError(
    wanted === undefined
      ? `${file} has several DAGs; say which: --dag ${ids.join(' | --dag ')}`
      : `${file} has no DAG "${wanted}"; it has ${ids.join(', ')}`,
  );
}

/** Throws UsageError with every param that does not fit. */
export async function checkedParams(
  loader: DagLoader,
  loaded: LoadedFile,
  spec: DagSpec,
  params: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, unknown>>> {
  if (Object.keys(params).length === 0) return spec.paramsDefault;
  const verdict = await loader.validateParams({ bundleCode: loaded.bundle.code, dagId: spec.dagId, params });
  if (verdict.kind === 'valid') return verdict.params;
  throw new UsageError(
    `The params do not fit the DAG:${verdict.issues.map(({ path, message }) => `\n  --param ${path.join('.')}: ${message}`).join('')}`,
  );
}

export interface GivenInterval {
  readonly intervalStart?: Instant;
  readonly intervalEnd?: Instant;
}

/** With a start alone, the interval ends where the schedule's interval that begins there does. Throws UsageError. */
export function intervalOf({ schedule }: DagSpec, { intervalStart, intervalEnd }: GivenInterval): GivenInterval {
  if (intervalStart === undefined) {
    if (intervalEnd !== undefined) throw new UsageError('--interval-end needs --interval-start');
    return {};
  }
  const end = intervalEnd ?? intervalFrom(schedule, intervalStart).end;
  if (end < intervalStart) throw new UsageError('--interval-end lies before --interval-start');
  return { intervalStart, intervalEnd: end };
}
