/** Reads and writes files through their connectors alone: what an extract and an export do with them, without a task around it. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DuckSession, parquetRelation, type Relation, type StagedRows, type Work, writeParquet } from '@headrace/dataplane';
import type { Column, DatasetResult, Disposition, Place, Source } from '@headrace/sdk';
import { filesSource } from '../../src/files/files-source.ts';
import { filesTarget } from '../../src/files/files-target.ts';
import { openRoot } from '../../src/roots/open-root.ts';

export type TextRow = Readonly<Record<string, string | null>>;

export interface ReadFile {
  readonly columns: readonly Column[];
  /** Values as DuckDB writes them. */
  readonly rows: readonly TextRow[];
  readonly count: number;
  readonly refused: readonly TextRow[];
  readonly position: unknown;
  /** Of the rows, as Parquet; it stays until the bench is closed. */
  readonly package: Relation;
}

export interface WriteWanted {
  readonly disposition?: Disposition;
  readonly loadId?: string;
  readonly partition?: Readonly<Record<string, string>>;
}

export interface FileBench {
  readonly folder: string;
  readonly work: Work;
  put(name: string, content: string | Uint8Array): Promise<string>;
  /** Reads the source as an extract does. */
  read(source: Source, position?: unknown): Promise<ReadFile>;
  /** Writes the rows of a query as an export does. */
  write(target: Place, relation: Relation, wanted?: WriteWanted): Promise<DatasetResult>;
  /** Names of the files under a folder of the bench, sorted. */
  list(folder: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Connections `inbox`, `reports` and, where given, others by their URL. */
export async function createFileBench(connections: Readonly<Record<string, string>> = {}): Promise<FileBench> {
  const folder = await mkdtemp(join(tmpdir(), 'headrace-files-'));
  const urls: Readonly<Record<string, string>> = {
    inbox: pathToFileURL(join(folder, 'inbox')).href,
    reports: pathToFileURL(join(folder, 'reports')).href,
    ...connections,
  };
  await mkdir(join(folder, 'inbox'));
  const { signal } = new AbortController();
  const session = await DuckSession.open(folder, signal);
  const start = new Date(0);
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const connection = (id: string) => ({ id, url: urls[id] ?? '' });
  const work: Work = {
    duck: session,
    scratch: folder,
    signal,
    log,
    context: {
      dagId: 'bench',
      runId: 'run',
      taskId: 'task',
      mapIndex: -1,
      attempt: 1,
      maxTries: 1,
      params: {},
      logicalDate: start,
      interval: { start, end: start, day: '1970-01-01', hour: '1970-01-01T00' },
      log,
      signal,
      connection,
    },
    fence: { taskInstanceId: '1', attempt: 1, attemptId: 'a' },
    connection,
    root: (id) => openRoot(connection(id)),
    progress() {},
  };
  let made = 0;
  /** A directory and a DuckDB of its own, as every attempt has. */
  async function attempt<T>(use: (work: Work) => Promise<T>): Promise<T> {
    made += 1;
    const scratch = join(folder, `attempt-${made}`);
    await mkdir(scratch);
    const duck = await DuckSession.open(scratch, signal);
    try {
      return await use({ ...work, duck, scratch });
    } finally {
      duck.close();
      await rm(scratch, { recursive: true, force: true });
    }
  }
  return {
    folder,
    work,

    async put(name, content) {
      const file = join(folder, 'inbox', name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
      return file;
    },

    read: (source, position) =>
      attempt(async (own) => {
        const relation = await filesSource.open(source, own, position === undefined ? {} : { position });
        const file = join(folder, `package-${made}.parquet`);
        const written = await writeParquet(own.duck, relation, file);
        const texts = relation.columns.map(
          ({ name }) => `cast("${name.replaceAll('"', '""')}" as varchar) as "${name.replaceAll('"', '""')}"`,
        );
        return {
          columns: relation.columns,
          rows: await own.duck.rows(`select ${texts.join(', ')} from read_parquet('${file}') limit 1000`),
          count: written.rows,
          refused:
            relation.refused === undefined ? [] : await own.duck.rows(`select * from (${relation.refused}) order by line limit 1000`),
          position: await relation.position?.(),
          package: parquetRelation([file], relation.columns),
        };
      }),

    write: (target, relation, { disposition = 'replace', loadId = 'load-1', partition = {} } = {}) =>
      attempt(async (own) => {
        const count = await own.duck.count(`select count(*) from (${relation.select})`);
        const rows: StagedRows = { relation, hash: '', counts: { in: count, out: count, deduplicated: 0, quarantined: 0 }, checks: [] };
        return filesTarget.write({ target, rows, partition, disposition, loadId }, own);
      }),

    async list(name) {
      const entries = await readdir(join(folder, name), { recursive: true, withFileTypes: true }).catch(() => []);
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, name).length + 1))
        .sort();
    },

    async close() {
      session.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
