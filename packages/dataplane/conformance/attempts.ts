/** Attempts of a load that write given rows to a target, without a scheduler and without a source. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AuditedTable,
  DuckSession,
  type FileRoot,
  ident,
  literal,
  parquetRelation,
  type Relation,
  type SchemaChange,
  storageType,
  type TargetConnector,
  type Work,
  type WriteRequest,
} from '@headrace/dataplane';
import type { Column, ConnectionSettings, CursorMove, DatasetResult, Disposition, Place } from '@headrace/sdk';

/** Values as text, in the column types' own forms. Instants are as `Date.toISOString` has them. */
export type Row = Readonly<Record<string, string | null>>;

/** A target to be tested, and a second way into it. */
export interface TargetHarness {
  readonly connector: TargetConnector;
  /** A place where nothing is yet. */
  place(): Promise<Place>;
  /** All rows as a reader finds them, in any order; none when there is no table. Instants as `Date.toISOString` has them. */
  rows(place: Place): Promise<readonly Row[]>;
  /** Changes whenever anything is written, even the same rows again. */
  state?(place: Place): Promise<unknown>;
  connection(id: string): ConnectionSettings;
  /** For targets on a file root. */
  openRoot?(settings: ConnectionSettings): Promise<FileRoot>;
  close(): Promise<void>;
}

export interface LoadOptions {
  readonly disposition: Disposition;
  readonly loadId?: string;
  readonly attempt?: number;
  readonly taskInstanceId?: string;
  readonly partition?: Readonly<Record<string, string>>;
  /** The end of the run's interval, which is a day. */
  readonly until?: string;
  readonly columns?: readonly Column[];
  readonly schema?: SchemaChange;
  readonly cursor?: CursorMove;
  readonly audit?: (table: AuditedTable) => Promise<void>;
  readonly signal?: AbortSignal;
  readonly onLog?: (message: string) => void;
}

export interface Attempts {
  write(place: Place, rows: readonly Row[], options: LoadOptions): Promise<DatasetResult>;
  /** Gives an attempt's surroundings to `use`, for calls other than `write`. */
  withWork<T>(options: Partial<LoadOptions>, use: (work: Work) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Makes attempts against a harness's target. One DuckDB is shared by attempts that do not overlap. */
export async function createAttempts(harness: TargetHarness, columns: readonly Column[]): Promise<Attempts> {
  const folder = await mkdtemp(join(tmpdir(), 'headrace-target-'));
  const idle: DuckSession[] = [];
  const all: DuckSession[] = [];
  const session = async (): Promise<DuckSession> => {
    const free = idle.pop();
    if (free) return free;
    const opened = await DuckSession.open(folder, new AbortController().signal, { memoryLimit: '256MB', threads: 1 });
    all.push(opened);
    return opened;
  };

  async function withWork<T>(options: Partial<LoadOptions>, use: (work: Work) => Promise<T>): Promise<T> {
    const { attempt = 1, taskInstanceId = '1', until = '2024-01-02T00:00:00.000Z', signal = new AbortController().signal } = options;
    const duck = await session();
    const scratch = await mkdtemp(join(folder, 'attempt-'));
    const roots = new Map<string, Promise<FileRoot>>();
    const log = (message: string): void => options.onLog?.(message);
    const end = new Date(until);
    const start = new Date(end.getTime() - DAY_MS);
    const work: Work = {
      duck,
      scratch,
      signal,
      log: { debug: log, info: log, warn: log, error: log },
      context: {
        dagId: 'conformance',
        runId: `scheduled__${start.toISOString()}`,
        taskId: 'load',
        mapIndex: -1,
        attempt,
        maxTries: 9,
        params: {},
        logicalDate: start,
        interval: { start, end, day: start.toISOString().slice(0, 10), hour: start.toISOString().slice(0, 13) },
        log: { debug: log, info: log, warn: log, error: log },
        signal,
        connection: (id) => harness.connection(id),
      },
      fence: { taskInstanceId, attempt, attemptId: randomUUID() },
      connection: (id) => harness.connection(id),
      progress: () => {},
      root(id) {
        if (harness.openRoot === undefined) throw new TypeError('The harness opens no roots');
        const root = roots.get(id) ?? harness.openRoot(harness.connection(id));
        roots.set(id, root);
        return root;
      },
    };
    try {
      return await use(work);
    } finally {
      idle.push(duck);
      for (const root of roots.values()) await root.then((opened) => opened.close()).catch(() => {});
      await rm(scratch, { recursive: true, force: true });
    }
  }

  return {
    withWork,
    write: (place, rows, options) =>
      withWork(options, (work) => harness.connector.write(requestOf(place, rows, options.columns ?? columns, options), work)),
    async close() {
      for (const duck of all) duck.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function requestOf(target: Place, rows: readonly Row[], columns: readonly Column[], options: LoadOptions): WriteRequest {
  const { loadId = 'load-1', partition = {}, disposition, schema, cursor, audit } = options;
  const counts = { in: rows.length, out: rows.length, deduplicated: 0, quarantined: 0 };
  const hash = createHash('sha256')
    .update(JSON.stringify([columns, rows]))
    .digest('hex');
  return {
    target,
    partition,
    disposition,
    loadId: createHash('sha256')
      .update(JSON.stringify([target.settings, loadId]))
      .digest('hex')
      .slice(0, 32),
    rows: { relation: relationOf(rows, columns), hash, counts, checks: [] },
    ...(schema === undefined ? {} : { schema }),
    ...(cursor === undefined ? {} : { cursor }),
    ...(audit === undefined ? {} : { audit }),
  };
}

/** The rows as DuckDB reads them; a column that a row lacks is null. */
export function relationOf(rows: readonly Row[], columns: readonly Column[]): Relation {
  if (rows.length === 0) return parquetRelation([], columns);
  const value = (text: string | null | undefined): string => (text === null || text === undefined ? 'null' : literal(text));
  const values = rows.map((row) => `(${columns.map(({ name }) => value(row[name])).join(', ')})`);
  const casts = columns.map(({ name, type }, index) => `cast(c${index} as ${storageType(type)}) as ${ident(name)}`);
  const names = columns.map((_, index) => `c${index}`);
  return { select: `select ${casts.join(', ')} from (values ${values.join(', ')}) given(${names.join(', ')})`, columns };
}
