/** Every server of the matrix, started once, with the row sets in all sources; and tables read back as texts. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { lake, mongodb, mysql, postgres } from '@headrace/connectors';
import { DuckSession, literal } from '@headrace/dataplane';
import {
  type Columns,
  type DatasetResult,
  type Disposition,
  exportTo,
  extract,
  load,
  type PackageResult,
  type Source,
  type Target,
  type TaskDefinition,
} from '@headrace/sdk';
import { openRoot } from '../../packages/connectors/src/roots/open-root.ts';
import { createMariadbRig } from '../../packages/connectors/test/support/mariadb-rig.ts';
import { only, type Rig, type RunOptions, tasksOf } from '../../packages/connectors/test/support/rig.ts';
import { startFerretDb } from '../support/ferretdb-server.ts';
import { startS3 } from '../support/s3-server.ts';
import { startSftp } from '../support/sftp-server.ts';
import { type Cell, DISPOSITIONS, isFormat, type Root, type TargetName } from './cells.ts';
import { COLUMNS, type Row, type SetName, type Sets } from './hard-rows.ts';
import { fileAt, fillSources, sourceOf } from './sources.ts';

export interface World {
  readonly rig: Rig;
  /** The tasks of one step of a cell: the last is the load or export, before it there may be an extract. */
  tasks(cell: Cell, table: string, set: SetName): readonly TaskDefinition<DatasetResult>[];
  /** Runs them; of a packaged cell the source is read once for each set. */
  run(cell: Cell, table: string, set: SetName, options?: RunOptions): Promise<DatasetResult>;
  inputsOf(cell: Cell, set: SetName): Promise<Readonly<Record<string, unknown>>>;
  /** The rows that a reader finds in the cell's table. */
  rows(cell: Cell, table: string): Promise<readonly Row[]>;
  /** What attempts left where readers, or the next load, could take it for something: tables and collections of a load, unfinished files. */
  leftovers(cell: Cell, table: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** `n` whole days after the first of January 2024. */
export function day(n: number): NonNullable<RunOptions['interval']> {
  const start = new Date(Date.UTC(2024, 0, n));
  return { start, end: new Date(Date.UTC(2024, 0, n + 1)), day: start.toISOString().slice(0, 10), hour: start.toISOString().slice(0, 13) };
}

/** The end of that day as DuckDB writes it. */
export const endOf = (n: number): string => `${day(n).end.toISOString().slice(0, 10)} 00:00:00+00`;

/** What is not a file is the same in all roots. */
function targetOf(target: TargetName, root: Root, table: string): Target {
  switch (target) {
    case 'postgres':
      return postgres('reporting').table(table);
    case 'mysql':
      return mysql('shop').table(table);
    case 'mongodb':
      return mongodb('documents').collection(table, { decimals: 'text', timestamps: 'text' });
    case 'lake local':
      return lake('lake').table(table);
    case 'lake s3':
      return lake('lake_s3').table(table);
    default:
      return fileAt(target, root, `${table}/part`);
  }
}

/** Starts what is needed. Rejects with what to install. */
export async function createWorld(sets: Sets): Promise<World> {
  const mariadb = await createMariadbRig();
  const { rig } = mariadb;
  const [ferret, s3, sftp] = await Promise.all([startFerretDb(), startS3(), startSftp()]);
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = s3;
  const settings = new URLSearchParams({ endpoint, region, accessKeyId, secretAccessKey, pathStyle: 'true' });
  Object.assign(rig.connections, {
    documents: `${ferret.url}/documents`,
    lake_s3: `s3://${bucket}/lake?${settings}`,
    s3: `s3://${bucket}/files?${settings}`,
    sftp: sftp.url('/files'),
    local: pathToFileURL(join(rig.folder, 'files')).href,
  });
  const closeSources = await fillSources(mariadb, sets);
  const scratch = await mkdtemp(join(rig.folder, 'reads-'));
  const duck = await DuckSession.open(scratch, new AbortController().signal);
  const reporting = await rig.client('reporting');
  const packages = new Map<string, Promise<PackageResult>>();

  const world: World = {
    rig,

    tasks(cell, table, set) {
      const disposition = DISPOSITIONS[cell.disposition];
      const options = {
        into: targetOf(cell.target, cell.into, table),
        disposition: disposition as Disposition<never>,
        ...(disposition === 'replace-partition' ? { partition: { region: set === 'south' ? 'south' : 'north' } } : {}),
      };
      const source = sourceOf(cell.source, cell.from, set);
      const straight = isFormat(cell.target) && cell.disposition !== 'replace-partition';
      return [
        ...tasksOf(() => {
          if (cell.packaged) load('put', { from: extract('get', { from: source }), ...options });
          else if (straight) exportTo('put', { from: source, into: options.into, disposition: disposition as 'append' | 'replace' });
          else load('put', { from: source, ...options });
        }).values(),
      ] as TaskDefinition<DatasetResult>[];
    },

    async inputsOf(cell, set) {
      if (!cell.packaged) return {};
      const key = [cell.source, cell.from, set].join();
      const [get] = world.tasks(cell, 'any', set) as [TaskDefinition<PackageResult>];
      if (!packages.has(key)) packages.set(key, rig.run(get));
      return { from: await packages.get(key) };
    },

    async run(cell, table, set, options = {}) {
      const put = world.tasks(cell, table, set).at(-1) as TaskDefinition<DatasetResult>;
      return rig.run(put, { ...options, inputs: await world.inputsOf(cell, set) });
    },

    async rows(cell, table) {
      const columns = columnsOf(cell);
      const read = only(() => extract('read', { from: readerOf(cell, table, columns) }));
      const result = (await rig.run(read)) as PackageResult;
      const files = result.files.map(({ path }) => literal(join(fileURLToPath(rig.connections.lake ?? ''), path)));
      const text = (name: string, type: string): string => (type === 'bytes' ? `lower(hex("${name}"))` : `"${name}"::varchar`);
      const cells = Object.entries(columns).map(([name, type]) => `${text(name, type)} as "${name}"`);
      const rows = await duck.rows(`select ${cells.join(', ')} from read_parquet([${files.join(', ')}], hive_partitioning = false)`);
      return rows.map(({ file, ...row }) =>
        file === undefined ? row : { ...row, region: /region=(\w+)/.exec(file ?? '')?.[1] ?? null },
      ) as readonly Row[];
    },

    async leftovers({ target, into, disposition }, table) {
      if (target === 'postgres') {
        const found = await reporting.query<{ name: string }>(
          `select relname as name from pg_class where relname ~ '^_headrace_[0-9a-f]{20}'`,
        );
        return found.rows.map(({ name }) => name);
      }
      if (target === 'mysql') {
        const known = ['_headrace_load', '_headrace_cursor', '_headrace_attempt'];
        const found = await mariadb.rows(
          `select table_name from information_schema.tables where table_schema = 'test' and table_name like '\\_headrace%'`,
        );
        return found.map(([name]) => name ?? '').filter((name) => !known.includes(name));
      }
      if (!isFormat(target)) return [];
      const root = await openRoot({ id: into, url: rig.connections[into] ?? '' });
      const paths = await root.list(`${table}/`);
      return disposition === 'replace' && paths.length !== 1 ? paths : paths.filter((path) => path.includes('unfinished'));
    },

    async close() {
      duck.close();
      await closeSources();
      await Promise.all([ferret.stop(), s3.stop(), sftp.stop()]);
      await mariadb.close();
      await rm(scratch, { recursive: true, force: true });
    },
  };
  return world;
}

function columnsOf({ disposition, target }: Cell): Columns {
  const { gone, region, ...own } = COLUMNS;
  if (disposition === 'merge') return { region, ...own };
  if (disposition === 'replace-partition' && isFormat(target)) return { gone, ...own, file: 'text' };
  return disposition === 'scd2' ? { ...COLUMNS, _valid_from: 'timestamptz', _valid_to: 'timestamptz' } : COLUMNS;
}

function readerOf({ target, into, disposition }: Cell, table: string, columns: Columns): Source {
  if (target === 'postgres') return postgres('reporting').table(table, { columns });
  if (target === 'mysql') return mysql('shop').table(table, { columns });
  if (target === 'mongodb') return mongodb('documents').collection(table, { columns });
  if (!isFormat(target)) return targetOf(target, into, table) as Source;
  if (disposition === 'append') return fileAt(target, into, `${table}/part-*`);
  if (disposition !== 'replace-partition') return fileAt(target, into, `${table}/part`);
  const { file: _, ...inFiles } = columns;
  return fileAt(target, into, `${table}/*/part-*`, { columns: inFiles, fileColumn: 'file' });
}
