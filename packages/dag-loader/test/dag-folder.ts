/** A DAG folder of its own for a test, and loaders on it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ImportError, LoadedFile, Metrics } from '@headrace/ports';
import { silentLog } from '@headrace/ports';
import { createDagLoader, type DagLoader, type EvaluationLimits, type LoadOutcome } from '../src/index.ts';

export interface DagFolder extends AsyncDisposable {
  readonly dagsDir: string;
  readonly cacheDir: string;
  write(file: string, text: string): Promise<void>;
  remove(file: string): Promise<void>;
  /** A new loader, as a new process would make it. Closed with the folder. */
  loader(limits?: Partial<EvaluationLimits>): CountingLoader;
}

export interface CountingLoader extends DagLoader {
  /** Files that were bundled or evaluated until now. */
  readonly parsed: () => number;
}

export async function dagFolder(files: Readonly<Record<string, string>> = {}): Promise<DagFolder> {
  const root = await mkdtemp(join(tmpdir(), 'headrace-dags-'));
  const dagsDir = join(root, 'dags');
  const cacheDir = join(root, 'cache');
  await mkdir(dagsDir);
  const loaders: DagLoader[] = [];
  const write = async (file: string, text: string): Promise<void> => {
    await mkdir(dirname(join(dagsDir, file)), { recursive: true });
    await writeFile(join(dagsDir, file), text);
  };
  for (const [file, text] of Object.entries(files)) await write(file, text);
  return {
    dagsDir,
    cacheDir,
    write,
    remove: (file) => rm(join(dagsDir, file)),
    loader(limits) {
      let parsed = 0;
      const metrics: Metrics = {
        count() {},
        gauge() {},
        observe(name) {
          if (name === 'headrace_dag_parse_seconds') parsed += 1;
        },
      };
      const loader = createDagLoader({ dagsDir, cacheDir, log: silentLog, metrics, ...(limits === undefined ? {} : { limits }) });
      loaders.push(loader);
      return { ...loader, parsed: () => parsed };
    },
    async [Symbol.asyncDispose]() {
      for (const loader of loaders) await loader.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** A DAG of two tasks. */
export function goodDag(id: string, extra = ''): string {
  return `import { dag, task } from '@headrace/sdk';
${extra}
export default dag('${id}', {}, () => {
  const first = task('first', () => 1);
  task('second', { in: { first } }, ({ first }) => first + 1);
});
`;
}

export function asLoaded(outcome: LoadedFile | ImportError): LoadedFile {
  if (!('dags' in outcome)) throw new Error(`${outcome.file} was not loaded: ${outcome.code} ${outcome.message}`);
  return outcome;
}

export function asError(outcome: LoadedFile | ImportError): ImportError {
  if ('dags' in outcome) throw new Error(`${outcome.file} was loaded, with ${outcome.dags.length} DAGs`);
  return outcome;
}

/** Outcomes of many files by name, slow ones given their full time. */
export async function loadEvery(loader: DagLoader, files: readonly string[]): Promise<ReadonlyMap<string, LoadedFile | ImportError>> {
  const found = new Map<string, LoadedFile | ImportError>();
  const slow: string[] = [];
  for await (const outcome of loader.loadAll(files)) {
    if (outcome.kind === 'slow') slow.push(outcome.file);
    else found.set(...named(outcome));
  }
  for (const file of slow) found.set(file, await loader.loadFile(file));
  return found;
}

function named(outcome: LoadOutcome): [string, LoadedFile | ImportError] {
  return outcome.kind === 'loaded' ? [outcome.file.file, outcome.file] : [outcome.error.file, outcome.error];
}
