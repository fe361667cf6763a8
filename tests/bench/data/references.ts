/** What loads are held against, measured in the same run: psql's own pipe, DuckDB alone, and dlt. */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { files } from '@headrace/connectors';
import { DEFAULT_LIMITS, literal, PARQUET, withDuck } from '@headrace/dataplane';
import { filesSource } from '../../../packages/connectors/src/files/files-source.ts';
import { openRoot } from '../../../packages/connectors/src/roots/open-root.ts';
import { COLUMNS } from './table.ts';

const run = promisify(execFile);
/** Newest when the numbers were made. */
const DLT = ['dlt[postgres,parquet,filesystem]==1.31.0', 'sqlalchemy', 'psycopg2-binary', 'pyarrow'];

/** `psql COPY … to stdout | psql COPY … from stdin` between two databases, in seconds. The table is emptied before. */
export async function psqlPipe(source: string, target: string, format: 'binary' | 'text'): Promise<number> {
  await psql(target, 'drop table if exists sales_psql', `create table sales_psql (like sales_like)`, 'checkpoint');
  const out = `copy sales to stdout (format ${format})`;
  const into = `copy sales_psql from stdin (format ${format})`;
  const began = performance.now();
  await run('sh', ['-c', 'set -e; psql -qX "$1" -c "$3" | psql -qX "$2" -c "$4"', 'sh', source, target, out, into]);
  return (performance.now() - began) / 1000;
}

export async function psql(url: string, ...statements: readonly string[]): Promise<void> {
  await run('psql', ['-qX', '-v', 'ON_ERROR_STOP=1', url, ...statements.flatMap((statement) => ['-c', statement])]);
}

/** The query by which a CSV file is read, as the connector writes it: every text a value, exactly, or an error. */
export function exactQuery(csv: string): Promise<string> {
  const scratch = dirname(csv);
  const signal = new AbortController().signal;
  return withDuck(scratch, signal, DEFAULT_LIMITS, async (duck) => {
    const root = await openRoot({ id: 'folder', url: pathToFileURL(scratch).href });
    const quiet = (): void => {};
    const work = { duck, scratch, signal, log: { debug: quiet, info: quiet, warn: quiet, error: quiet }, root: async () => root, progress: quiet };
    const source = files('folder').csv(basename(csv), { columns: COLUMNS });
    return (await filesSource.open(source, work as never)).select;
  });
}

/** DuckDB's own reading of the same types, which rounds and cuts in silence what does not fit. */
export function nativeQuery(csv: string): string {
  const types = `'id': 'BIGINT', 'quantity': 'INTEGER', 'amount': 'VARCHAR', 'store': 'INTEGER', 'product': 'VARCHAR', 'note': 'VARCHAR', 'sold_at': 'TIMESTAMPTZ', 'promoted': 'BOOLEAN'`;
  return `select * from read_csv('${csv}', auto_detect = false, header = true, columns = {${types}})`;
}

/** A query's rows into Parquet, in DuckDB with nothing around it, in seconds. */
export function duckdbAlone(query: string, parquet: string): Promise<number> {
  return withDuck(dirname(parquet), new AbortController().signal, DEFAULT_LIMITS, async (duck) => {
    const began = performance.now();
    await duck.run(`copy (${query}) to ${literal(parquet)} (${PARQUET})`);
    return (performance.now() - began) / 1000;
  });
}

/** dlt moving the same table, in seconds, by what it calls the fastest of its backends that reads through a cursor. */
export async function dlt(source: string, target: { readonly postgres: string } | { readonly parquet: string }, table: string): Promise<number> {
  const [kind, place] = 'postgres' in target ? ['postgres', target.postgres] : ['filesystem', target.parquet];
  const script = fileURLToPath(new URL('dlt_load.py', import.meta.url));
  const { stdout } = await run(dltPython(), [script, source, kind, place, table], { maxBuffer: 1 << 26 });
  return (JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as { seconds: number }).seconds;
}

/** A Python with dlt, installed once into a cache: HEADRACE_TEST_CACHE, or the user's cache folder. */
function dltPython(): string {
  const cache = process.env.HEADRACE_TEST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'headrace-test');
  const venv = join(cache, 'dlt');
  const python = join(venv, 'bin', 'python');
  if (existsSync(join(venv, 'ready'))) return python;
  process.stderr.write(`installing ${DLT[0]}\n`);
  for (const [command, ...args] of [
    ['python3', '-m', 'venv', venv],
    [python, '-m', 'pip', 'install', '--quiet', ...DLT],
    ['touch', join(venv, 'ready')],
  ] as const) {
    const done = spawnSync(command, args, { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`dlt is measured by Python 3.9 or newer, with pip: ${command} failed: ${done.stderr}`);
  }
  return python;
}
