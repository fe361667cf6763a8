/** The process of one target of `real-data.ts`: `node real-load.ts <request> load|read`. Loads, or reads back what is there, and says what it was. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { files, lake, mongodb, mysql, postgres } from '@headrace/connectors';
import { DuckSession, literal } from '@headrace/dataplane';
import {
  type Columns,
  dag,
  exportTo,
  extract,
  load,
  type PackageResult,
  type Source,
  type Target,
  type TaskDefinition,
} from '@headrace/sdk';
import { TRANSACTIONS } from '../../packages/connectors/test/support/transactions.ts';
import type { Measured } from './real-data.ts';
import { runTask } from './run-task.ts';

interface Request {
  readonly folder: string;
  readonly connections: Readonly<Record<string, string>>;
  readonly target: string;
}

const { folder, connections, target } = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')) as Request;
const columns: { readonly columns: Columns } = { columns: TRANSACTIONS };
const interval = {
  start: new Date('2017-01-01T00:00:00Z'),
  end: new Date('2018-01-01T00:00:00Z'),
  day: '2017-01-01',
  hour: '2017-01-01T00',
};
const [what] = process.argv.slice(3) as ['load' | 'read'];
const began = performance.now();
const done = await (what === 'load' ? loadRows() : readRows());
const seconds = (performance.now() - began) / 1000;
const measured: Measured = { what, ...done, seconds, peakMib: Math.round(process.resourceUsage().maxRSS / 1024) };
process.stdout.write(`${JSON.stringify(measured)}\n`);

type Place = Source & Target;

function place(): Place {
  switch (target) {
    case 'the source itself':
      return postgres('pos').table('transactions', columns);
    case 'postgres':
      return postgres('reporting').table('straight', columns);
    case 'postgres, through a package':
      return postgres('reporting').table('packaged', columns);
    case 'mysql':
      return mysql('shop').table('transactions', columns);
    case 'mongodb':
      // The server of the tests has no Decimal128.
      return mongodb('documents').collection('transactions', { ...columns, decimals: 'text' });
    case 'lake, local':
      return lake('lake').table('transactions', columns);
    case 'lake, s3':
      return lake('lake_s3').table('transactions', columns);
    case 'xml':
      return files('reports').xml('transactions.xml', { record: 'rows/row', ...columns });
    case 'csv':
      return files('reports').csv('transactions.csv', columns);
    case 'ndjson':
      return files('reports').ndjson('transactions.ndjson', columns);
    case 'parquet':
      return files('reports').parquet('transactions.parquet', columns);
    default:
      throw new Error(`"${target}" is no target`);
  }
}

async function runAll(build: () => unknown): Promise<Readonly<Record<string, unknown>>> {
  const { tasks } = dag('rig', {}, () => {
    build();
  });
  const results: Record<string, unknown> = {};
  for (const { kind, taskId, operation = {}, inputs } of tasks.values() as Iterable<TaskDefinition>) {
    const given = Object.fromEntries(Object.entries(inputs).map(([name, upstream]) => [name, results[upstream.taskId]]));
    results[taskId] = await runTask({ kind: kind as 'load', taskId, operation, inputs: given, connections, folder, interval });
  }
  return results;
}

async function loadRows(): Promise<Pick<Measured, 'rows'>> {
  const from = postgres('pos').table('transactions', columns);
  const into = place();
  const { put } = await runAll(() => {
    if (target.endsWith('package')) load('put', { from: extract('get', { from }), into, disposition: 'replace' });
    else if (into.connector === 'files') exportTo('put', { from, into });
    else load('put', { from, into, disposition: 'replace' });
  });
  return { rows: (put as { readonly rows: number }).rows };
}

/** By an extract, whose package DuckDB then adds up. Hashes are added as whole numbers, so that the order of rows is nothing to them. */
async function readRows(): Promise<Pick<Measured, 'rows' | 'sums'>> {
  const { get } = (await runAll(() => extract('get', { from: place() }))) as { readonly get: PackageResult };
  const paths = get.files.map(({ path }) => join(fileURLToPath(connections.lake ?? ''), path));
  const scratch = await mkdtemp(join(folder, 'sums-'));
  const duck = await DuckSession.open(scratch, new AbortController().signal);
  const texts = Object.keys(TRANSACTIONS).map((name) => `coalesce("${name}"::varchar, '~')`);
  const [sums] = await duck.rows(
    `select count(*)::varchar || ' rows, ' || sum(sales_value)::varchar || ', ' || sum(hash(concat_ws('|', ${texts.join(', ')}))::hugeint)::varchar as sums
       from read_parquet([${paths.map(literal).join(', ')}])`,
  );
  duck.close();
  await rm(scratch, { recursive: true });
  for (const path of paths) await rm(path, { force: true });
  return { rows: get.rows, sums: sums?.sums ?? '' };
}
