/**
 * `npm run check:real-data -- FOLDER`: the 1,469,307 real transactions of FOLDER/transactions.csv (`tests/data/full_dataset.py` writes it) go from
 * PostgreSQL to every target, each in a process of its own. What is there then is compared with the source: rows, the sum of `sales_value` as a
 * decimal, and the sum of a hash of every row, in which their order does not matter. Ends with 1 when anything differs.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import pg from 'pg';
import { loadTransactions } from '../../packages/connectors/test/support/transactions.ts';
import { startFerretDb } from '../support/ferretdb-server.ts';
import { startMariadb } from '../support/mariadb-server.ts';
import { startPostgres } from '../support/postgres-server.ts';
import { startS3 } from '../support/s3-server.ts';

const TARGETS = [
  'postgres',
  'postgres, through a package',
  'mysql',
  'mongodb',
  'lake, local',
  'lake, s3',
  'csv',
  'ndjson',
  'parquet',
  'xml',
] as const;
const PROCESS = fileURLToPath(new URL('real-load.ts', import.meta.url));

/** What the process of one target says, as JSON. */
export interface Measured {
  readonly what: 'load' | 'read';
  readonly rows: number;
  readonly seconds: number;
  readonly peakMib: number;
  /** Count, sum and hash; of what was read back. */
  readonly sums?: string;
}

process.exitCode = await main(process.argv[2], process.argv.slice(3));

async function main(data: string | undefined, only: readonly string[]): Promise<number> {
  if (data === undefined) {
    console.error('Say where transactions.csv is: npm run check:real-data -- FOLDER [target …]');
    return 2;
  }
  const folder = await mkdtemp(join(tmpdir(), 'headrace-real-'));
  const stops: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true, maxRetries: 5 })];
  try {
    const [server, mariadb, ferret, s3] = await Promise.all([startPostgres(), startMariadb(), startFerretDb(), startS3()]);
    stops.push(server.stop, mariadb.stop, ferret.stop, s3.stop);
    const { endpoint, region, bucket, accessKeyId, secretAccessKey } = s3;
    const settings = new URLSearchParams({ endpoint, region, accessKeyId, secretAccessKey, pathStyle: 'true' });
    const connections = {
      pos: server.url,
      reporting: Object.assign(new URL(server.url), { pathname: '/reporting' }).href,
      shop: mariadb.url,
      documents: `${ferret.url}/documents`,
      lake: pathToFileURL(join(folder, 'lake')).href,
      lake_s3: `s3://${bucket}/lake?${settings}`,
      reports: pathToFileURL(join(folder, 'reports')).href,
    };
    const client = new pg.Client(server.url);
    await client.connect();
    await client.query('create database reporting');
    await loadTransactions(client, join(data, 'transactions.csv'));
    await client.end();

    const source = await measure(folder, connections, 'the source itself');
    console.log('| target | rows/s | peak MiB of the load | rows, sum, hash |\n| --- | ---: | ---: | --- |');
    const wanted = source.find(({ what }) => what === 'read')?.sums;
    console.log(`| the source itself | | | ${wanted} |`);
    let wrong = 0;
    for (const target of TARGETS.filter((name) => only.length === 0 || only.includes(name))) {
      const lines = await measure(folder, connections, target);
      const load = lines.find(({ what }) => what === 'load');
      const read = lines.find(({ what }) => what === 'read');
      const same = load !== undefined && read?.sums === wanted;
      if (!same) wrong += 1;
      const speed = load === undefined ? 'failed' : Math.round(load.rows / load.seconds).toLocaleString('en');
      console.log(`| ${target} | ${speed} | ${load?.peakMib ?? ''} | ${same ? 'identical' : `DIFFERENT: ${read?.sums}`} |`);
    }
    return wrong === 0 ? 0 : 1;
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

async function measure(folder: string, connections: Readonly<Record<string, string>>, target: string): Promise<readonly Measured[]> {
  const file = join(folder, 'request.json');
  await writeFile(file, JSON.stringify({ folder, connections, target }));
  const lines: Measured[] = [];
  for (const what of target === 'the source itself' ? ['read'] : ['load', 'read']) {
    const child = spawn(process.execPath, [PROCESS, file, what], { stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line) as Measured));
    await once(child, 'close');
  }
  return lines;
}
