/**
 * `npm run bench:data`: loads beside psql's own pipe, DuckDB alone and dlt, in one run on one machine; what counts are the ratios.
 *
 *     npm run bench:data                          5,000,000 rows, everything
 *     npm run bench:data -- --rows 1000000        fewer
 *     npm run bench:data -- --only postgres       one part: postgres, row, parquet, csv, dlt, memory, memory-text
 *     npm run bench:data -- --repeat 5            medians of so many, taken in turns (default 3)
 *     npm run bench:data -- --json FILE           writes the rows too
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import pg from 'pg';
import { startPostgres } from '../../support/postgres-server.ts';
import { bounded, compared, median, printRows, type Row } from '../row.ts';
import { startTakingAll } from './api.ts';
import { dlt, duckdbAlone, exactQuery, nativeQuery, psql, psqlPipe } from './references.ts';
import { DEFINITION, makeTable } from './table.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    only: { type: 'string' },
    rows: { type: 'string', default: '5000000' },
    repeat: { type: 'string', default: '3' },
  },
});
const count = Number(values.rows);
const repeats = Number(values.repeat);
const results: Row[] = [];
const script = fileURLToPath(new URL('run-operation.ts', import.meta.url));
/** Of the process that moves rows, whatever their number. */
const MEGABYTES = 512;
const DLT_ROWS = Math.min(count, 1_000_000);

const server = await startPostgres({ settings: { shared_buffers: '1GB', max_wal_size: '8GB' } });
const folder = mkdtempSync(join(tmpdir(), 'headrace-bench-data-'));
const databases = await makeDatabases();
try {
  if (wanted('postgres')) await postgresToPostgres();
  if (wanted('row')) await rowByRow();
  if (wanted('parquet')) await throughParquet();
  if (wanted('csv')) await csvToParquet();
  if (wanted('dlt')) await besideDlt();
  if (wanted('memory')) await memory();
  if (wanted('memory-text')) await memoryOfText();
} finally {
  printRows(results);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = results.some((row) => row.ok === false) ? 1 : 0;

function wanted(part: string): boolean {
  return values.only === undefined || values.only === part;
}

async function makeDatabases(): Promise<{ readonly source: string; readonly target: string }> {
  await psql(server.url, 'create database bench_source', 'create database bench_target');
  const urlOf = (name: string): string => Object.assign(new URL(server.url), { pathname: `/${name}` }).href;
  const urls = { source: urlOf('bench_source'), target: urlOf('bench_target') };
  const client = new pg.Client(urls.source);
  await client.connect();
  await makeTable(client, count);
  await client.end();
  await psql(urls.target, `create table sales_like (${DEFINITION})`);
  return urls;
}

interface Measured {
  readonly rows: number;
  readonly seconds: number;
  readonly megabytes: number;
}

async function operation(name: string, api?: string): Promise<Measured> {
  const connections = {
    source: databases.source,
    target: databases.target,
    lake: pathToFileURL(join(folder, 'lake')).href,
    folder: pathToFileURL(folder).href,
    ...(api === undefined ? {} : { api }),
  };
  const { stdout } = await promisify(execFile)(process.execPath, [script, name, JSON.stringify(connections)]);
  return JSON.parse(stdout);
}

/** Ours and the reference in turns, so that both meet the machine as it is. */
async function inTurns(
  name: string,
  prepare: () => Promise<unknown>,
  reference: () => Promise<number>,
  bar: number | undefined,
  rows = count,
): Promise<void> {
  const ours: Measured[] = [];
  const theirs: number[] = [];
  for (let index = 0; index < repeats; index += 1) {
    theirs.push(rows / (await reference()));
    await prepare();
    ours.push(await operation(name));
  }
  const rate = median(ours.map(({ rows, seconds }) => rows / seconds));
  results.push(compared(name, rate, 'rows/s', median(theirs), bar === undefined ? undefined : { atLeast: bar }));
  results.push(bounded(`${name}, largest resident set`, Math.max(...ours.map(({ megabytes }) => megabytes)), 'MB', { atMost: MEGABYTES }));
}

function pipe(): Promise<number> {
  return psqlPipe(databases.source, databases.target, 'binary');
}
function textPipe(): Promise<number> {
  return psqlPipe(databases.source, databases.target, 'text');
}
async function dropLake(table: string): Promise<void> {
  rmSync(join(folder, 'lake', table), { recursive: true, force: true });
}
function dropTable(table: string): Promise<void> {
  return psql(databases.target, `drop table if exists ${table}`, 'drop table if exists _headrace_load', 'checkpoint');
}

async function postgresToPostgres(): Promise<void> {
  await inTurns('postgres-to-postgres', () => dropTable('sales_copy'), pipe, 0.9);
}

/** A function that changes one column of eight. */
async function rowByRow(): Promise<void> {
  await inTurns('row-transform', () => dropTable('sales_changed'), textPipe, 0.6);
}

async function throughParquet(): Promise<void> {
  await inTurns('postgres-to-parquet', () => dropLake('sales'), pipe, 0.65);
  await inTurns('parquet-to-postgres', () => dropTable('sales_export'), pipe, 0.4);
}

async function csvToParquet(): Promise<void> {
  const csv = join(folder, 'sales.csv');
  await psql(databases.source, `\\copy sales to '${csv}' (format csv, header)`);
  const alone = join(folder, 'alone.parquet');
  const exact = await exactQuery(csv);
  await inTurns(
    'csv-to-parquet',
    () => dropLake('sales_csv'),
    () => duckdbAlone(exact, alone),
    0.8,
  );
  const lossy = count / (await duckdbAlone(nativeQuery(csv), alone));
  await dropLake('sales_csv');
  const ours = await operation('csv-to-parquet');
  results.push(compared("csv-to-parquet beside DuckDB's own casts", ours.rows / ours.seconds, 'rows/s', lossy));
  rmSync(csv);
}

async function besideDlt(): Promise<void> {
  await psql(databases.source, `create table if not exists sales_dlt as select * from sales where id <= ${DLT_ROWS}`, 'analyze sales_dlt');
  const { source, target } = databases;
  const lake = pathToFileURL(join(folder, 'dlt')).href;
  const toPostgres = await dlt(source, { postgres: target }, 'sales_dlt');
  await dropTable('sales_copy');
  const ours = await operation('postgres-to-postgres');
  results.push(compared('postgres-to-postgres beside dlt', ours.rows / ours.seconds, 'rows/s', DLT_ROWS / toPostgres, { atLeast: 5 }));
  const toParquet = await dlt(source, { parquet: lake }, 'sales_dlt');
  await dropLake('sales');
  const lakes = await operation('postgres-to-parquet');
  results.push(compared('postgres-to-parquet beside dlt', lakes.rows / lakes.seconds, 'rows/s', DLT_ROWS / toParquet, { atLeast: 5 }));
}

/** With a fifth and with four times the rows. */
async function memory(): Promise<void> {
  for (const rows of [1_000_000, 20_000_000]) {
    await remakeTable(rows);
    for (const [name, prepare] of [
      ['postgres-to-postgres', () => dropTable('sales_copy')],
      ['postgres-to-parquet', () => dropLake('sales')],
      ['parquet-to-postgres', () => dropTable('sales_export')],
    ] as const) {
      await prepare();
      const { megabytes } = await operation(name);
      results.push(bounded(`${name}, ${rows} rows, largest resident set`, megabytes, 'MB', { atMost: MEGABYTES }));
    }
  }
}

/** Where rows leave as text, and through JavaScript. A row a request is measured with the fewer rows only: a million take half an hour. */
async function memoryOfText(): Promise<void> {
  const api = await startTakingAll();
  try {
    for (const rows of [150_000, 1_500_000]) {
      await remakeTable(rows);
      for (const name of ['postgres-to-xml', 'postgres-to-http', 'postgres-to-http, in hundreds']) {
        if (name === 'postgres-to-http' && rows > 150_000) continue;
        rmSync(join(folder, 'lake', '_deliveries'), { recursive: true, force: true });
        const { megabytes } = await operation(name, api.url);
        results.push(bounded(`${name}, ${rows} rows, largest resident set`, megabytes, 'MB', { atMost: MEGABYTES }));
      }
    }
  } finally {
    await api.stop();
  }
}

async function remakeTable(rows: number): Promise<void> {
  await psql(databases.source, 'drop table sales');
  const client = new pg.Client(databases.source);
  await client.connect();
  await makeTable(client, rows);
  await client.end();
}
