/**
 * Runs one load in a process of its own, as a task process does, and prints `{ rows, seconds, megabytes }`: the time without Node's start,
 * and the largest resident set.
 *
 *     node run-operation.ts <name> <connections as JSON>
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { files, http, lake, postgres } from '@headrace/connectors';
import { executors } from '@headrace/connectors/executors';
import { dag, exportTo, load, resolveReferences, transform } from '@headrace/sdk';
import { COLUMNS } from './table.ts';

const source = postgres('source').table('sales');
const OPERATIONS: Readonly<Record<string, () => unknown>> = {
  'postgres-to-postgres': () => load('move', { from: source, into: postgres('target').table('sales_copy') }),
  'postgres-to-parquet': () => load('move', { from: source, into: lake('lake').table('sales') }),
  'parquet-to-postgres': () => exportTo('move', { from: lake('lake').table('sales'), into: postgres('target').table('sales_export') }),
  'row-transform': () =>
    transform.rows('move', {
      reads: { rows: postgres('source').table('sales', { columns: COLUMNS }) },
      columns: COLUMNS,
      into: postgres('target').table('sales_changed'),
      row: (row) => ({ quantity: (row.quantity ?? 0) + 1 }),
    }),
  'csv-to-parquet': () => load('move', { from: files('folder').csv('sales.csv', { columns: COLUMNS }), into: lake('lake').table('sales_csv') }),
  'postgres-to-xml': () => exportTo('move', { from: source, into: files('folder').xml('sales.xml', { record: 'rows/row' }) }),
  'postgres-to-http': () => exportTo('move', { from: source, into: http('api').post('/rows', { idempotencyKey: ['id'], concurrency: 8 }) }),
  'postgres-to-http, in hundreds': () =>
    exportTo('move', { from: source, into: http('api').post('/rows', { idempotencyKey: ['id'], batch: 100, concurrency: 8 }) }),
};

const [name = '', connections = '{}'] = process.argv.slice(2);
const urls = JSON.parse(connections) as Readonly<Record<string, string>>;
const build = OPERATIONS[name];
if (build === undefined) throw new Error(`There is no operation "${name}"; known are ${Object.keys(OPERATIONS).join(', ')}`);
const [task] = [...dag('bench', {}, () => void build()).tasks.values()];
if (task === undefined || task.kind === 'task') throw new Error(`The operation "${name}" made no task of the data plane`);

const scratch = await mkdtemp(join(tmpdir(), 'headrace-bench-'));
const now = new Date();
const day = now.toISOString().slice(0, 10);
const interval = { start: now, end: now, day, hour: `${day}T00` };
const quiet = (): void => {};
try {
  const operation = resolveReferences(task.operation, { params: {}, interval, run: { dagId: 'bench', id: 'run', logicalDate: now } });
  const began = performance.now();
  const result = (await executors[task.kind]({
    operation: operation as Readonly<Record<string, unknown>>,
    inputs: {},
    fence: { taskInstanceId: '1', attempt: 1, attemptId: randomUUID() },
    scratch,
    context: {
      dagId: 'bench',
      runId: randomUUID(),
      taskId: 'move',
      mapIndex: -1,
      attempt: 1,
      maxTries: 1,
      params: {},
      logicalDate: now,
      interval,
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      signal: new AbortController().signal,
      connection: (id) => ({ id, url: urls[id] ?? '' }),
    },
  })) as { readonly rows: number };
  const seconds = (performance.now() - began) / 1000;
  process.stdout.write(JSON.stringify({ rows: result.rows, seconds, megabytes: process.resourceUsage().maxRSS / 1024 }));
} finally {
  await rm(scratch, { recursive: true, force: true });
}
